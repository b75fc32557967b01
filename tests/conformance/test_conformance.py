"""Whatever our clients ask and our simulators answer is what the providers' own specifications say."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from sync_core.spec.load import load_providers
from sync_core.sync.report import Counts
from sync_defs.simulators import simulators
from sync_sims.wire import Simulator
from tests.conformance.client_paths import paths_in, unused
from tests.conformance.differences import DEFECTS, covered_by
from tests.conformance.recorder import RecordingSimulator
from tests.conformance.report import judge, kinds_of, lines
from tests.conformance.scenario import Scenario
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.world import DEFS, world

DECLARED = load_providers(DEFS)
CLIENTS = Path(__file__).parents[2] / "sync_core" / "providers"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=ABSENT)


@pytest.mark.parametrize("provider", sorted(DECLARED))
def test_a_whole_run_keeps_to_the_specification_and_uses_every_endpoint_of_the_client(  # noqa: PLR0917 - fixtures
    provider: str,
    database: sa.Engine,
    tmp_path: Path,
    customers: int,
    is_shown: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert provider in SPECIFICATIONS, f"name the specification of {provider} in tests/conformance/specifications.py"
    simulated = simulators(tmp_path)
    if provider not in simulated:
        pytest.skip(f"there is no simulator of {provider} in sync_defs/simulators.py to be recorded")
    recording = RecordingSimulator(simulated[provider])

    def recorded() -> dict[str, Simulator]:
        return {provider: recording}

    with world(database, tmp_path, recorded) as made:
        scenario = Scenario(made, provider, recording, customers)
        scenario.run()

    found = judge(SPECIFICATIONS[provider](), recording.exchanges)
    if is_shown:
        with capsys.disabled():
            print("", *lines(found), sep="\n")  # noqa: T201 - the report is what was asked for
    assert_much_happened(scenario)
    asked = {one.request.path for one in recording.exchanges if one.speaker == "client"}
    assert unused(paths_in(CLIENTS / provider), asked) == set()
    known = {violation: covered_by(violation, DEFECTS) for violation in found.violations}
    assert [str(first) for first, _ in kinds_of([one for one, defect in known.items() if defect is None])] == []
    defects = [defect for defect in DEFECTS if defect.provider == provider]
    assert [defect for defect in defects if defect not in known.values()] == []
    if defects:
        pytest.xfail("; ".join(f"{defect.reason} ({defect.source})" for defect in defects))


def assert_much_happened(scenario: Scenario) -> None:
    """The run proves as much as it did: every kind of operation, every entity, good and bad answers."""
    totals = sum((report.counts for report in scenario.reports), Counts())
    assert min(totals.created, totals.updated, totals.deleted, totals.failed, totals.pulled_read) > 0
    assert {report.entity for report in scenario.reports if report.status == "succeeded"} == set(scenario.entities)
    exchanges = scenario.recording.exchanges
    assert {one.response.status for one in exchanges if one.response is not None} >= {200, 400, 429, 500}
    assert {one.speaker for one in exchanges} == {"client", "person"}
