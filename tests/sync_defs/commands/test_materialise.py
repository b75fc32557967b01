"""What the command line syncs shows in Dagster without a run; a Dagster that is down costs a warning only."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from sync_core.store.database import dagster_url
from tests.sync_defs.conftest import CUSTOMERS, Call

CONFIGURATION = Path(__file__).parents[3] / "dagster.yaml"
SYNC = ("sync", "--venue", "lantern-hall", "--provider", "stripe", "--entity", "customers")


def test_a_synced_venue_is_materialised(
    connected: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    home = tmp_path / "home" / "dagster"
    home.mkdir(parents=True)
    shutil.copy(CONFIGURATION, home / "dagster.yaml")
    said = connected(*SYNC)
    assert (said.code, "Warning" in said.err) == (0, False)
    monkeypatch.setenv("DAGSTER_DATABASE_URL", dagster_url(database_url))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        found = instance.fetch_materializations(dg.AssetKey(["stripe", "customers"]), limit=10).records
    assert [record.partition_key for record in found] == ["lantern-hall"]
    assert found[0].asset_materialization is not None
    assert found[0].asset_materialization.metadata["created"].value == CUSTOMERS


def test_a_dagster_that_cannot_be_told_is_one_warning(connected: Call, tmp_path: Path) -> None:
    home = tmp_path / "home" / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("storage: {nonsense: true}")
    said = connected(*SYNC)
    assert said.code == 0
    assert said.err.count("Warning: the sync is done") == 1


def test_where_dagster_was_never_set_up_nothing_is_said(connected: Call) -> None:
    assert "Warning" not in connected(*SYNC).err
