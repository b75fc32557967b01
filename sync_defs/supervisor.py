"""Child processes that live and die together: started, watched until healthy, and stopped without a survivor.

Every child has a session of its own, so Ctrl-C in the terminal reaches the supervisor alone, which then stops the
children in order. A guard process does the same should the supervisor be killed (see guard.py).
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sync_core.clock import Clock
from sync_core.errors import TransientError
from sync_defs import processes
from sync_defs.guard import READY

LAST_LINES = 12
GUARD_SECONDS = 30.0  # for the guard to let go; it may be stopping PostgreSQL


@dataclass(frozen=True, slots=True)
class Service:
    """One child: how it is started and how one sees that it works.

    `healthy` is asked until it says yes, for at most `timeout` seconds; `environment` comes on top of the supervisor's.
    """

    name: str
    command: Sequence[str]
    healthy: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout: float = 120.0


class Supervisor:
    """Starts services and stops them all; a context manager, because stopping must not be forgotten."""

    def __init__(
        self,
        *,
        logs: Path,
        environment: Mapping[str, str],
        clock: Clock,
        grace: float = 10.0,
        postgres_home: Path | None = None,
    ) -> None:
        """Nothing happens yet.

        Args:
            logs: folder of the children's logs, one <name>.log each, begun anew at every start.
            environment: what every child's environment is made from.
            clock: for waiting.
            grace: seconds between asking the children to stop and killing them.
            postgres_home: home of the embedded server that must be stopped even if we are killed; None if there is none.
        """
        self._logs = logs
        self._environment = dict(environment)
        self._clock = clock
        self._grace = grace
        self._postgres_home = postgres_home
        self._token = secrets.token_hex(16)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "sync_defs.guard", self._token, str(self._grace)]
        if self._postgres_home is not None:
            command.append(str(self._postgres_home))
        self._guard = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )
        if self._guard.stdout is None or self._guard.stdout.readline() != READY:
            self._release_guard()
            raise TransientError("The guard process did not start: try again; if it persists, look for a full disk.")
        return self

    def __exit__(self, *_: object) -> None:
        with uninterrupted():
            self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The children's process ids by name."""
        return {name: child.pid for name, child in self._children.items()}

    def log_of(self, name: str) -> Path:
        """Where the child writes."""
        return self._logs / f"{name}.log"

    def start(self, services: Sequence[Service]) -> None:
        """Start services side by side and wait until all are healthy.

        Raises:
            TransientError: One ended, or was not healthy in time; the message has its log's last lines.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        for service in services:
            self._spawn(service)
        started = self._clock.monotonic()
        waiting = list(services)
        while waiting:
            self.check()
            waiting = [service for service in waiting if not service.healthy()]
            for service in waiting:
                if self._clock.monotonic() - started > service.timeout:
                    raise TransientError(
                        f"{service.name} was not ready within {service.timeout:.0f} seconds. {self._last_words(service.name)}"
                    )
            if waiting:
                self._clock.sleep(0.1)

    def check(self) -> None:
        """Raise TransientError when a child has ended, naming it and its log's last lines."""
        for name, child in self._children.items():
            code = child.poll()
            if code is not None:
                how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                raise TransientError(f"{name} {how}. {self._last_words(name)}")

    def stop(self) -> None:
        """End every child and everything below it: ask, wait for the grace, then kill. Never raises for a dead child."""
        if processes.PROC.is_dir():
            processes.end(self._token, grace=self._grace, clock=self._clock)
        else:
            self._ask_groups()
        for child in self._children.values():
            _tell_group(child, signal.SIGKILL)
            child.wait()
        self._children.clear()
        self._release_guard()

    def _spawn(self, service: Service) -> None:
        log = self.log_of(service.name)
        with log.open("wb") as output:
            self._children[service.name] = subprocess.Popen(  # noqa: S603 - commands are ours
                list(service.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**self._environment, **service.environment, processes.MARK: self._token},
                start_new_session=True,
            )

    def _ask_groups(self) -> None:
        deadline = self._clock.monotonic() + self._grace
        for child in self._children.values():
            _tell_group(child, signal.SIGTERM)
        while self._clock.monotonic() < deadline and any(child.poll() is None for child in self._children.values()):
            self._clock.sleep(0.1)

    def _release_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is None:
            return
        if guard.stdin is not None:
            guard.stdin.close()
        if guard.stdout is not None:
            guard.stdout.close()
        try:
            guard.wait(GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()

    def _last_words(self, name: str) -> str:
        log = self.log_of(name)
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
        said = "\n".join(f"    {line}" for line in lines) if lines else "    (it said nothing)"
        return f"The end of its log {log}:\n{said}"


def _tell_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if child.poll() is not None:
        return
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM for as long as it takes to clean up; they come into force again afterwards."""
    if threading.current_thread() is not threading.main_thread():  # Python lets only the main thread set handlers
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[signal.Signals, Any] = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
