"""Backfills as people ask for them: of one venue, of all in batches, and once more for those that failed."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.test_utils import create_run_for_test

from assets import factory
from assets.run import BACKFILL_TAG
from mappings import FOLDER
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import dagster_url
from sync_core.sync.engine import open_engine_for
from sync_defs import definitions
from sync_sims.server import running
from sync_sims.stripe import StripeSimulator
from tests.assets.conftest import DECLARATIONS
from tests.assets.dagster_ui import Ui, opened
from tests.assets.stage import Stage

# Dagster warns of what it does itself.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PRODUCTS = ("stripe", "products")
PER_RUN = 2
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Season:
    """Venues of one test's own, each with something to sync; the last one is not connected."""

    stage: Stage
    ui: Ui
    venues: tuple[str, ...]

    def green_and_red(self) -> tuple[list[str], list[str]]:
        """Which of them are how on the asset's page, by their letters."""
        green, red = self.ui.partitions(PRODUCTS)
        return [v[-1] for v in self.venues if v in green], [v[-1] for v in self.venues if v in red]

    def at_stripe(self) -> list[str]:
        """Whose products are there, by letter."""
        return [v[-1] for v in self.venues[:-1] if list(self.stage.stripe.objects(f"acct_{v}", "products"))]

    def calls(self, venue: str) -> int:
        """How often Stripe was called for a venue."""
        with self.stage.database.connect() as conn:
            query = "SELECT coalesce(sum(api_calls), 0) FROM sync.sync_log l JOIN sync.connections c ON c.id = l.connection_id WHERE c.venue_id = :v"
            return conn.execute(sa.text(query), {"v": venue}).scalar_one()


@pytest.fixture(scope="module")
def place(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Ui]]:
    """A stage, and the UI over it, where a run takes two venues."""
    stripe, home = StripeSimulator(), tmp_path_factory.mktemp("backfill")
    url = shared_database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with running(stripe) as address, pytest.MonkeyPatch.context() as patched:
        environment = {
            "DATABASE_URL": url,
            "DAGSTER_DATABASE_URL": dagster_url(url),
            "STRIPE_API_BASE": address,
            "VENUE_SYNC_HOME": str(home),
        }
        for name, value in environment.items():
            patched.setenv(name, value)
        patched.setattr(factory, "VENUES_PER_RUN", PER_RUN)
        # Dagster loads them anew for each kind of run; that is a second each, and they read no environment.
        patched.setattr(definitions, "definitions_of", cache(definitions.definitions_of))
        engine = open_engine_for(
            read_settings(environment), shared_database, specs=load_providers(DECLARATIONS), templates=FOLDER
        )
        with opened(home) as ui:
            yield Stage(ui.instance, stripe, engine), ui


@pytest.fixture
def season(place: tuple[Stage, Ui]) -> Season:
    """Five venues, a to e."""
    stage, ui = place
    number = next(_numbers)
    venues = tuple(f"hall{number}{letter}" for letter in "abcde")
    for venue in venues:
        stage.add_venue(venue)
        stage.add_products(venue, f"{venue} floor")
    for venue in venues[:-1]:
        stage.connect(venue)
    return Season(stage, ui, venues)


def test_a_backfill_of_one_venue_is_one_run_about_that_venue(season: Season) -> None:
    shown = season.ui.backfill(PRODUCTS, season.venues[:1], mode="full")

    assert (shown.status, shown.counts) == ("COMPLETED_SUCCESS", (1, 1, 0))
    assert shown.runs == [(season.venues[0], season.venues[0], "SUCCESS")]
    assert (season.green_and_red(), season.at_stripe()) == ((["a"], []), ["a"])


def test_of_a_backfill_of_all_in_batches_the_bad_venues_are_marked_and_they_alone_are_synced_when_asked_for_again(
    season: Season,
) -> None:
    a, b, c, d, e = season.venues
    for bad in (b, c):
        season.stage.stripe.revoke(f"sk_test_{bad}0123456789abcdef")

    first = season.ui.backfill(PRODUCTS, season.venues)

    assert (first.status, first.counts) == ("COMPLETED_FAILED", (5, 3, 2))
    assert first.runs == [(a, b, "FAILURE"), (c, d, "FAILURE"), (e, e, "SUCCESS")]
    assert (season.green_and_red(), season.at_stripe()) == ((list("ade"), list("bc")), list("ad"))
    good = season.calls(a), season.calls(d)

    assert season.ui.run_what_failed(first.failed_runs[a]) == dg.DagsterRunStatus.FAILURE
    assert season.green_and_red() == (list("ade"), list("bc")), "who was good before is not red now"
    for healed in (b, c):
        season.stage.connect(healed)
    assert season.ui.run_what_failed(first.failed_runs[a]) == dg.DagsterRunStatus.SUCCESS
    assert (season.green_and_red(), season.at_stripe()) == ((list("abde"), ["c"]), list("abd"))
    again = season.ui.backfill_what_failed(first.id)
    assert (again.status, again.counts, again.runs) == ("COMPLETED_SUCCESS", (2, 2, 0), [(b, c, "SUCCESS")])
    assert (season.green_and_red(), season.at_stripe()) == ((list("abcde"), []), list("abcd"))
    assert (season.calls(a), season.calls(d)) == good


def test_a_backfill_of_thousands_leaves_room_for_the_runs_that_apply_webhooks_and_the_queue(season: Season) -> None:
    instance = season.ui.instance
    under_way = [
        create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED, tags={BACKFILL_TAG: "all"}) for _ in range(2)
    ]
    season.ui.launch(PRODUCTS, season.venues[:1])
    for _ in range(3):
        season.ui.daemon_round()
    [queued] = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))

    instance.delete_run(under_way[0].run_id)
    season.ui.daemon_round()

    assert season.green_and_red() == (["a"], [])
    instance.delete_run(under_way[1].run_id)
    concurrency = instance.get_concurrency_config().run_queue_config
    assert concurrency is not None
    limits = {each["key"]: each["limit"] for each in concurrency.tag_concurrency_limits}
    assert concurrency.max_concurrent_runs - sum(limits.values()) == 2
    assert BACKFILL_TAG in queued.tags
