"""The queue: jobs wait, run in worker threads, say how far they are, and can be stopped.

    queue = JobQueue(JobStore(), perform)
    queue.start()
    job = queue.submit("speak", {"text": "Hello!", ...}, inputs={})
    queue.cancel(job.id)

Work is stopped through the progress callback: it raises `Cancelled` at the next step, and the
draft of the results is removed.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from likewise.errors import BadInput, Cancelled, LikewiseError, OutputFailed
from likewise.files import Draft
from likewise.progress import Progress, ProgressCallback
from likewise.studio.jobs.job import ACTIVE, Busy, Job
from likewise.studio.jobs.store import RESULT_FILE, JobStore

Perform = Callable[[Job, Path, Path, ProgressCallback], dict[str, Any]]
"""Does a job: inputs' folder, empty folder for results, progress; answers the facts."""

Listener = Callable[[Job], None]
"""Told a job whenever it changes, from any thread; must be quick."""

_log = logging.getLogger(__name__)


class JobQueue:
    """Runs the jobs of a store.

    Args:
        store: Where jobs are kept.
        perform: Does the work.
        waiting: How many jobs may wait; more are refused.
        workers: How many run at once.
        keep: How many finished jobs are kept; the oldest go first.
    """

    def __init__(
        self,
        store: JobStore,
        perform: Perform,
        *,
        waiting: int = 16,
        workers: int = 1,
        keep: int = 200,
    ) -> None:
        self.store = store
        self._perform = perform
        self._most_waiting = waiting
        self._keep = keep
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[str] = deque()
        self._live: dict[str, Job] = {}
        self._stops: dict[str, threading.Event] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._closing = False
        self._threads = [
            threading.Thread(target=self._work, name=f"likewise-job-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> list[Job]:
        """Recover after a crash, take up what was waiting, and begin to work.

        Returns:
            The jobs that were running when the program last ended.
        """
        found = self.store.recover()
        for job in reversed(self.store.list(limit=None)):
            if job.state == "queued":
                self._enlist(job)
        for thread in self._threads:
            thread.start()
        return found

    def close(self) -> None:
        """Stop: running jobs become `interrupted`, waiting ones wait for the next start."""
        with self._changed:
            self._closing = True
            for stop in self._stops.values():
                stop.set()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self.store.close()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def submit(self, kind: str, request: dict[str, Any], inputs: Mapping[str, Path]) -> Job:
        """Accept a job.

        Raises:
            Busy: As many jobs wait as may.
            OutputFailed: The disk is full or read-only.
        """
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                raise Busy(
                    f"{len(self._waiting)} jobs are waiting already, which is as many as are "
                    "taken. Try again when one is finished."
                )
            job = self.store.create(kind, request, inputs)
            self._enlist(job)
            self._changed.notify()
        self._drop_oldest()
        return job

    def get(self, job_id: str) -> Job:
        """A job as it stands now.

        Raises:
            BadInput: No job of that id.
        """
        with self._changed:
            return self._live.get(job_id) or self.store.load(job_id)

    def list(self, *, limit: int = 100) -> list[Job]:
        """Jobs as they stand now, the newest first."""
        with self._changed:
            return [self._live.get(job.id, job) for job in self.store.list(limit=limit)]

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: at once while it waits, at its next step while it runs.

        Raises:
            BadInput: No such job, or it is finished already.
        """
        with self._changed:
            job = self.get(job_id)
            if not job.active:
                raise BadInput(f"This job is {job.state} already; there is nothing to cancel.")
            self._stops[job_id].set()
            if job_id in self._waiting:
                self._waiting.remove(job_id)
                return self._finish(replace(job, state="cancelled"))
            return job

    def delete(self, job_id: str) -> None:
        """Forget a finished job and its files.

        Raises:
            BadInput: No such job, or it isn't finished.
        """
        with self._changed:
            if self.get(job_id).active:
                raise BadInput("This job is not finished; cancel it first.")
            self.store.delete(job_id)

    def listen(self, job_id: str, listener: Listener) -> Callable[[], None]:
        """Be told of every change of a job, beginning with how it stands now.

        Returns:
            What to call to be told no more.

        Raises:
            BadInput: No such job.
        """
        with self._changed:
            job = self.get(job_id)
            self._listeners.setdefault(job_id, []).append(listener)
        listener(job)

        def stop() -> None:
            with self._changed:
                listeners = self._listeners.get(job_id, [])
                if listener in listeners:
                    listeners.remove(listener)
                if not listeners:
                    self._listeners.pop(job_id, None)

        return stop

    def _enlist(self, job: Job) -> None:
        self._live[job.id] = job
        self._stops[job.id] = threading.Event()
        self._waiting.append(job.id)

    def _drop_oldest(self) -> None:
        finished = [job for job in self.store.list(limit=None) if job.state not in ACTIVE]
        for job in finished[self._keep :]:
            self.store.delete(job.id)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._waiting)
                if self._closing:
                    return
                job = replace(
                    self._live[self._waiting.popleft()], state="running", started=time.time()
                )
                self._tell(job)
            self._note(job)
            self._run(job)

    def _run(self, job: Job) -> None:
        stop = self._stops[job.id]

        def report(event: Progress) -> None:
            if stop.is_set():
                raise Cancelled("The job was cancelled.")
            with self._changed:
                now = self._live[job.id]
                stage = {"done": event.done, "total": event.total, "unit": event.unit}
                self._tell(replace(now, progress={**now.progress, event.stage: stage}))

        try:
            with Draft(self.store.results(job.id), folder=True) as draft:
                result = self._perform(job, self.store.inputs(job.id), draft.path, report)
                if stop.is_set():
                    raise Cancelled("The job was cancelled.")
                text = json.dumps(result, ensure_ascii=False)
                (draft.path / RESULT_FILE).write_text(text, encoding="utf-8")
            outcome: dict[str, Any] = {"state": "done", "result": result}
        except Cancelled:
            outcome = {"state": "interrupted" if self._closing else "cancelled"}
        except LikewiseError as error:
            outcome = {"state": "failed", "error": str(error), "error_type": type(error).__name__}
        except Exception as error:
            # The boundary of the process: one job's fault must not end the others.
            _log.exception("job %s (%s) failed", job.id, job.kind)
            words = f"Something unexpected went wrong ({type(error).__name__}). The log says more."
            outcome = {"state": "failed", "error": words, "error_type": "Internal"}
        with self._changed:
            self._finish(replace(self._live[job.id], **outcome))

    def _finish(self, job: Job) -> Job:
        job = replace(job, finished=time.time())
        self._note(job)
        self._tell(job)
        self._live.pop(job.id, None)
        self._stops.pop(job.id, None)
        return job

    def _note(self, job: Job) -> None:
        """Write a job's row; on a full disk the queue goes on, and the next start mends it."""
        try:
            self.store.save(job)
        except OutputFailed as error:
            _log.error("%s", error)

    def _tell(self, job: Job) -> None:
        self._live[job.id] = job
        for listener in tuple(self._listeners.get(job.id, ())):
            listener(job)
