"""One account's trouble at the provider is nobody else's, whole syncs through one engine."""

import threading

from tests.world import World, account


def _customers(world: World, venue: str) -> None:
    for n in range(10):
        world.insert("customers", venue, id=f"c{n}", given_name="Ada", email=f"c{n}@example.com")


def test_an_account_whose_answers_take_for_ever_holds_up_nobody(small_world: World) -> None:
    hung, well = small_world.venue("hung"), small_world.venue("well")
    for venue in (hung, well):
        _customers(small_world, venue)
    small_world.faults("stripe", {"kind": "delay", "seconds": 4, "account": account(hung)})
    waiting = threading.Thread(target=small_world.sync, args=(hung, "stripe", "customers"))
    waiting.start()

    report = small_world.sync(well, "stripe", "customers")

    assert (report.status, report.counts.created) == ("succeeded", 10)
    assert waiting.is_alive()
    assert small_world.objects("stripe", hung, "customers") == []
    small_world.no_faults("stripe")
    waiting.join()


def test_an_account_whose_breaker_another_process_opened_is_left_alone_and_the_others_are_not(
    small_world: World,
) -> None:
    broken, well = small_world.venue("broken"), small_world.venue("well")
    for venue in (broken, well):
        _customers(small_world, venue)
    small_world.sql(
        "INSERT INTO sync.breakers (name, failures, failed_by, reason, opened_at, changed_at) "
        "VALUES (:name, 5, '{}', 'HTTP 500', now(), now())",
        name=f"stripe/production/{account(broken)}",
    )
    small_world.forget_calls()
    left_alone = small_world.sync(broken, "stripe", "customers")
    assert left_alone.status == "failed"
    assert "has failed repeatedly for broken/stripe" in (left_alone.error or "")
    assert small_world.calls("stripe")["total"] == 0
    assert small_world.sync(well, "stripe", "customers").counts.created == 10
