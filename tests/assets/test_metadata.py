"""What a person reads about a sync."""

import dagster as dg

from assets.metadata import FIRST, error_table, failure_table, named, of_run, of_venue
from sync_core.spec.provider import EntitySpec
from sync_core.sync.report import Counts, EntityReport, RecordFailure


def _entity(direction: str) -> EntitySpec:
    return EntitySpec.model_validate(
        {"kind": "products", "model": "products", "direction": direction, "description": "x"}
    )


def _report(venue: str = "arena", **kwargs: object) -> EntityReport:
    return EntityReport(**{"venue": venue, "provider": "p", "entity": "e", "status": "succeeded", **kwargs})  # pyright: ignore[reportArgumentType]


def test_a_pushed_entity_says_nothing_of_pulling_and_the_other_way_round() -> None:
    pushed, pulled = of_venue(_report(), _entity("push")), of_venue(_report(), _entity("pull"))

    assert [label for label in pushed if label.startswith("pulled")] == []
    assert [label for label in pulled if label in ("created", "updated", "deleted")] == []


def test_numbers_keep_their_names_even_when_they_are_zero() -> None:
    idle = of_venue(_report(), _entity("both"))
    busy = of_venue(_report(counts=Counts(read=5, created=3, conflicts=1), api_calls=4, seconds=2.0), _entity("both"))

    assert list(idle) == list(busy)
    assert (busy["created"].value, busy["conflicts"].value, busy["records per second"].value) == (3, 1, 2.5)


def test_the_first_failures_are_a_table_that_names_venue_record_and_reason() -> None:
    report = _report(failures=(RecordFailure("p1", "push", "too_long", "name is longer than 250 characters"),))

    assert failure_table([report]) == dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "venue": "arena",
                    "record": "p1",
                    "direction": "push",
                    "category": "validation",
                    "code": "too_long",
                    "reason": "name is longer than 250 characters",
                }
            )
        ]
    )


def test_a_table_stays_readable_however_many_venues_failed() -> None:
    many = [_report(f"venue-{n}", status="failed", error="no") for n in range(FIRST + 5)]

    value = error_table(many)

    assert isinstance(value, dg.TableMetadataValue)
    assert len(value.records) == FIRST
    assert named([report.venue for report in many]).endswith(f"venue-{FIRST - 1} and 5 more")


def test_a_run_adds_its_venues_up() -> None:
    reports = [
        _report("a", counts=Counts(created=2), api_calls=3),
        _report("b", counts=Counts(created=5), api_calls=4, status="failed"),
        _report("c", status="not_connected"),
    ]

    total = of_run(reports, _entity("push"))

    assert {label: total[label].value for label in ("venues", "venues synced", "venues not connected")} == {
        "venues": 3,
        "venues synced": 1,
        "venues not connected": 1,
    }
    assert (total["created"].value, total["API calls"].value) == (7, 7)
