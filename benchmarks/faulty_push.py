"""Pushing through a provider that fails: 5 % of all requests get HTTP 500, 2 % of the answers are lost after the write.

python -m benchmarks.faulty_push [--records N] [--rounds N] [--seed N]

Of the errors 500 every second one comes after the write, and Stripe repeats it for ever under the same key. Every record
must be at the provider exactly once after one sync; the figure is how much longer that sync takes than one of as many
records without faults, in the same run.
"""

import argparse
import statistics
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import requests

from benchmarks.stage import Stage, stage, timed

FAULTS: Final = (
    {"kind": "error_before", "status": 500, "probability": 0.025},
    {"kind": "error_after", "status": 500, "probability": 0.025},
    {"kind": "drop_after", "probability": 0.02},
)
ENTITIES: Final[Mapping[str, str]] = {
    "stripe": "customers",
    "square": "customers",
    "mailchimp": "members",
    "quickbooks": "customers",
}


def emails(on: Stage, provider: str, venue: str) -> Counter[str]:
    """How often which e-mail address is at the provider."""
    entity = ENTITIES[provider]
    answer = requests.get(f"{on.bases[provider]}/_sim/accounts/acct_{venue}/objects/{entity}", timeout=60)
    answer.raise_for_status()
    return Counter(_email(one) for one in answer.json()["objects"] if not one.get("deleted"))


def _email(shown: Mapping[str, Any]) -> str:
    return shown.get("email") or shown.get("email_address") or shown["PrimaryEmailAddr"]["Address"]


def push(on: Stage, provider: str, venue: str, records: int, *, seed: int | None) -> tuple[float, dict[str, int]]:
    """Seconds of one sync of a new venue, and what went wrong in it; None as `seed`: nothing.

    Raises SystemExit when the sync did not succeed or a record is not there exactly once.
    """
    on.venues([venue], provider=provider)
    on.customers(venue, records)
    base = on.bases[provider]
    before = Counter(requests.get(f"{base}/_sim/faults", timeout=30).json()["fired"])
    faults = [] if seed is None else list(FAULTS)
    requests.post(f"{base}/_sim/faults", json={"faults": faults, "seed": seed or 0}, timeout=30).raise_for_status()
    seconds, _ = timed(lambda: on.sync(venue, provider, ENTITIES[provider]))
    requests.delete(f"{base}/_sim/faults", timeout=30).raise_for_status()
    fired = Counter(requests.get(f"{base}/_sim/faults", timeout=30).json()["fired"]) - before
    wrong = {email: count for email, count in emails(on, provider, venue).items() if count != 1}
    if wrong or len(emails(on, provider, venue)) != records:
        raise SystemExit(f"{provider}: not every record is there exactly once: {wrong}")
    return seconds, dict(fired)


def main() -> None:
    """Measure all providers and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--provider", choices=sorted(ENTITIES), action="append")
    chosen = parser.parse_args()
    with stage() as on:
        for provider in chosen.provider or ENTITIES:
            push(on, provider, f"{provider}-warm", 50, seed=None)
            rounds: list[tuple[float, float, dict[str, int]]] = []
            for number in range(chosen.rounds):
                calm, _ = push(on, provider, f"{provider}-calm-{number}", chosen.records, seed=None)
                name = f"{provider}-wild-{number}"
                wild, fired = push(on, provider, name, chosen.records, seed=chosen.seed + number)
                rounds.append((calm, wild, fired))
            ratios = [wild / calm for calm, wild, _ in rounds]
            print(
                f"{provider}: {chosen.records:,} records, each exactly once; "
                f"{statistics.median(calm for calm, _, _ in rounds):.2f} s without faults, "
                f"{statistics.median(wild for _, wild, _ in rounds):.2f} s with: {statistics.median(ratios):.2f} times "
                f"({min(ratios):.2f} to {max(ratios):.2f}); faults {[fired for _, _, fired in rounds]}"
            )


if __name__ == "__main__":
    main()
