"""The bar of a running sync: what is done, what there will be, and nothing where nobody looks."""

import io

from rich.console import Console

from sync_core.sync.report import Counts, EntityReport, Progress
from sync_defs.commands.live import Reckoning, StepBar


def far(venue: str, done: int, total: int | None, *, direction: str = "push") -> Progress:
    return Progress(venue, "stripe", "customers", "pull" if direction == "pull" else "push", done, total)


def report(venue: str, *, read: int, pulled: int = 0) -> EntityReport:
    return EntityReport(venue, "stripe", "customers", "succeeded", Counts(read=read, pulled_read=pulled))


def test_nothing_is_known_before_the_first_venue_begins() -> None:
    reckoning = Reckoning(3)
    assert (reckoning.done, reckoning.total, reckoning.finished) == (0, None, 0)


def test_venues_that_have_begun_stand_for_the_others() -> None:
    reckoning = Reckoning(4)
    reckoning.heard(far("a", 10, 100))
    reckoning.heard(far("b", 5, 300))
    assert (reckoning.done, reckoning.total) == (15, 800)


def test_a_total_that_one_venue_does_not_know_is_unknown() -> None:
    reckoning = Reckoning(1)
    reckoning.heard(far("a", 10, None, direction="pull"))
    assert (reckoning.done, reckoning.total) == (10, None)


def test_a_venue_that_ended_counts_what_it_looked_at() -> None:
    reckoning = Reckoning(1)
    reckoning.heard(far("a", 10, None, direction="pull"))
    reckoning.ended(report("a", read=7, pulled=12))
    assert (reckoning.done, reckoning.total, reckoning.finished) == (19, 19, 1)


def test_a_terminal_shows_records_and_venues() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with StepBar("stripe customers", venues=2, console=console) as bar:
        bar.heard(far("a", 50, 100))
        bar.ended(report("a", read=100))
    assert "stripe customers" in screen.getvalue()
    assert "100 records, 1/2 venues" in screen.getvalue()


def test_a_pipe_shows_nothing() -> None:
    screen = io.StringIO()
    with StepBar("stripe customers", venues=1, console=Console(file=screen)) as bar:
        bar.ended(report("a", read=100))
    assert screen.getvalue() == ""
