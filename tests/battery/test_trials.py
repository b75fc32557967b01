"""The battery is complete: whoever declares a provider gives it a trial, and the trial fits the declaration."""

import pytest

from sync_core.store.rows import TABLES
from tests.battery.stage import DECLARED
from tests.battery.trials import TRIALS, Trial


@pytest.mark.parametrize("provider", sorted(DECLARED))
def test_every_declared_provider_has_a_trial(provider: str) -> None:
    assert provider in TRIALS, f"{provider} is declared; add a Trial for it to tests/battery/trials.py"


def test_a_trial_speaks_of_what_is_declared(trial: Trial) -> None:
    spec = DECLARED[trial.provider]
    both = spec.entities[trial.two_way.listed.entity]
    only_pulled = {name for name, entity in spec.entities.items() if entity.direction == "pull"}

    assert set(trial.secret) == set(spec.auth.fields)
    assert both.direction == "both"
    assert trial.pulled is None or trial.pulled.entity in only_pulled
    assert trial.computed <= only_pulled
    assert trial.pulled is not None or not only_pulled
    assert set(trial.two_way.columns) <= set(TABLES[both.model].c.keys())
    assert set(trial.two_way.texts) <= set(trial.two_way.columns)
    assert "email" in trial.two_way.columns
    assert trial.money is None or spec.entities[trial.money.pushed].model == "products"
