"""Shared fixtures: no network, no writes outside a temporary home, one voice and one picture."""

import os
import socket
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

WORKERS = 2
"""Most processes the tests are spread over: the largest models need 4 GB each."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One file, or a single test of it, runs in this process: another would only start later."""
    asked = {argument.partition("::")[0] for argument in config.args}
    alone = len(asked) == 1 and Path(asked.pop()).is_file()
    return 0 if alone else min(WORKERS, os.cpu_count() or 1)


def pytest_xdist_setupnodes() -> None:
    """A worker has one core: threads of the numerical libraries would wait for each other."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def _gates(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Path, Path] | None:
    """Two files that all processes lock; None where there is one process only."""
    if worker_id == "master":
        return None
    folder = tmp_path_factory.getbasetemp().parent
    return folder / "queue.lock", folder / "running.lock"


@pytest.fixture(autouse=True)
def _beside_others(
    request: pytest.FixtureRequest, _gates: tuple[Path, Path] | None
) -> Iterator[None]:
    """Tests run beside each other, but for those marked `alone`."""
    if _gates is None or fcntl is None:
        yield
        return
    kind = fcntl.LOCK_SH if request.node.get_closest_marker("alone") is None else fcntl.LOCK_EX
    queue, running = _gates
    with running.open("a") as place:
        with queue.open("a") as turn:
            # Whoever waits for the others to end keeps the next ones from beginning.
            fcntl.flock(turn, fcntl.LOCK_EX)
            fcntl.flock(place, kind)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> None:
    """Any attempt to reach the network is an error: Likewise works offline."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a test tried to reach the network")

    socket.socket.connect = refuse  # type: ignore[assignment,method-assign]
    socket.getaddrinfo = refuse  # type: ignore[assignment]


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Voices and settings of the user stay untouched; the model cache is made once a session."""
    os.environ["LIKEWISE_HOME"] = str(tmp_path_factory.mktemp("likewise-home"))


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Local-only test media beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "media"
    if not folder.is_dir():
        pytest.skip("local-only test media are not here")
    return folder


@pytest.fixture(scope="session")
def painting() -> Path:
    """The demo's picture, which ships with the package."""
    return Path(str(files("likewise") / "data" / "demo" / "portrait.jpg"))


@pytest.fixture(scope="session")
def clip() -> Path:
    """The demo's nine seconds of a voice, which ship with the package."""
    return Path(str(files("likewise") / "data" / "demo" / "voice.flac"))
