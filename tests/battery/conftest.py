"""Every test of the battery runs once per declared provider; after each, no secret may be written down anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.battery.stage import DECLARED, Bench, Stage, assert_no_secret, bench_of, stage_of
from tests.battery.trials import TRIALS, Trial


@pytest.fixture(params=sorted(DECLARED.keys() & TRIALS.keys()))
def trial(request: pytest.FixtureRequest) -> Trial:
    """A declared provider's trial. A test that its client is known to fail must fail until the client is put right."""
    trial = TRIALS[request.param]
    for name, reason in trial.defects.items():
        if name in request.node.name:
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    return trial


@pytest.fixture
def bench(trial: Trial) -> Iterator[Bench]:
    """The provider's client at an empty account."""
    with bench_of(trial) as made:
        yield made


@pytest.fixture
def stage(trial: Trial, database: sa.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Stage]:
    """The engine with a venue and an account, both empty."""
    caplog.set_level("DEBUG")
    with stage_of(trial, database, tmp_path, simulator=trial.simulator()) as made:
        yield made
        logged = "\n".join(record.getMessage() for record in caplog.get_records("call"))
        assert_no_secret(trial, made.everything_written_down() + logged)
