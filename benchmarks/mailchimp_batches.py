"""Customers pushed to Mailchimp in batches of 500: the engine beside a bare loop that makes the same calls.

The loop asks what the engine asks (the audience, its merge fields, who is there, who is archived), makes the same merge
fields and sends the same bodies, as many at once as Mailchimp's declaration allows. The simulator answers a batch as
fast as it can, or after --latency seconds, as a provider at the other end of a network does.

python -m benchmarks.mailchimp_batches [--records N] [--rounds N] [--latency SECONDS]
"""

import argparse
import itertools
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

from benchmarks.stage import KEYS, Stage, stage, timed
from sync_core.providers.mailchimp.audience import FIELDS
from sync_core.providers.mailchimp.contact import SHOWN

BATCH = 500
ID = "?" * 10
"""Any list: the latency is that of a batch."""
_MANY = ",".join(f"members.{name}" for name in SHOWN)
_FRESH = "members.id,members.contact_id,members.status"
_numbers = itertools.count(1)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--latency", type=float, default=0.0)
    chosen = arguments.parse_args()
    with stage() as on:
        if chosen.latency:
            fault = {"kind": "delay", "seconds": chosen.latency, "method": "POST", "path": f"/3.0/lists/{ID}"}
            _control(on, "POST", "faults", {"faults": [fault]})
        pairs = [pair(on, chosen.records, engine_first=number % 2 == 0) for number in range(chosen.rounds)]
    ratios = sorted(loop / engine for engine, loop in pairs)
    engine, loop = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"push to Mailchimp, {BATCH} a call, {chosen.latency:g} s latency: {chosen.records:,} records, engine "
        f"{chosen.records / engine:,.0f}/s, bare {chosen.records / loop:,.0f}/s; the engine has "
        f"{statistics.median(ratios):.0%} of the bare loop's speed (from {ratios[0]:.0%} to {ratios[-1]:.0%})"
    )


def pair(on: Stage, records: int, *, engine_first: bool) -> tuple[float, float]:
    """Seconds of the engine and of the bare loop, each on an account of its own; they take turns at going first."""
    venue, bare = _fresh(on), _fresh(on)
    on.customers(venue, records)
    ways: dict[str, Callable[[], Any]] = {
        "engine": lambda: on.sync(venue, "mailchimp", "members"),
        "bare": lambda: bare_loop(on, bare, records),
    }
    seconds: dict[str, float] = {}
    calls: dict[str, dict[str, int]] = {}
    for name in ways if engine_first else reversed(ways):
        _control(on, "DELETE", "calls", None)
        seconds[name], _ = timed(ways[name])
        calls[name] = _control(on, "GET", "calls", None)["by_endpoint"]
    if calls["engine"] != calls["bare"]:
        raise SystemExit(f"not the same calls: {calls}")
    return seconds["engine"], seconds["bare"]


def bare_loop(on: Stage, venue: str, records: int) -> None:
    """The engine's calls without the engine."""
    key = KEYS["mailchimp"].format(venue=venue)
    at_once = on.engine.specs["mailchimp"].limits.concurrency
    with requests.Session() as session, ThreadPoolExecutor(at_once) as pool:
        session.mount("http://", HTTPAdapter(pool_maxsize=at_once))
        session.headers["Authorization"] = f"Bearer {key}"

        def ask(method: str, path: str, body: Any = None, **params: Any) -> Any:
            data = None if body is None else orjson.dumps(body)
            answer = session.request(
                method, f"{on.bases['mailchimp']}/3.0{path}", data=data, params=params, timeout=120
            )
            answer.raise_for_status()
            return orjson.loads(answer.content)

        audience = f"/lists/{ask('GET', '/lists', count=1000, fields='lists.id,lists.name')['lists'][0]['id']}"
        ask("GET", f"{audience}/members", sort_field="last_changed", sort_dir="ASC", count=1000, offset=0, fields=_MANY)
        shown = ask("GET", f"{audience}/merge-fields", count=1000, fields="merge_fields.tag")["merge_fields"]
        for tag in sorted(FIELDS.keys() - {field["tag"] for field in shown}):
            ask("POST", f"{audience}/merge-fields", {"tag": tag, "name": FIELDS[tag], "type": "text", "public": False})
        ask("GET", f"{audience}/members", status="archived", count=1000, offset=0, fields=_FRESH)

        def create(start: int) -> None:
            members = [_member(n) for n in range(start, min(start + BATCH, records + 1))]
            answer = ask("POST", audience, {"members": members, "update_existing": False}, skip_merge_validation="true")
            if answer["error_count"]:
                raise SystemExit(f"the bare loop was refused {answer['error_count']} contacts")

        list(pool.map(create, range(1, records + 1, BATCH)))


def _member(n: int) -> dict[str, Any]:
    merged = {"VENUEID": f"c{n}", "FNAME": f"Given {n}", "LNAME": f"Family {n}", "CITY": "Cork", "COUNTRY": "IE"}
    return {"email_address": f"c{n}@example.com", "merge_fields": merged, "status": "transactional"}


def _fresh(on: Stage) -> str:
    name = f"m{next(_numbers)}"
    on.venues([name], provider="mailchimp")
    return name


def _control(on: Stage, method: str, path: str, body: Any) -> Any:
    answer = requests.request(method, f"{on.bases['mailchimp']}/_sim/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    main()
