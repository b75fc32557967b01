"""Several processes and one account: together they use what it allows, and the provider turns none of their calls away."""

import sqlalchemy as sa

from benchmarks.shared_limit import Task, account, measured
from sync_core.spec.provider import RateSpec
from sync_sims.server import running
from sync_sims.stripe.simulator import StripeSimulator


def test_processes_that_share_an_account_use_its_allowance_up_and_are_never_throttled(database_url: str) -> None:
    rate = RateSpec(per_second=60)
    with running(StripeSimulator()) as base:
        account(base, rate)
        found = measured(Task(base, database_url, rate, seconds=5), processes=3)
    share = 5 * 60 * 0.9
    assert found.throttled == 0
    # 97 % and more in benchmarks.shared_limit; less is asked for here, where other tests take the processor.
    assert 0.8 * share < found.answered <= 5 * 60
    assert found.statuses["asked"] < 1.6 * found.answered


def test_a_minute_s_allowance_goes_at_its_start_and_no_process_takes_more(database: sa.Engine) -> None:
    rate = RateSpec(per_second=500, all_per_minute=100)
    url = database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with running(StripeSimulator()) as base:
        account(base, rate)
        found = measured(Task(base, url, rate, seconds=3), processes=3)
    with database.connect() as conn:
        given = conn.execute(sa.text("SELECT sum(g) FROM sync.provider_limits, unnest(given) AS g")).scalar_one()
    assert (found.throttled, given) == (0, 90)
    # What a process takes and has no processor to use in time expires.
    assert 0.8 * 90 < found.answered <= 90
