"""The first figures: what the engine costs beside the bare loop that makes the same calls.

python -m benchmarks.first_figures [--records N] [--venues N] [--rounds N]
"""

import argparse
import itertools
import resource
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
import sqlalchemy as sa
from requests.adapters import HTTPAdapter

from benchmarks.stage import KEYS, Stage, stage, timed
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode

_numbers = itertools.count(1)


def _session(key: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=16))
    session.headers["Authorization"] = f"Bearer {key}"
    return session


def _fresh(on: Stage, provider: str) -> str:
    name = f"b{next(_numbers)}"
    on.venues([name], provider=provider)
    return name


def push_stripe(on: Stage, records: int) -> tuple[float, float]:
    """Create `records` customers one by one: the engine, and a bare loop with as many threads."""
    venue, bare = _fresh(on, "stripe"), _fresh(on, "stripe")
    on.customers(venue, records)
    engine, _ = timed(lambda: on.sync(venue, "stripe", "customers"))
    with _session(KEYS["stripe"].format(venue=bare)) as session, ThreadPoolExecutor(8) as pool:

        def create(n: int) -> None:
            form = {
                "name": f"Given {n} Family {n}",
                "email": f"c{n}@example.com",
                "address[city]": "Cork",
                "address[country]": "IE",
                "metadata[venue_sync_id]": f"c{n}",
                "metadata[given_name]": f"Given {n}",
                "metadata[family_name]": f"Family {n}",
            }
            headers = {"Idempotency-Key": f"bare-{bare}-{n}"}
            session.post(
                f"{on.bases['stripe']}/v1/customers", data=form, headers=headers, timeout=30
            ).raise_for_status()

        loop, _ = timed(lambda: list(pool.map(create, range(records))))
    return engine, loop


def push_square(on: Stage, records: int) -> tuple[float, float]:
    """Create `records` customers, 100 a call: the engine, and a bare loop with as many threads."""
    venue, bare = _fresh(on, "square"), _fresh(on, "square")
    on.customers(venue, records)
    engine, _ = timed(lambda: on.sync(venue, "square", "customers"))
    with _session(KEYS["square"].format(venue=bare)) as session, ThreadPoolExecutor(4) as pool:

        def create(start: int) -> None:
            customers = {
                f"{bare}-{n}": {
                    "given_name": f"Given {n}",
                    "family_name": f"Family {n}",
                    "email_address": f"c{n}@example.com",
                    "address": {"locality": "Cork", "country": "IE"},
                    "reference_id": f"c{n}",
                }
                for n in range(start, min(start + 100, records))
            }
            url = f"{on.bases['square']}/v2/customers/bulk-create"
            session.post(url, json={"customers": customers}, timeout=60).raise_for_status()

        loop, _ = timed(lambda: list(pool.map(create, range(0, records, 100))))
    return engine, loop


def pull_stripe(on: Stage, records: int) -> tuple[float, float]:
    """Read `records` charges into PostgreSQL, and page through them without keeping any."""
    venue = _fresh(on, "stripe")
    rows = [{"amount": 1000 + n, "currency": "usd", "metadata": {"order_id": f"o{n}"}} for n in range(records)]
    url = f"{on.bases['stripe']}/_sim/accounts/acct_{venue}/seed/payments"
    requests.post(url, json={"rows": rows}, timeout=300).raise_for_status()
    with _session(KEYS["stripe"].format(venue=venue)) as session:

        def page() -> int:
            after, count = None, 0
            while True:
                params: dict[str, Any] = {"limit": 100} | ({"starting_after": after} if after else {})
                answer = session.get(f"{on.bases['stripe']}/v1/charges", params=params, timeout=30).json()
                count += len(answer["data"])
                if not answer["has_more"]:
                    return count
                after = answer["data"][-1]["id"]

        loop, count = timed(page)
    if count != records:
        raise SystemExit(f"the bare loop saw {count} of {records}")
    engine, report = timed(lambda: on.sync(venue, "stripe", "charges"))
    if report.counts.pulled_created != records:
        raise SystemExit(f"the engine stored {report.counts.pulled_created} of {records}")
    return engine, loop


def unchanged(on: Stage, records: int) -> tuple[float, float]:
    """A forced full look at `records` unchanged rows (square inventory-free: push only), and reading the rows."""
    venue = _fresh(on, "stripe")
    on.products(venue, records)
    on.sync(venue, "stripe", "products")
    engine, report = timed(lambda: on.sync(venue, "stripe", "products", Mode("full")))
    if report.counts.unchanged != records or report.api_calls:
        raise SystemExit(f"not unchanged: {report.counts}, {report.api_calls} calls")

    def read() -> int:
        with on.database.connect() as conn:
            query = sa.text("SELECT * FROM venue.products WHERE venue_id = :venue ORDER BY id")
            return len([dict(row) for row in conn.execute(query, {"venue": venue}).mappings()])

    loop, _ = timed(read)
    return engine, loop


def many_venues(on: Stage, count: int) -> None:
    """The cost per venue of a run over many venues with nothing to do, beside the one call each cannot do without."""
    names = [f"many{n}" for n in range(count)]
    on.venues(names, provider="stripe")

    def run() -> Any:
        return sync_venues(
            on.engine, "stripe", "customers", names, mode=Mode(), run_id="b", workers=8, on_report=lambda _report: None
        )

    run()
    seconds, reports = timed(run)
    calls = sum(report.api_calls for report in reports)

    def bare() -> None:
        for name in names:
            with _session(KEYS["stripe"].format(venue=name)) as session:
                session.get(f"{on.bases['stripe']}/v1/events", params={"limit": 100}, timeout=30).raise_for_status()

    loop, _ = timed(bare)
    print(
        f"{count} venues with nothing to do: {1000 * seconds / count:.1f} ms a venue and entity, {calls} calls; "
        f"a bare call on a connection of its own {1000 * loop / count:.1f} ms a venue; ratio {seconds / loop:.2f}"
    )


def _compare(name: str, rounds: int, measure: Callable[[], tuple[float, float]], records: int) -> None:
    pairs = [measure() for _ in range(rounds)]
    ratios = sorted(engine / loop for engine, loop in pairs)
    engine, loop = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"{name}: {records} records, engine {records / engine:,.0f}/s, bare {records / loop:,.0f}/s; "
        f"engine takes {statistics.median(ratios):.2f} x the bare loop (from {ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=3000)
    arguments.add_argument("--venues", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    few, many = chosen.records, chosen.records * 10
    with stage() as on:
        _compare("push to a per-record API (Stripe customers)", chosen.rounds, lambda: push_stripe(on, few), few)
        _compare("push to a bulk API (Square customers)", chosen.rounds, lambda: push_square(on, few), few)
        _compare("pull into PostgreSQL (Stripe charges)", chosen.rounds, lambda: pull_stripe(on, many), many)
        _compare("full look at unchanged rows (Stripe products)", chosen.rounds, lambda: unchanged(on, few), few)
        many_venues(on, chosen.venues)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
