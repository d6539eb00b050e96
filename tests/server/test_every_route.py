"""Every route of the API, asked for whatever its own description allows and much that it doesn't.

Schemathesis reads our OpenAPI document and makes requests of it, valid and broken ones; an answer
has to be one that the document promises, and never a fault of ours.
"""

from pathlib import Path

import schemathesis
from fake_server import Running
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


def test_answers_are_the_promised_ones(tmp_path: Path) -> None:
    server = Running(tmp_path)
    document = server.ask("GET", "/openapi.json")
    schema = schemathesis.openapi.from_dict(document)
    asked = 0

    def ask(case: schemathesis.Case) -> None:
        nonlocal asked
        asked += 1
        case.call_and_validate(base_url=f"http://127.0.0.1:{server.port}", checks=CHECKS)

    quiet = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == sum(len(methods) for methods in document["paths"].values())
    try:
        for operation in operations:
            quiet(given(case=operation.as_strategy())(ask))()
        assert server.ask("GET", "/api/health")["status"] == "ok"
    finally:
        server.kill()
    assert asked > EXAMPLES * len(operations) / 2
