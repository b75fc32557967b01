"""Webhooks: verify and store in one process, and the route beside a bare FastAPI route that makes the same insert.

python -m benchmarks.webhooks [--events N] [--rounds N] [--connections N]
"""

import argparse
import asyncio
import hashlib
import hmac
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import psycopg
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI, Request

import mappings
from benchmarks.stage import DEFS
from sync_api.app import create_app
from sync_api.serving import config_for
from sync_api.signing import open_verifier
from sync_core.clock import SystemClock
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store import inbox
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.inbox import Arrival
from sync_core.store.migrate import upgrade
from sync_core.sync.engine import open_engine_for
from sync_core.webhooks import parse, verify

SECRET = "whsec_of_the_benchmark"  # pragma: allowlist secret - of nobody
GROUP = 100
BARE = ("def", "async")
INSERT = (
    "INSERT INTO bare_events (event_id, type, account_id, object_id, payload) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)
Signed = tuple[bytes, str]


def signed_events(number: int, name: str) -> list[Signed]:
    """Bodies of Stripe's events of about 900 bytes with their signature headers."""
    stamp = str(int(time.time()))
    made: list[Signed] = []
    for n in range(number):
        shown = {"id": f"cus_{n}", "object": "customer", "name": f"Given {n} Family {n}", "description": "x" * 600}
        event = {
            "id": f"evt_{name}_{n}",
            "object": "event",
            "type": "customer.updated",
            "account": "acct_bench",
            "created": int(stamp),
            "data": {"object": shown},
        }
        body = orjson.dumps(event)
        mac = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        made.append((body, f"t={stamp},v1={mac}"))
    return made


def in_process(database: sa.Engine, events: Sequence[Signed]) -> tuple[float, float]:
    """Events a second: verified and read; and verified, read and stored in groups."""
    began = time.perf_counter()
    arrivals = [Arrival("stripe", event) for one in events for event in _read(one)]
    read = time.perf_counter()
    for start in range(0, len(arrivals), GROUP):
        with database.begin() as conn:
            inbox.store(conn, arrivals[start : start + GROUP])
    stored = time.perf_counter()
    return len(events) / (read - began), len(events) / (stored - began)


def _read(one: Signed) -> list[inbox.Event]:
    body, header = one
    verify("stripe", body=body, headers={"Stripe-Signature": header}, secrets=[SECRET], url=None, now=time.time())
    return parse("stripe", body, "application/json")


def serve(what: str, url: str, home: str) -> None:
    """In a process of its own: one of the servers, on a port that it prints."""
    settings = read_settings(
        {
            "VENUE_SYNC_HOME": home,
            "DATABASE_URL": url,
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "VENUE_SYNC_STAGE": "development",
        }
    )
    if what == "ours":
        engine = open_engine_for(settings, open_engine(url), specs=load_providers(DEFS), templates=mappings.FOLDER)
        app = create_app(engine, verifier=open_verifier(settings, SystemClock()))
    else:
        app = _bare(what, url)
    config = config_for(app, host="127.0.0.1", port=0)
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


def _bare(what: str, url: str) -> FastAPI:
    """A route that reads the body's id and makes one insert of its own, with a connection per request under way."""
    app = FastAPI()
    if what == "def":
        database = open_engine(url)

        @app.post("/webhooks/stripe")
        def receive(event: dict[str, object]) -> dict[str, bool]:
            with database.begin() as conn:
                conn.exec_driver_sql(INSERT, _values(event))
            return {"success": True}

        return app
    free: asyncio.Queue[psycopg.AsyncConnection[tuple[object, ...]]] = asyncio.Queue()

    @app.post("/webhooks/stripe")
    async def receive_async(request: Request) -> dict[str, bool]:
        event = orjson.loads(await request.body())
        if free.empty():
            free.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True))
        conn = await free.get()
        try:
            await conn.execute(INSERT.encode(), _values(event))
        finally:
            free.put_nowait(conn)
        return {"success": True}

    return app


def _values(event: dict[str, object]) -> tuple[object, ...]:
    return event["id"], event["type"], event["account"], "cus", orjson.dumps(event).decode()


@contextmanager
def served(what: str, url: str, home: str) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.webhooks", "--serve", what, url, home]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def load(address: str, events: Sequence[Signed], connections: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile of their times in milliseconds."""
    place = urlsplit(address)
    waiting, took = iter(events), list[float]()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        for body, header in waiting:
            head = (
                f"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Stripe-Signature: {header}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{address} answered {answer[:40]!r}")
            await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            took.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    seconds = time.perf_counter() - began
    return len(events) / seconds, 1000 * statistics.quantiles(took, n=100)[98]


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--events", type=int, default=6_000)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--connections", type=int, default=32)
    given.add_argument("--serve", nargs=3, metavar=("WHAT", "URL", "HOME"))
    asked = given.parse_args()
    if asked.serve:
        serve(*asked.serve)
        return
    with tempfile.TemporaryDirectory() as home:
        server = EmbeddedPostgres(Path(home) / "pg")
        server.start()
        try:
            _measure(server.url, home, asked)
        finally:
            server.stop()
            server.remove()


def _measure(url: str, home: str, asked: argparse.Namespace) -> None:
    database = open_engine(url)
    upgrade(database)
    with database.begin() as conn:
        conn.exec_driver_sql(
            "CREATE TABLE bare_events (event_id text PRIMARY KEY, type text, account_id text, object_id text, payload jsonb)"
        )
    figures = [in_process(database, signed_events(asked.events, f"in{n}")) for n in range(asked.rounds)]
    verified, stored = (statistics.median(column) for column in zip(*figures, strict=True))
    print(
        f"verified and read in process: {verified:,.0f} events/s; and stored, {GROUP} together: {stored:,.0f} events/s"
    )
    with served("ours", url, home) as ours, served("def", url, home) as plain, served("async", url, home) as bare:
        places = {"the route": ours, "bare, def": plain, "bare, async": bare}
        for address in places.values():
            asyncio.run(load(address, signed_events(500, f"warm{address[-5:]}"), asked.connections))
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
        for number in range(asked.rounds):
            for name, address in places.items():
                events = signed_events(asked.events, f"r{number}{name}")
                rounds[name].append(asyncio.run(load(address, events, asked.connections)))
    for name, measured in rounds.items():
        rate = statistics.median(m[0] for m in measured)
        p99 = statistics.median(m[1] for m in measured)
        against = [ours[0] / other[0] for ours, other in zip(rounds["the route"], measured, strict=True)]
        print(
            f"{name}: {rate:,.0f} requests/s, 99th percentile {p99:.0f} ms; the route makes {statistics.median(against):.2f} times as many"
        )
    database.dispose()


if __name__ == "__main__":
    main()
