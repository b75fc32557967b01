"""One sync that was asked for: of what, how, for whom, and where its work is counted."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sync_core.http.calls import CallLog
from sync_core.http.turn import Turn
from sync_core.mapping.compile import Mapping
from sync_core.store.connections import Connection
from sync_core.sync.report import Mode, OnProgress
from sync_core.sync.work import Tally, Work
from sync_core.trouble import trouble_of


@dataclass(slots=True)
class Order:
    """What the engine carries out: the `steps`, in order, on one entity of one connection.

    `mapping` is None for the one that counts for the connection; `log_id` is its line in the sync log, once it has one. `what`
    names it in traces.
    """

    connection: Connection
    entity: str
    mode: Mode
    run_id: str
    on_progress: OnProgress
    steps: Callable[[Work], None]
    mapping: Mapping | None = None
    tally: Tally = field(default_factory=Tally)
    calls: CallLog = field(default_factory=CallLog)
    turn: Turn | None = None
    log_id: int | None = None
    what: str = "sync"

    def blame(self, error: Exception) -> None:
        """Note who must act next after this error; what an earlier one in its depth says stands."""
        self.tally.category = self.tally.category or trouble_of(error, provider=self.connection.provider).category
