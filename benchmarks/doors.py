"""The doors for an end-to-end run: API, drain and simulated providers as processes of their own, on a given database.

What stays true: every secret that the run hands out is in `secrets`, and whatever a process writes is in `logs`, so that
whoever looks for the one in the other can.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from sync_core.store.database import open_engine
from sync_defs.ports import HOST, free_port
from sync_defs.simulators import SIMULATED

OURS = ("VENUE_SYNC", "OTEL", "DATABASE_URL", "DAGSTER", "STRIPE", "SQUARE", "MAILCHIMP", "QUICKBOOKS", "SANDBOX")
CALLBACK = "/api/v1/integrations/oauth/callback"
SIGNED_WITH = {
    "stripe": "STRIPE_WEBHOOK_SECRET",
    "square": "SQUARE_WEBHOOK_SIGNATURE_KEY",
    "quickbooks": "QUICKBOOKS_WEBHOOK_TOKEN",
    "mailchimp": "MAILCHIMP_WEBHOOK_SECRET",
}
_STAYING = ("drain", "--quiet", "86400")
FIRST_PORT, PORTS = 23_000, 9_000
SECONDS = 90
"""Until a process must be there; a busy machine takes its time."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Where everything listens. `environ` is what a process of ours sees; `secrets` are named for people."""

    address: str
    bases: Mapping[str, str]
    logs: Path
    database: sa.Engine
    environ: dict[str, str] = field(repr=False)
    secrets: dict[str, str | bytes] = field(repr=False)

    @contextmanager
    def process(self, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """`venue-sync ARGUMENTS` that logs all it has to say; it is told to end, and killed when it does not."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "sync_defs", "--debug", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.environ,
            )
        try:
            yield process
        finally:
            ended(process)

    @contextmanager
    def at_work(self) -> Iterator[tuple["subprocess.Popen[bytes]", "subprocess.Popen[bytes]"]]:
        """API and drain, both listening."""
        port = self.address.rpartition(":")[2]
        with self.process("api", "api", "--port", port) as api, self.process("drain", *_STAYING) as drain:
            until(lambda: _answers(f"{self.address}/health/ready"), api)
            until(self._is_drained, drain)
            try:
                yield api, drain
            finally:
                for process in (api, drain):  # so that the one need not wait for the other
                    process.terminate()

    @contextmanager
    def api(self) -> Iterator["subprocess.Popen[bytes]"]:
        """The API, listening."""
        with self.process("api", "api", "--port", self.address.rpartition(":")[2]) as process:
            until(lambda: _answers(f"{self.address}/health/ready"), process)
            yield process

    @contextmanager
    def drain(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A drain that stays, listening."""
        with self.process("drain", *_STAYING) as process:
            until(self._is_drained, process)
            yield process

    def sim(self, provider: str, method: str, path: str, **body: Any) -> Any:
        """A call to a simulator's control endpoint."""
        answer = requests.request(method, f"{self.bases[provider]}/_sim/{path}", json=body or None, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """A statement, committed; its rows."""
        with self.database.begin() as conn:
            result = conn.execute(sa.text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def venue(self, name: str) -> str:
        """A venue that keeps its books in US dollars."""
        self.sql("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD')", id=name)
        return name

    def tell(self, provider: str, **how: Any) -> None:
        """Let a provider send its webhooks to the API."""
        self.sim(
            provider, "PUT", "webhooks", url=f"{self.address}/webhooks/{provider}", secret=self._hook(provider), **how
        )

    def _hook(self, provider: str) -> str:
        return self.environ[SIGNED_WITH[provider]]

    def _is_drained(self) -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        return self.sql(query) >= [(2,)]


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Doors]:
    """Simulated providers that know an application of ours each and send webhooks; API and drain are still to be started.

    `url` is the address of a migrated database. Square knows a second application, which is proved by PKCE alone.
    """
    logs = folder / "logs"
    logs.mkdir(parents=True)
    doors = _prepared(folder, logs, url)
    listen = [f"--port={name}={base.rpartition(':')[2]}" for name, base in doors.bases.items()]
    try:
        with doors.process("simulators", "sims", "serve", *listen, "--state", str(folder / "sims")) as process:
            for name, base in doors.bases.items():
                until(lambda base=base: _answers(f"{base}/_sim/calls"), process)
                back = [f"{doors.address}{CALLBACK}/{name}"]
                known = {"client_id": f"id-{name}", "secret": doors.environ[f"{name.upper()}_CLIENT_SECRET"]}
                doors.sim(name, "PUT", "applications", **known, redirect_uris=back)
                doors.tell(name, at_once=16)
            back = [f"{doors.address}{CALLBACK}/square"]
            doors.sim("square", "PUT", "applications", client_id="id-square-public", secret=None, redirect_uris=back)
            yield doors
    finally:
        doors.database.dispose()


def _prepared(folder: Path, logs: Path, url: str) -> Doors:
    ports: list[int] = []
    first = FIRST_PORT + secrets.randbelow(PORTS)  # or two runs at the same time would ask for the same ones
    for _ in range(len(SIMULATED) + 1):
        ports.append(free_port(first, taken=frozenset(ports)))
    bases = {name: f"http://{HOST}:{port}" for name, port in zip(SIMULATED, ports, strict=False)}
    address = f"http://{HOST}:{ports[-1]}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    known: dict[str, str | bytes] = {}
    for name, base in bases.items():
        application, signing = f"sk_test_{secrets.token_hex(24)}", f"whsec_{secrets.token_hex(24)}"
        known |= {f"{name}: application": application, f"{name}: webhooks": signing}
        environ |= {f"{name.upper()}_{kind}": base for kind in ("API_BASE", "OAUTH_BASE")}
        environ |= {f"{name.upper()}_CLIENT_ID": f"id-{name}", f"{name.upper()}_CLIENT_SECRET": application}
        environ |= {SIGNED_WITH[name]: signing}
    environ |= {
        "VENUE_SYNC_HOME": str(folder / "home"),
        "VENUE_SYNC_API_URL": address,
        "SANDBOX_SQUARE_CLIENT_ID": "id-square-public",
        "SQUARE_WEBHOOK_URL": f"{address}/webhooks/square",
        "DATABASE_URL": url,
        "PYTHONUNBUFFERED": "1",
    }
    return Doors(address, bases, logs, open_engine(url), environ, known)


def until(
    true: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None, *, seconds: float = SECONDS
) -> None:
    """Return when it is true. Raises SystemExit after so many seconds, or when the process that is to make it true ended."""
    deadline = time.monotonic() + seconds
    while not true():
        if process is not None and process.poll() is not None:
            raise SystemExit(f"the process ended with {process.returncode}: {process.args}")
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing came of it in {seconds:.0f} s")
        time.sleep(0.02)


def ended(process: "subprocess.Popen[bytes]", *, seconds: float = 30) -> int:
    """Tell a process to end and wait; its exit code. One that does not listen is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False
