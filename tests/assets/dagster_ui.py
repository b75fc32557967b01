"""Dagster as the person before its UI has it: the UI's own GraphQL questions, and the daemon that does what is asked.

Storage, run queue and backfill daemon are Dagster's own, on PostgreSQL and by the product's dagster.yaml; only the run
itself happens in this process instead of one of its own, which saves four seconds a run.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster_graphql.test.utils import execute_dagster_graphql

ROOT = Path(__file__).parents[2]
IN_THIS_PROCESS = """
run_launcher:
  module: dagster._core.launcher.sync_in_memory_run_launcher
  class: SyncInMemoryRunLauncher
"""
MOST_ROUNDS = 10
_log = logging.getLogger(__name__)

_BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_BACKFILL_AGAIN = """mutation ($params: ReexecutionParams!) { reexecutePartitionBackfill(reexecutionParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_RUN_AGAIN = """mutation ($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_BACKFILL_SHOWN = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  status runs(limit: 50) { runId status tags { key value } } assetBackfillData { assetBackfillStatuses {
  ... on AssetPartitionsStatusCounts { numPartitionsTargeted numPartitionsMaterialized numPartitionsFailed } } } } } }"""
_PARTITIONS = """query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions failedPartitions } } } } }"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A backfill as its page shows it: partitions targeted, materialized, failed; its runs as (first, last, status).

    `failed_runs` are the ids of those that failed, by their first venue.
    """

    id: str
    status: str
    counts: tuple[int, int, int]
    runs: list[tuple[str, str, str]]
    failed_runs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ui:
    """The UI over an instance, and its daemon."""

    context: WorkspaceProcessContext

    @property
    def instance(self) -> dg.DagsterInstance:
        """The instance."""
        return self.context.instance

    def launch(self, asset: Sequence[str], venues: Sequence[str], **tags: str) -> str:
        """Choose an asset, "Materialize", these partitions, "Launch"; the backfill's id."""
        params = {
            "assetSelection": [{"path": list(asset)}],
            "partitionNames": list(venues),
            "tags": [{"key": f"venue_sync/{name}", "value": value} for name, value in tags.items()],
        }
        return self._ask(_BACKFILL, params=params)["backfillId"]

    def backfill(self, asset: Sequence[str], venues: Sequence[str], **tags: str) -> Shown:
        """The same, and wait until it is over."""
        return self._carried_out(self.launch(asset, venues, **tags))

    def backfill_what_failed(self, backfill: str) -> Shown:
        """Press "Re-execute from failure" on the page of a backfill."""
        params = {"parentRunId": backfill, "strategy": "FROM_FAILURE"}
        return self._carried_out(self._ask(_BACKFILL_AGAIN, params=params)["backfillId"])

    def run_what_failed(self, run: str) -> dg.DagsterRunStatus:
        """Press "Re-execute from failure" on the page of a run."""
        params = {"parentRunId": run, "strategy": "FROM_FAILURE"}
        again = self._ask(_RUN_AGAIN, params=params)["run"]["runId"]
        self.daemon_round()
        found = self.instance.get_run_by_id(again)
        assert found is not None
        return found.status

    def daemon_round(self) -> None:
        """One round of the daemons that make runs of backfills, and let queued runs begin."""
        assert list(filter(None, execute_backfill_iteration(self.context, _log))) == []
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(self.context))

    def partitions(self, asset: Sequence[str]) -> tuple[set[str], set[str]]:
        """The green and the red ones on an asset's page."""
        shown = self._ask(_PARTITIONS, key={"path": list(asset)})["assetPartitionStatuses"]
        return set(shown["materializedPartitions"]), set(shown["failedPartitions"])

    def _carried_out(self, backfill: str) -> Shown:
        for _ in range(MOST_ROUNDS):
            self.daemon_round()
            shown = self._ask(_BACKFILL_SHOWN, id=backfill)
            if shown["status"].startswith("COMPLETED"):
                return _shown(backfill, shown)
        raise AssertionError(f"the backfill is not over after {MOST_ROUNDS} rounds")

    def _ask(self, query: str, **variables: Any) -> Any:
        answer = execute_dagster_graphql(self.context.create_request_context(), query, variables)
        [data] = answer.data.values()
        return data


def _shown(backfill: str, said: Any) -> Shown:
    [counts] = said["assetBackfillData"]["assetBackfillStatuses"]
    runs = [({tag["key"]: tag["value"] for tag in run["tags"]}, run) for run in said["runs"]]
    ends = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    return Shown(
        backfill,
        said["status"],
        tuple(counts[f"numPartitions{name}"] for name in ("Targeted", "Materialized", "Failed")),  # pyright: ignore[reportArgumentType]
        sorted((tags[ends[0]], tags[ends[1]], run["status"]) for tags, run in runs),
        {tags[ends[0]]: run["runId"] for tags, run in runs if run["status"] == "FAILURE"},
    )


@contextmanager
def opened(home: Path) -> Iterator[Ui]:
    """The UI over the product's definitions, which read the environment as they stand."""
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text() + IN_THIS_PROCESS)
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name="sync_defs.definitions", working_directory=str(ROOT)
    )
    origin = InProcessCodeLocationOrigin(target, location_name="venue-sync")
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        create_test_daemon_workspace_context(InProcessWorkspaceLoadTarget(origin), instance) as context,
    ):
        yield Ui(context)
