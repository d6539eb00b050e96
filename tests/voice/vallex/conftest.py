"""The small golden for the package, and each configuration in turn."""

import pytest
from vallex_goldens import Golden, load_golden


@pytest.fixture(scope="package")
def small() -> Golden:
    return load_golden("small")


@pytest.fixture(scope="module", params=["small", pytest.param("official", marks=pytest.mark.slow)])
def golden(request: pytest.FixtureRequest) -> Golden:
    """Both configurations, one after the other: the official one needs 2 GB."""
    if request.param == "small":
        found: Golden = request.getfixturevalue("small")
        return found
    return load_golden(request.param)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """On a busy machine threads wait for each other, and small models gain nothing from them."""
    torch = pytest.importorskip("torch", reason="needs the extra [torch]")
    torch.set_num_threads(1)
