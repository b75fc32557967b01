"""A credential has all the parts that its declaration demands, and none that it does not know."""

from pathlib import Path

import pytest

from sync_core.errors import ConfigurationError
from sync_core.spec.load import load_providers
from sync_defs.commands.connections import read_secret

STRIPE = load_providers(Path(__file__).parents[3] / "sync_defs" / "defs")["stripe"]
SPEC = STRIPE.model_copy(update={"auth": STRIPE.auth.model_copy(update={"optional": ("list_id",)})})


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "k-1")
    monkeypatch.setenv("LIST", "l-1")


def test_an_optional_part_may_be_given_or_left_out() -> None:
    assert read_secret(SPEC, ["api_key=KEY"]) == {"api_key": "k-1"}
    assert read_secret(SPEC, ["api_key=KEY", "list_id=LIST"]) == {"api_key": "k-1", "list_id": "l-1"}


@pytest.mark.parametrize("given", [["list_id=LIST"], ["api_key=KEY", "audience=LIST"]])
def test_a_missing_or_unknown_part_is_refused_with_all_that_there_are(given: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"none empty: api_key; it may also have: list_id\."):
        read_secret(SPEC, given)
