"""Jobs on disk: an SQLite index, and a folder for each job with its inputs and results.

    jobs/index.sqlite
    jobs/<id>/inputs/        put there whole before the job is accepted
    jobs/<id>/results/       appears whole, with result.json in it, when the work is done

A folder is renamed into its place before the index says so. After a crash the index is therefore
behind at most: `recover` finishes what was finished, and tells what was interrupted.
"""

import json
import re
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from likewise import home
from likewise.errors import BadInput, OutputFailed
from likewise.files import Draft
from likewise.studio.jobs.job import Job

RESULT_FILE = "result.json"

_ID = re.compile(r"[0-9a-f]{16}")
_TABLE = """
create table if not exists jobs (
  id text primary key, kind text not null, state text not null, created real not null,
  job text not null
);
create index if not exists jobs_by_time on jobs (created);
"""


class JobStore:
    """The jobs of one folder; only one program may have it open.

    Args:
        folder: Where; None takes the user's (`likewise.home.jobs_dir`).

    Raises:
        OutputFailed: The folder can't be written, or another program has it open.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home.jobs_dir()
        self._lock = threading.RLock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._guard = _exclusive(self.folder / "lock.sqlite")
            self._index = sqlite3.connect(
                self.folder / "index.sqlite", check_same_thread=False, isolation_level=None
            )
            self._index.executescript(_TABLE)
            self._index.execute("pragma journal_mode = wal")
        except (OSError, sqlite3.Error) as error:
            raise OutputFailed(f"Can't keep jobs in {self.folder}: {error}.") from error

    def close(self) -> None:
        """Let another program have the folder."""
        with self._lock:
            self._index.close()
            self._guard.close()

    def recover(self) -> list[Job]:
        """Bring the index in line with the folders after a crash.

        Returns:
            The jobs that were running: `done` where their results are whole, else `interrupted`.
        """
        found = []
        for job in self.list(limit=None):
            if job.state != "running":
                continue
            mended = replace(job, state="interrupted", finished=time.time(), progress={})
            if (result := self._finished(job.id)) is not None:
                mended = replace(mended, state="done", result=result)
            self.save(mended)
            found.append(mended)
        known = {job.id for job in self.list(limit=None)}
        for path in self.folder.iterdir():
            accepted = _ID.fullmatch(path.name) and path.name in known
            if path.is_dir() and (_ID.fullmatch(path.name) or path.suffix == ".part"):
                for part in path.glob(".*.part"):
                    shutil.rmtree(part, ignore_errors=True)
                if not accepted:
                    shutil.rmtree(path, ignore_errors=True)
        return found

    def create(self, kind: str, request: dict[str, Any], inputs: Mapping[str, Path]) -> Job:
        """Accept a job: its inputs are copied, then it is in the index.

        Args:
            kind: What kind of job.
            request: Plain JSON values.
            inputs: Files by the names they get in the job's folder.

        Raises:
            OutputFailed: The disk is full or read-only.
        """
        job = Job(secrets.token_hex(8), kind, "queued", request, created=time.time())
        with Draft(self.folder / job.id, folder=True) as draft:
            target = draft.path / "inputs"
            target.mkdir()
            for name, source in inputs.items():
                shutil.copyfile(source, target / name)
        self.save(job)
        return job

    def save(self, job: Job) -> None:
        """Write a job's row.

        Raises:
            OutputFailed: The disk is full or read-only.
        """
        row = json.dumps(asdict(job), ensure_ascii=False)
        with self._lock:
            try:
                self._index.execute(
                    "insert or replace into jobs values (?, ?, ?, ?, ?)",
                    (job.id, job.kind, job.state, job.created, row),
                )
            except sqlite3.Error as error:
                raise OutputFailed(f"Can't write the index of jobs: {error}.") from error

    def load(self, job_id: str) -> Job:
        """A job by its id.

        Raises:
            BadInput: No job of that id.
        """
        with self._lock:
            row = self._index.execute("select job from jobs where id = ?", (job_id,)).fetchone()
        if row is None:
            raise BadInput("There is no such job; it may have been deleted.")
        return Job(**json.loads(row[0]))

    def list(self, *, limit: int | None = 100) -> list[Job]:
        """Jobs, the newest first."""
        query = "select job from jobs order by created desc limit ?"
        with self._lock:
            rows = self._index.execute(query, (-1 if limit is None else limit,)).fetchall()
        return [Job(**json.loads(row[0])) for row in rows]

    def delete(self, job_id: str) -> None:
        """Forget a job and remove its files."""
        self.load(job_id)
        with self._lock:
            self._index.execute("delete from jobs where id = ?", (job_id,))
        shutil.rmtree(self.folder / job_id, ignore_errors=True)

    def inputs(self, job_id: str) -> Path:
        """The folder of a job's inputs."""
        return self.folder / job_id / "inputs"

    def results(self, job_id: str) -> Path:
        """The folder of a job's results; it exists only when they are whole."""
        return self.folder / job_id / "results"

    def file(self, job: Job, name: str) -> Path:
        """A file of a job, by a name that its result or its inputs list; never by a path.

        Raises:
            BadInput: No such file.
        """
        for folder in (self.results(job.id), self.inputs(job.id)):
            if folder.is_dir() and name in {path.name for path in folder.iterdir()}:
                return folder / name
        raise BadInput("This job has no such file.")

    def _finished(self, job_id: str) -> dict[str, Any] | None:
        path = self.results(job_id) / RESULT_FILE
        if not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


def _exclusive(path: Path) -> sqlite3.Connection:
    """A lock that ends with the process, however it ends, on every system."""
    guard = sqlite3.connect(path, timeout=0.5, check_same_thread=False, isolation_level=None)
    try:
        guard.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        guard.close()
        raise OutputFailed(
            f"Another Likewise server keeps its jobs in {path.parent}. Stop it, or set "
            "LIKEWISE_HOME to another folder."
        ) from error
    return guard
