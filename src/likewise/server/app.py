"""The application: routes, errors, the guard around them, and what lives as long as the server."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from likewise import __version__, home
from likewise.errors import LikewiseError
from likewise.server import answers, general, jobs, previewing, speech, uploading, voices
from likewise.server.guard import Guard, Sessions
from likewise.server.intake import Intake
from likewise.server.posing import Previews
from likewise.server.prober import Prober
from likewise.server.settings import Settings
from likewise.server.state import State
from likewise.server.turns import Turns
from likewise.studio.jobs.queue import JobQueue
from likewise.studio.jobs.store import JobStore
from likewise.studio.jobs.work import Studio
from likewise.voice.registry import kept_engines

_PAGE = files("likewise") / "server" / "page"
_ABOUT = """A few seconds of a voice, one picture and a sentence become a talking video, and a
report that says how alike it is and why. `/v1` is OpenAI's speech API; `/api` is ours."""


def _warm(prober: Prober) -> None:
    """Load in the background what a first look at a recording or a picture would wait for."""
    prober.warm()
    from likewise.studio import looking  # noqa: F401  # OpenCV takes a second


def create_app(settings: Settings) -> FastAPI:
    """The server's application.

    Args:
        settings: Checked settings (`likewise.server.settings.settings`).

    Raises:
        OutputFailed: Jobs can't be kept: no space, no permission, or another server has them.
    """
    sessions = Sessions()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prober = Prober(settings)
        folder = home.jobs_dir()
        queue = JobQueue(
            JobStore(folder),
            Studio(general.consent_record).perform,
            waiting=settings.waiting,
            keep=settings.keep_jobs,
        )
        app.state.likewise = State(
            settings=settings,
            sessions=sessions,
            prober=prober,
            intake=Intake(folder / "uploads", prober, settings),
            queue=queue,
            turns=Turns(settings.speaking, "speech"),
            previews=Previews(),
        )
        queue.start()
        threading.Thread(target=_warm, args=(prober,), name="likewise-warm", daemon=True).start()
        try:
            with kept_engines():
                yield
        finally:
            queue.close()
            prober.close()

    app = FastAPI(
        title="Likewise",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=answers.PROBLEMS,
    )
    for routes in (speech, voices, jobs, uploading, previewing, general):
        app.include_router(routes.router)
    app.add_exception_handler(LikewiseError, answers.of_error)
    app.add_exception_handler(RequestValidationError, answers.of_validation)
    app.add_exception_handler(HTTPException, answers.of_http)
    app.add_exception_handler(Exception, answers.of_anything)
    page = str(_PAGE)

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(f"{page}/index.html")

    @app.get("/docs", include_in_schema=False)
    def documentation() -> FileResponse:
        return FileResponse(f"{page}/docs.html")

    app.mount("/page", StaticFiles(directory=page), name="page")
    app.add_middleware(Guard, settings=settings, sessions=sessions)
    return app
