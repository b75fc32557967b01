"""Everything Dagster sees, as one readable page that is compared with the checked-in one.

Rewrite the page with: UPDATE_SNAPSHOT=1 pytest tests/sync_defs/test_definitions.py
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sync_defs.definitions import defs

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("definitions.txt")
SETTINGS = (
    "DATABASE_URL",
    "DAGSTER_DATABASE_URL",
    "DAGSTER_HOME",
    "VENUE_SYNC_HOME",
    "VENUE_SYNC_KMS_KEY_ID",
    "VENUE_SYNC_DECLARATIONS",
)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        return defs()


def _assets(definitions: dg.Definitions) -> Iterator[str]:
    for spec in sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key):
        partitions = (
            f" per {spec.partitions_def.name}"
            if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
            else ""
        )
        yield f"{spec.key.to_user_string()}  [{spec.group_name}]{partitions}"
        yield f"    kinds: {', '.join(sorted(spec.kinds))}"
        if spec.deps:
            yield f"    from: {', '.join(sorted(dep.asset_key.to_user_string() for dep in spec.deps))}"
        for check in sorted(definitions.resolve_asset_graph().get_check_keys_for_assets({spec.key}), key=str):
            yield f"    check: {check.name}"
        for tag, value in sorted(spec.tags.items()):
            if tag.startswith("venue_sync/"):
                yield f"    {tag.removeprefix('venue_sync/')}: {value}"
        schema = spec.metadata["dagster/column_schema"]
        yield f"    columns: {', '.join(column.name for column in schema.columns)}"


def _starters(definitions: dg.Definitions) -> Iterator[str]:
    repository = definitions.get_repository_def()
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            keys = sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            yield f"job {job.name}: {', '.join(keys or [node.name for node in job.graph.nodes])}"
    for schedule in repository.schedule_defs:
        yield f"schedule {schedule.name}: {schedule.job_name} at {schedule.cron_schedule} {schedule.default_status.value}"
    for sensor in repository.sensor_defs:
        yield f"sensor {sensor.name}: every {sensor.minimum_interval_seconds} s {sensor.default_status.value}"
    for name in sorted(repository.get_top_level_resources()):
        yield f"resource {name}"


def test_what_dagster_sees_is_what_was_agreed(definitions: dg.Definitions) -> None:
    page = "\n".join([*_assets(definitions), "", *_starters(definitions)]) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        PAGE.write_text(page, encoding="utf-8")

    assert page == PAGE.read_text(encoding="utf-8")


def test_no_synced_asset_depends_on_another_one(definitions: dg.Definitions) -> None:
    """Otherwise one venue's failure would keep all venues of the run from the next asset."""
    specs = definitions.resolve_all_asset_specs()

    direct = [
        (spec.key, dep.asset_key)
        for spec in specs
        for dep in spec.deps
        if (spec.key.path[0] == "venue") == (dep.asset_key.path[0] == "venue")
    ]

    assert direct == []


def test_assets_that_others_need_are_synced_first(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("incremental_sync")
    priority = {node.name: int(node.definition.tags["dagster/priority"]) for node in job.graph.nodes}

    assert priority["stripe__customers"] > priority["stripe__charges"] > priority["stripe__refunds"]


def test_dagster_accepts_the_definitions_without_any_credential(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}

    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-m", "sync_defs.definitions"],
        cwd=ROOT,
        env={**environment, "DAGSTER_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
