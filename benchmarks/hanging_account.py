"""How much slower other venues are while one venue's provider account hangs: 30 s for each answer.

python -m benchmarks.hanging_account [--way run|queue|webhooks] [--seconds 30] [--records 400]

Each way works for the same venues in turn, with and without one that hangs, and the figure is how many records of the
others are done a second until the last of them is, in the best of three rounds.
"""

import argparse
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import requests
import sqlalchemy as sa

from benchmarks.stage import Stage, stage
from sync_core.store import connections, inbox, queue
from sync_core.store.inbox import Arrival
from sync_core.store.queue import Asked
from sync_core.sync.asked import work_off
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode
from sync_core.webhooks import Event
from sync_core.webhooks.apply import drain

HUNG = "hung"
OTHERS = [f"v{number}" for number in range(24)]
WORKERS = 8
ROUNDS = 3

Way = Callable[[Stage, int], float]


def run(stage: Stage, number: int) -> float:
    """What a Dagster run does: one entity of many venues; seconds until all others are done."""
    _edit(stage, number)
    began, ended = time.monotonic(), dict[str, float]()

    def told(venue: str) -> None:
        ended[venue] = time.monotonic() - began

    thread = threading.Thread(
        target=lambda: sync_venues(
            stage.engine,
            "stripe",
            "customers",
            [HUNG, *OTHERS],
            mode=Mode(),
            run_id=f"run-{number}",
            workers=WORKERS,
            on_report=lambda report: told(report.venue),
        )
    )
    thread.start()
    _wait(lambda: set(OTHERS) <= ended.keys())
    took = max(ended[venue] for venue in OTHERS)
    _calm(stage)
    thread.join()
    return took


def asked(stage: Stage, number: int) -> float:
    """Syncs that people asked for; the hanging venue asked first, for three entities."""
    _edit(stage, number)
    with stage.database.begin() as conn:
        for venue in [HUNG, *OTHERS]:
            entities = ("customers", "products", "charges") if venue == HUNG else ("customers",)
            connection = connections.find(conn, venue, "stripe")
            assert connection is not None
            for entity in entities:
                priority = "critical" if venue == HUNG else "normal"
                queue.enqueue(conn, Asked(connection.id, entity, "incremental", priority, "benchmark"))
    query = (
        "SELECT count(*) FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id "
        f"WHERE c.venue_id <> '{HUNG}' AND w.status = 'succeeded'"
    )
    took = _until(
        stage, query, lambda leave: work_off(stage.engine, run_id="work", quiet_seconds=600, stopping=leave.is_set)
    )
    with stage.database.begin() as conn:
        conn.execute(sa.text("DELETE FROM sync.work"))
    return took


def webhooks(stage: Stage, number: int) -> float:
    """Events of every venue's customers, applied by one drain."""
    with stage.database.begin() as conn:
        query = (
            "SELECT c.venue_id, l.remote_id FROM sync.ledger AS l JOIN sync.connections AS c ON c.id = l.connection_id"
        )
        found = conn.execute(sa.text(query)).all()
        events = [
            Event(
                f"evt_{number}_{row.remote_id}",
                "customer.updated",
                f"acct_{row.venue_id}",
                "customer",
                row.remote_id,
                None,
                {},
            )
            for row in found
        ]
        inbox.store(conn, [Arrival("stripe", event) for event in events])
    query = (
        "SELECT count(DISTINCT account_id) FILTER (WHERE waiting = 0) FROM (SELECT account_id, "
        "count(*) FILTER (WHERE status <> 'applied') AS waiting FROM sync.webhook_events GROUP BY account_id) AS each "
        f"WHERE account_id <> 'acct_{HUNG}'"
    )
    took = _until(
        stage, query, lambda leave: drain(stage.engine, run_id="drain", quiet_seconds=600, stopping=leave.is_set)
    )
    with stage.database.begin() as conn:
        conn.execute(sa.text("DELETE FROM sync.webhook_events"))
    return took


WAYS: Mapping[str, Way] = {"run": run, "queue": asked, "webhooks": webhooks}


def _edit(stage: Stage, number: int) -> None:
    """Every venue changes every customer."""
    with stage.database.begin() as conn:
        conn.execute(sa.text("UPDATE venue.customers SET given_name = :name"), {"name": f"Ann {number}"})


def _until(stage: Stage, query: str, work: Callable[[threading.Event], object]) -> float:
    """Seconds from the beginning of `work` until the query counts all others."""
    leave, began = threading.Event(), time.monotonic()
    thread = threading.Thread(target=lambda: work(leave))
    thread.start()

    def all_done() -> bool:
        with stage.database.connect() as conn:
            return conn.execute(sa.text(query)).scalar_one() == len(OTHERS)

    _wait(all_done)
    took = time.monotonic() - began
    _calm(stage)
    leave.set()
    thread.join()
    return took


def _wait(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.02)


def _hang(stage: Stage, seconds: float) -> None:
    fault = {"kind": "delay", "seconds": seconds, "account": f"acct_{HUNG}"}
    requests.post(
        f"{stage.bases['stripe']}/_sim/faults", json={"seed": 1, "faults": [fault]}, timeout=30
    ).raise_for_status()


def _calm(stage: Stage) -> None:
    requests.delete(f"{stage.bases['stripe']}/_sim/faults", timeout=30).raise_for_status()


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--way", choices=sorted(WAYS), action="append")
    arguments.add_argument("--seconds", type=float, default=30)
    # So many that a round lasts about as long as one hanging answer: what the first half second of it costs, and that
    # the last venues do not end together, belongs to a round and not to the hanging.
    arguments.add_argument("--records", type=int, default=400, help="customers of each venue")
    chosen = arguments.parse_args()
    with stage() as whole:
        few = replace(whole, engine=replace(whole.engine, settings=replace(whole.engine.settings, workers=WORKERS)))
        whole.venues([HUNG, *OTHERS], provider="stripe")
        for venue in [HUNG, *OTHERS]:
            whole.customers(venue, chosen.records)
            whole.sync(venue, "stripe", "customers")
        for way in chosen.way or WAYS:
            took: dict[bool, list[float]] = {False: [], True: []}
            for number in range(2 * ROUNDS):
                hangs = number % 2 == 1
                if hangs:
                    _hang(whole, chosen.seconds)
                took[hangs].append(WAYS[way](few, number))
            # The best of each: whatever else the machine does only ever takes time.
            rates = {hangs: len(OTHERS) * chosen.records / min(found) for hangs, found in took.items()}
            print(
                f"{way}: {len(OTHERS)} venues, {WORKERS} workers: {rates[False]:.0f} records/s of the others without, "
                f"{rates[True]:.0f} with one that takes {chosen.seconds:.0f} s an answer: {rates[True] / rates[False]:.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
