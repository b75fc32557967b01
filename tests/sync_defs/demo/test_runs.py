"""What the demo says to Dagster by name is what Dagster's definitions are called."""

from assets.keys import VENUES, synced_key
from sync_defs import jobs
from sync_defs.commands.opening import declared
from sync_defs.demo import runs
from sync_defs.demo.hands import HANDS
from sync_defs.demo.world import OPENINGS
from sync_defs.simulators import BASE_VARIABLES
from sync_sims.judge import JUDGED


def test_names_are_those_of_the_definitions() -> None:
    assert (runs.JOB, runs.PARTITIONS) == (jobs.INCREMENTAL, VENUES)
    assert jobs.range_tags("a", "b") == {runs.RANGE_START: "a", runs.RANGE_END: "b"}


def test_every_declared_entity_is_synced() -> None:
    keys = {key for assets in runs.asset_keys(declared()).values() for key in assets}
    assert keys == {
        tuple(synced_key(name, entity).path) for name, spec in declared().items() for entity in spec.entities
    }


def test_simulated_addresses_go_where_the_declarations_read_them() -> None:
    variables = {name: spec.api.base_env for name, spec in declared().items()}
    assert {name: BASE_VARIABLES[name] for name in variables} == variables


def test_every_declared_provider_has_an_account_in_the_demo_and_somebody_who_edits_there() -> None:
    assert declared().keys() <= OPENINGS.keys()
    assert declared().keys() <= HANDS.keys()
    assert declared().keys() <= JUDGED
