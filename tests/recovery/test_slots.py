"""What a provider allows an account at the same time holds for all processes together, and a crash gives its part back."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
import sqlalchemy as sa
from sqlalchemy import event

from sync_core.clock import SystemClock
from sync_core.http.slots import ALONE, SIMULTANEOUS, Lanes
from sync_core.store.slots import SlotKeeper
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.server import running
from tests.caller import ACCOUNT

URL = "{base}/_sim/{path}"


@pytest.fixture(scope="module")
def mailchimp() -> Iterator[str]:
    """A Mailchimp that takes ten requests of an account at a time, and a while for each."""
    with running(MailchimpSimulator()) as base:
        body = {"credential": "0shared-us19", "account_id": "acct_shared", "name": "shared"}
        requests.put(URL.format(base=base, path="accounts"), json=body, timeout=30).raise_for_status()
        requests.put(URL.format(base=base, path="limits"), json={"simultaneous": 10}, timeout=30).raise_for_status()
        slow = {"seed": 1, "faults": [{"kind": "delay", "seconds": 0.03}]}
        requests.post(URL.format(base=base, path="faults"), json=slow, timeout=30).raise_for_status()
        yield base


@contextmanager
def calling(base: str, database: sa.Engine, threads: int = 8) -> Iterator["subprocess.Popen[str]"]:
    """A process that calls, from its first answer on."""
    url = database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.caller", base, str(threads)],
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "calling\n"
        try:
            yield process
        finally:
            process.kill()


def test_two_processes_never_have_more_calls_under_way_than_the_account_may(
    shared_database: sa.Engine, mailchimp: str
) -> None:
    with calling(mailchimp, shared_database) as one, calling(mailchimp, shared_database) as two:
        time.sleep(1.5)
        ends = [process.communicate(timeout=30)[0].split() for process in (one, two)]

    answered, throttled = ([int(end[place]) for end in ends] for place in (0, 1))
    assert throttled == [0, 0]
    assert min(answered) > 0, "both had their part"


def test_what_a_killed_process_had_is_free_at_once(shared_database: sa.Engine, mailchimp: str) -> None:
    keeper = SlotKeeper(shared_database)
    with calling(mailchimp, shared_database, threads=9) as process:
        _until(lambda: _all_of(keeper) == [])
        process.kill()
        process.wait()
        _until(lambda: _all_of(keeper) == list(range(1, 10)))


def test_what_one_may_do_at_a_time_is_done_by_one_of_two_processes(shared_database: sa.Engine) -> None:
    """Two keepers are two sessions of the database, as two processes have them."""
    endpoint, clock = "POST /v2/catalog/batch-upsert", SystemClock()
    account = "square/production/seller"
    lanes = [
        Lanes(SlotKeeper(shared_database).of(account), simultaneous=None, alone=[endpoint], clock=clock)
        for _ in range(2)
    ]
    inside, most, rounds = list[int](), list[int](), list[int]()

    def write(lane: Lanes) -> None:
        for _ in range(10):
            with lane.lane(endpoint):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.002)
                inside.pop()
            rounds.append(1)

    threads = [threading.Thread(target=write, args=(lane,)) for lane in lanes for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (max(most), len(rounds)) == (1, 40)
    with lanes[0].lane("GET /v2/catalog/info"), lanes[1].lane("GET /v2/catalog/info"):
        pass  # what is not named waits for nobody


def test_threads_hand_slots_on_without_asking_for_each_call(shared_database: sa.Engine) -> None:
    asked = list[str]()
    lanes = Lanes(SlotKeeper(shared_database).of("mailchimp/a"), simultaneous=10, alone=(), clock=SystemClock())
    event.listen(shared_database, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _ in range(50):
        with lanes.lane("GET /3.0/ping"):
            pass
    few = len([statement for statement in asked if "advisory" in statement])
    lanes.rest()

    assert few <= 3
    assert _all_of(SlotKeeper(shared_database), "mailchimp/a") == list(range(1, 10)), "others may have them now"


def test_a_keeper_whose_connection_was_lost_begins_anew(shared_database: sa.Engine) -> None:
    keeper = SlotKeeper(shared_database)
    slots = keeper.of("square/lost")
    assert slots.take(ALONE, most=1, besides=(), wanted=1) == [1]
    with shared_database.connect() as conn:
        conn.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND classid::bigint = (hashtext('venue-sync:slot:square/lost:alone')::bigint & 4294967295)"
            )
        )
    slots.give_back(ALONE, [1])
    assert slots.take(ALONE, most=1, besides=(), wanted=1) == [1]
    slots.give_back(ALONE, [1])


def test_a_slot_of_ours_is_not_taken_a_second_time(shared_database: sa.Engine) -> None:
    """Else nobody would give it back the second time, and its connection would go back to the others with it."""
    slots = SlotKeeper(shared_database).of("mailchimp/twice")
    first = slots.take(SIMULTANEOUS, most=9, besides=[], wanted=4)
    second = slots.take(SIMULTANEOUS, most=9, besides=first, wanted=3)
    slots.give_back(SIMULTANEOUS, [*first, *second])
    whose = "classid::bigint = (hashtext('venue-sync:slot:mailchimp/twice:simultaneous')::bigint & 4294967295)"
    with shared_database.connect() as conn:
        left = conn.execute(sa.text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {whose}"))
        assert left.scalar_one() == 0


def _all_of(keeper: SlotKeeper, account: str = ACCOUNT) -> list[int]:
    """Which slots nobody has; they are given back at once."""
    slots = keeper.of(account)
    found = slots.take(SIMULTANEOUS, most=9, besides=(), wanted=9)
    slots.give_back(SIMULTANEOUS, found)
    return found


def _until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not found():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
