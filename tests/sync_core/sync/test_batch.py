"""Many venues in one go: the good ones are done whatever the others do."""

import sqlalchemy as sa

from sync_core.sync.batch import sync_venues
from sync_core.sync.report import EntityReport, Mode
from tests.world import World, key


def test_one_bad_venue_never_stops_the_others(small_world: World) -> None:
    venues = [small_world.venue(f"v{n}") for n in range(6)]
    unconnected = small_world.venue("no-account", providers=())
    for venue in venues:
        small_world.insert("customers", venue, id="c", given_name="Ann", email="ann@x.example")
    small_world.sim("stripe", "DELETE", "accounts", credential=key("v3", "stripe"))
    seen: list[EntityReport] = []

    reports = sync_venues(
        small_world.engine,
        "stripe",
        "customers",
        [*venues, unconnected],
        mode=Mode(),
        run_id="r",
        workers=4,
        on_report=seen.append,
    )

    expected = ["succeeded"] * 6 + ["not_connected"]
    expected[3] = "failed"
    assert [report.status for report in reports] == expected
    assert {report.venue for report in seen} == {*venues, unconnected}
    again = sync_venues(
        small_world.engine, "stripe", "customers", ["v3"], mode=Mode(), run_id="r", workers=1, on_report=seen.append
    )
    assert again[0].error is not None
    assert "Reconnect with" in again[0].error


def test_too_many_bad_rows_block_the_push_before_any_call(small_world: World) -> None:
    venue = small_world.venue()
    for n in range(30):
        small_world.insert("customers", venue, id=f"c{n}", email="broken" if n < 20 else f"c{n}@x.example")

    report = small_world.sync(venue, "stripe", "customers")

    assert report.status == "failed"
    assert report.error is not None
    assert "20 of 30 customers rows" in report.error
    assert small_world.objects("stripe", venue, "customers") == []
    small_world.sql("UPDATE venue.customers SET email = id || '@x.example' WHERE email = 'broken'")
    assert small_world.sync(venue, "stripe", "customers").counts.created == 30


def test_an_edit_committed_late_is_not_missed(small_world: World) -> None:
    """A transaction that began before a sync and commits after it: a timestamp watermark would skip it."""
    venue = small_world.venue()
    small_world.insert("customers", venue, id="c0", email="c0@x.example")

    with small_world.database.connect() as late:
        late.execute(
            sa.text("INSERT INTO venue.customers (venue_id, id, email) VALUES (:v, 'late', 'late@x.example')"),
            {"v": venue},
        )
        small_world.insert("customers", venue, id="c1", email="c1@x.example")
        first = small_world.sync(venue, "stripe", "customers")
        late.commit()
    second = small_world.sync(venue, "stripe", "customers")

    assert (first.counts.created, second.counts.created) == (2, 1)
