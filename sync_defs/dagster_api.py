"""Dagster as seen from outside: what the supervisor and the demo ask a running webserver over GraphQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from sync_core.errors import ConfigurationError, TransientError

LOCATION = "venue-sync"
REPOSITORY = "__repository__"
SECONDS = 30.0
FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})

_LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
_PARTITIONS = (
    """query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys } } }"""
)
_ADD = """mutation ($repository: RepositorySelector!, $definition: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $repository, partitionsDefName: $definition, partitionKey: $key) {
    __typename ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on PipelineNotFoundError { message }
  ... on InvalidSubsetError { message } } }"""
_STATUSES = (
    "query ($ids: [String!]) { runsOrError(filter: {runIds: $ids}) { ... on Runs { results { runId status } } } }"
)


class DagsterApi:
    """A webserver at `address` ("http://127.0.0.1:3000"); every method is one request or a few.

    Raises TransientError when it does not answer, ConfigurationError when it refuses.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def answers(self) -> bool:
        """Whether the webserver is there."""
        try:
            return requests.get(f"{self.address}/server_info", timeout=SECONDS).ok
        except requests.RequestException:
            return False

    def definitions_loaded(self) -> bool:
        """Whether our definitions are loaded. Raises ConfigurationError with Dagster's reason when they cannot be."""
        entries = self._ask(_LOCATIONS)["workspaceOrError"]["locationEntries"]
        for entry in entries:
            loaded = entry["locationOrLoadError"] or {}
            if loaded.get("__typename") == "PythonError":
                reason = str(loaded["message"]).strip().splitlines()[-1]
                raise ConfigurationError(
                    f"Dagster cannot load {entry['name']}: {reason} ('venue-sync check' shows more.)"
                )
        return bool(entries) and all(entry["locationOrLoadError"] for entry in entries)

    def daemons_ready(self) -> bool:
        """Whether every daemon that Dagster requires has reported lately."""
        statuses = self._ask(_DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(status["healthy"] for status in statuses if status["required"])

    def partitions(self, asset: Sequence[str]) -> list[str]:
        """The partition keys of an asset, in their own order."""
        return self._ask(_PARTITIONS, key={"path": list(asset)})["assetNodeOrError"].get("partitionKeys", [])

    def add_partition(self, definition: str, key: str) -> None:
        """Add a dynamic partition; one that exists already stays."""
        answer = self._ask(_ADD, repository=_repository(), definition=definition, key=key)["addDynamicPartition"]
        if answer["__typename"] not in ("AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"):
            raise ConfigurationError(f"Dagster refuses the partition {key}: {_reason(answer)}")

    def launch(self, job: str, *, assets: Sequence[Sequence[str]], tags: Mapping[str, str]) -> str:
        """Submit one run of `job` over some of its assets; the run's id."""
        params = {
            "selector": {
                "repositoryName": REPOSITORY,
                "repositoryLocationName": LOCATION,
                "jobName": job,
                "assetSelection": [{"path": list(path)} for path in assets],
            },
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        answer = self._ask(_LAUNCH, params=params)["launchRun"]
        if answer["__typename"] != "LaunchRunSuccess":
            raise ConfigurationError(f"Dagster refuses a run of {job}: {_reason(answer)}")
        return answer["run"]["runId"]

    def statuses(self, run_ids: Sequence[str]) -> dict[str, str]:
        """The status of each run: QUEUED, STARTED, SUCCESS, FAILURE, ..."""
        found = self._ask(_STATUSES, ids=list(run_ids))["runsOrError"]["results"]
        return {run["runId"]: run["status"] for run in found}

    def _ask(self, query: str, **variables: Any) -> Any:
        try:
            answer = requests.post(
                f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=SECONDS
            )
            body = answer.json()
        except (requests.RequestException, ValueError):
            raise TransientError(f"Dagster's webserver at {self.address} does not answer: see its log.") from None
        if body.get("errors"):
            raise ConfigurationError(f"Dagster does not understand a question: {body['errors'][0].get('message')}")
        return body["data"]


def _repository() -> dict[str, str]:
    return {"repositoryName": REPOSITORY, "repositoryLocationName": LOCATION}


def _reason(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors") or [answer]
    return str(errors[0].get("message") or answer["__typename"]).strip().splitlines()[0]
