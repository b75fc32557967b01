"""The engine: everything a sync needs, built once per process, and the way in for Dagster, the terminal and the API."""

import logging
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync_core import traces
from sync_core.clock import Clock, SystemClock
from sync_core.errors import AuthorizationLost, ConfigurationError, DatabaseFailure, Held, SyncError, TransientError
from sync_core.http.backoff import NORMAL
from sync_core.http.calls import CallLog
from sync_core.http.turn import Turn
from sync_core.logs import correlated
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.mapping.compile import load_mappings
from sync_core.oauth.bearer import bearer_of
from sync_core.oauth.keeping import API_KEY, credential_of, give_up_tokens
from sync_core.providers.protocol import Account
from sync_core.settings import Settings
from sync_core.spec.connection import ConnectionSettings
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections, locks
from sync_core.store.comeback import Comeback, Trials
from sync_core.store.connections import Connection, Environment
from sync_core.store.failures import failure_of
from sync_core.sync import log_line
from sync_core.sync.accounts import Access, Accounts
from sync_core.sync.admission import admit
from sync_core.sync.execute import replay
from sync_core.sync.guards import Guards
from sync_core.sync.hanging import Hanging
from sync_core.sync.meters import Meters
from sync_core.sync.order import Order
from sync_core.sync.own_mappings import OwnMappings
from sync_core.sync.plan import foresee, rehearse
from sync_core.sync.pull import pull
from sync_core.sync.push import push
from sync_core.sync.refresh import refresh
from sync_core.sync.report import EntityReport, Mode, OnProgress, Plan, Progress, Status, silent
from sync_core.sync.scope import scope_of
from sync_core.sync.second_look import due_letters, look_again
from sync_core.sync.terms import terms_of
from sync_core.sync.traced import counted, syncing
from sync_core.sync.work import Work
from sync_core.trouble import trouble_of
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.choose import open_former, open_keyring
from sync_core.vault.credentials import Vault

Lock = Callable[[sa.Connection, int, str], AbstractContextManager[bool]]
Ending = tuple[Status, str | None]

_log = logging.getLogger(__name__)


def random_key() -> str:
    """A fresh idempotency key: 32 hex digits, within every provider's limit (Square payments: 45)."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, repr=False)
class Engine:
    """What every sync of this process shares. Thread-safe: each sync takes its own database connection.

    `mappings` are the declared ones; `mapping_of` tells which one counts for a connection.
    """

    database: sa.Engine
    specs: Mapping[str, ProviderSpec]
    mappings: Mapping[tuple[str, str], FieldMapping]
    vault: Vault
    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.SystemRandom)
    new_key: Callable[[], str] = random_key
    own_mappings: OwnMappings = field(default_factory=OwnMappings, init=False)
    guards: Guards = field(init=False)
    meters: Meters = field(init=False)
    accounts: Accounts = field(init=False)
    comeback: Comeback = field(init=False)
    hanging: Hanging = field(init=False)

    def __post_init__(self) -> None:
        """Share limits and breakers with whoever works on the same database."""
        object.__setattr__(self, "guards", Guards(self.database, clock=self.clock))
        object.__setattr__(self, "meters", Meters(clock=self.clock, vault_counts=self.vault.counts))
        accounts = Accounts(self.settings, self.clock, self.rng, self.guards, self.meters)
        object.__setattr__(self, "accounts", accounts)
        object.__setattr__(self, "comeback", Comeback(self.database, clock=self.clock))
        object.__setattr__(self, "hanging", Hanging(self.clock))

    def mapping_of(self, conn: sa.Connection, connection: Connection, entity: str) -> FieldMapping:
        """The mapping of a connection's entity: the venue's own where it has one.

        Raises DeclarationError when the venue's own does not fit what is declared any more.
        """
        spec, declared = self.spec(connection.provider), self.mappings[connection.provider, entity]
        return self.own_mappings.of(conn, connection, entity, spec=spec, declared=declared)

    def sync(
        self,
        connection: Connection,
        entity: str,
        *,
        mode: Mode,
        run_id: str,
        on_progress: OnProgress = silent,
        turn: Turn | None = None,
    ) -> EntityReport:
        """Bring one entity of one connection in step: finish what was left, pull, push.

        Through `turn` somebody else watches over it, and may end it.
        A venue's trouble does not raise: it comes back as a report with status "failed" and a sentence.
        """
        order = Order(connection, entity, mode, run_id, on_progress, _run, turn=turn)
        return self._reported(order, locks.holding, self._logged)

    def refresh(
        self,
        connection: Connection,
        entity: str,
        remote_ids: Sequence[str],
        *,
        run_id: str,
        told_at: Mapping[str, datetime] | None = None,
        turn: Turn | None = None,
    ) -> EntityReport:
        """Read these objects again and take them in as a pull would; no cursor moves, and nothing is pushed.

        Objects that they refer to and that nobody here knows yet are brought first, so that events may come in any order.

        `told_at` says when an event told of a change, by the provider's id, for objects that do not say it themselves.
        It does without the sync log: whoever asks for it (the inbox) keeps its own account; `turn` is as in `sync`.
        A venue's trouble does not raise: it comes back as a report, "busy" while a sync of the same is running.
        """
        return self._refreshed(
            connection, entity, remote_ids, run_id, told_at=told_at or {}, calls=CallLog(), turn=turn
        )

    def _refreshed(
        self,
        connection: Connection,
        entity: str,
        remote_ids: Sequence[str],
        run_id: str,
        *,
        told_at: Mapping[str, datetime],
        calls: CallLog,
        turn: Turn | None,
    ) -> EntityReport:
        def bring(needed: str, ids: Sequence[str]) -> None:
            if ids:
                report = self._refreshed(connection, needed, ids, run_id, told_at={}, calls=calls, turn=turn)
            else:
                first = Order(connection, needed, Mode(), run_id, silent, _run, calls=calls, turn=turn)
                report = self._reported(first, locks.holding, self._logged)
            if report.status == "busy":
                raise Held(report.error or "")
            if report.status != "succeeded":
                order.tally.category = report.category
                raise TransientError(f"{needed} of {connection.label}, which {entity} refer to: {report.error}")

        def again(work: Work) -> None:
            refresh(work, remote_ids, told_at=told_at, bring=bring)

        order = Order(connection, entity, Mode(), run_id, silent, again, calls=calls, turn=turn, what="read again")
        return self._reported(order, locks.holding_briefly, self._noted)

    def _reported(self, order: Order, lock: Lock, act: Callable[[sa.Connection, Order], Ending]) -> EntityReport:
        """Do it as one span, which says in the end how it went."""
        with syncing(order.what, order.connection, order.entity, mode=order.mode, run_id=order.run_id) as span:
            report = self._done(order, lock, act)
            counted(span, report)
        return report

    def _done(self, order: Order, lock: Lock, act: Callable[[sa.Connection, Order], Ending]) -> EntityReport:
        """Do it under the entity's lock, again if the database was lost on the way, and tell how it went."""
        started = self.clock.monotonic()
        connection, entity = order.connection, order.entity
        trials = Trials(self.comeback, clock=self.clock)
        while True:
            try:
                status, error = self._locked(order, lock, act)
            except (SQLAlchemyError, DatabaseFailure) as lost:
                # Every step of a sync may be done again; what it did is found like what a killed one left.
                if trials.another(lost):
                    continue
                status, error = "failed", _told(lost, connection.label)
                order.tally.category = trouble_of(failure_of(lost) or lost).category
                log_line.note_failure(self.database, order, error)
            break
        return EntityReport(
            venue=connection.venue,
            provider=connection.provider,
            entity=entity,
            status=status,
            counts=order.tally.counts,
            api_calls=order.calls.snapshot().total.calls,
            seconds=self.clock.monotonic() - started,
            error=error,
            category=order.tally.category if status == "failed" else None,
            failures=tuple(order.tally.failures),
            frame_rows=order.tally.frame_rows,
            frame_bad=order.tally.frame_bad,
        )

    def _locked(self, order: Order, lock: Lock, act: Callable[[sa.Connection, Order], Ending]) -> Ending:
        connection, entity = order.connection, order.entity
        told_as = correlated(order.run_id)
        with told_as, self.database.connect() as conn, lock(conn, connection.id, entity) as mine:
            if mine:
                return act(conn, order)
        return "busy", f"Another sync of {entity} of {connection.label} is running; this one did nothing."

    def plan(self, connection: Connection, entity: str, *, mode: Mode) -> Plan:
        """What `sync` would do, before it does. Reads at the provider, writes nowhere.

        Raises the SyncError that would stop the sync.
        """
        order = Order(connection, entity, mode, "plan", silent, _run)
        with self.meters.written(self.database), self.database.connect() as conn, self._work(conn, order) as work:
            return foresee(work)

    def rehearse(self, connection: Connection, entity: str, mapping: FieldMapping, *, limit: int) -> Plan:
        """What `mapping` would change of the first `limit` rows, were it the connection's. Writes nowhere.

        Raises the SyncError that would stop the sync.
        """
        order = Order(connection, entity, Mode(), "rehearsal", silent, _run, mapping)
        with self.meters.written(self.database), self.database.connect() as conn, self._work(conn, order) as work:
            return rehearse(work, limit=limit)

    def connect(
        self,
        venue: str,
        provider: str,
        secret: Mapping[str, str],
        *,
        environment: Environment,
        settings: ConnectionSettings | None = None,
        correlation: str = "connect",
    ) -> Account:
        """Test a credential against the provider, then seal and store it; the account it opens.

        `settings` take the place of those the connection may have; None leaves them.

        Raises:
            ConfigurationError: unknown provider or venue, not the credential's declared parts, or another account than
                the one this venue was synced with.
            AuthorizationLost: the provider refuses it; nothing is stored.
        """
        account = self.test(venue, provider, secret, environment=environment, correlation=correlation)
        with self.database.begin() as conn:
            connection_id = admit(conn, venue, provider, environment=environment, account=account)
            self.vault.store(
                conn, connection_id=connection_id, venue=venue, provider=provider, kind=API_KEY, secret=secret
            )
            give_up_tokens(conn, connection_id)
            if settings is not None:
                connections.change_settings(conn, connection_id, settings)
        return account

    def test(
        self,
        venue: str,
        provider: str,
        secret: Mapping[str, str],
        *,
        environment: Environment,
        correlation: str = "connect",
    ) -> Account:
        """Whose account a venue's key opens; nothing is stored. Raises as `connect`."""
        spec = self.spec(provider)
        if not set(spec.auth.fields) <= set(secret) <= {*spec.auth.fields, *spec.auth.optional}:
            wanted = ", ".join([*spec.auth.fields, *(f"{name} (optional)" for name in spec.auth.optional)])
            raise ConfigurationError(f"{spec.title} connects with exactly: {wanted}. {spec.auth.help}")
        return self.account_of(venue, provider, secret, environment=environment, correlation=correlation)

    def account_of(
        self,
        venue: str,
        provider: str,
        secret: Mapping[str, str],
        *,
        environment: Environment,
        correlation: str = "connect",
    ) -> Account:
        """Whose account a credential opens. Raises AuthorizationLost when the provider refuses it."""
        spec, access = self.spec(provider), Access(f"{venue}/{provider}", environment, secret)
        with (
            self.meters.written(self.database),
            self.accounts.opened(spec, access, calls=CallLog(), correlation=correlation, patience=NORMAL) as client,
        ):
            return client.account()

    def spec(self, provider: str) -> ProviderSpec:
        """The declaration of `provider`. Raises ConfigurationError when there is none."""
        if provider not in self.specs:
            raise ConfigurationError(
                f"There is no provider {provider!r}: declared are {', '.join(sorted(self.specs))}."
            )
        return self.specs[provider]

    def _noted(self, conn: sa.Connection, order: Order) -> Ending:
        try:
            error = self._troubled(conn, order)
        except Held as held:
            conn.rollback()
            return "busy", str(held)
        status: Status = "succeeded" if error is None else "failed"
        self.meters.read_again(order.connection.provider, order.entity, status=status, counts=order.tally.counts)
        self.meters.write(conn)
        conn.commit()
        return status, error

    def _logged(self, conn: sa.Connection, order: Order) -> Ending:
        provider, began = order.connection.provider, self.clock.monotonic()
        log_line.begin(conn, order)
        error = self._troubled(conn, order)
        log_line.end(conn, order, error, declared=self.spec(provider).entities[order.entity])
        status: Status = "succeeded" if error is None else "failed"
        seconds, counts = self.clock.monotonic() - began, order.tally.counts
        self.meters.synced(provider, order.entity, status=status, counts=counts, seconds=seconds)
        self.meters.write(conn)
        conn.commit()
        return status, error

    def _troubled(self, conn: sa.Connection, order: Order) -> str | None:
        """Run the sync; a sentence when it did not go through, with `conn` ready for a new transaction."""
        label = order.connection.label
        try:
            with self._work(conn, order) as work:
                order.steps(work)
        except AuthorizationLost as lost:
            conn.rollback()
            connections.mark_failed(conn, order.connection.id, reason=str(lost))
            order.blame(lost)
            return str(lost)
        except (Held, SQLAlchemyError, DatabaseFailure):
            raise
        except SyncError as failed:
            conn.rollback()
            order.blame(failed)
            return str(failed)
        except Exception as unexpected:  # noqa: BLE001 - one venue's surprise must not take the others along
            _log.exception("sync.failed connection=%s entity=%s", label, order.entity)
            conn.rollback()
            order.blame(unexpected)
            return f"An unexpected {type(unexpected).__name__} stopped {label}; the log has the details."
        return None

    @contextmanager
    def _work(self, conn: sa.Connection, order: Order) -> Iterator[Work]:
        connection, entity = order.connection, order.entity
        spec = self.spec(connection.provider)
        mapping = order.mapping or self.mapping_of(conn, connection, entity)
        terms = terms_of(connection.settings, spec.entities[entity], entity)
        access = self._access(conn, connection)
        conn.commit()
        with self.accounts.opened(spec, access, calls=order.calls, correlation=order.run_id, turn=order.turn) as client:
            yield Work(
                conn=conn,
                connection=connection,
                entity=entity,
                provider_spec=spec,
                mapping=mapping,
                scope=scope_of(spec, entity, mapping, connection.venue, besides=terms.filters),
                provider=client,
                clock=self.clock,
                new_key=self.new_key,
                mode=order.mode,
                on_progress=self._watched(order, spec),
                tally=order.tally,
            )

    def _watched(self, order: Order, spec: ProviderSpec) -> OnProgress:
        """Whoever watches the sync, and the counts of its calls, which in a long one cannot wait for its end."""

        def told(progress: Progress) -> None:
            order.on_progress(progress)
            connection = order.connection
            self.meters.calls(spec, connection.environment, order.calls.news(), connection_id=connection.id)
            self.meters.write_now_and_then(self.database)

        return told

    def _access(self, conn: sa.Connection, connection: Connection) -> Access:
        """The connection's key, or what its tokens stand for with a watch over them."""
        secret = credential_of(self, conn, connection)
        tokens = bearer_of(self, conn, connection)
        return Access(connection.label, connection.environment, secret, tokens, connection.account_id, connection.id)


def open_engine_for(
    settings: Settings, database: sa.Engine, *, specs: Mapping[str, ProviderSpec], templates: Path
) -> Engine:
    """An engine on `database` with the vault that `settings` names.

    Raises:
        DeclarationError: a mapping template or model below `templates` is wrong.
        ConfigurationError: the keyring cannot be used; better known now than in the middle of a sync.
    """
    keyring = open_keyring(
        kms_key_id=settings.kms_key_id,
        kms_endpoint=settings.kms_endpoint,
        region=settings.region,
        local_key_file=settings.local_key_file,
        environment=settings.stage,
    )
    former = open_former(
        kms_key_arns=settings.former_kms_keys,
        kms_endpoint=settings.kms_endpoint,
        region=settings.region,
        local_key_files=settings.former_key_files,
        environment=settings.stage,
    )
    clock = SystemClock()
    vault = Vault(
        DataKeyCache(keyring, clock=clock),
        former={key: DataKeyCache(one, clock=clock) for key, one in former.items()},
    )
    vault.check()
    return Engine(
        database=database,
        specs=specs,
        mappings=load_mappings(specs, templates),
        vault=vault,
        settings=settings,
    )


def _run(work: Work) -> None:
    if work.spec.pushes:
        with traces.span("replay"):
            replay(work)  # whatever the settings say by now: what is under way is neither sent twice nor forgotten
    if work.terms.pulls:
        with traces.span("pull"):
            refused_before = due_letters(work)
            pull(work)
            look_again(work, refused_before)
    if work.terms.pushes:
        with traces.span("push"):
            push(work)


def _told(error: SQLAlchemyError | DatabaseFailure, label: str) -> str:
    """What went wrong with the database while a connection was synced, in a sentence."""
    failure = failure_of(error)
    if failure is not None:
        return f"{label} was not synced to its end. {failure}"
    if isinstance(error, DBAPIError):
        first_line = str(error.orig).strip().split("\n", maxsplit=1)[0][:200]
        return f"The database failed while {label} was synced: {first_line}"
    _log.error("sync.failed connection=%s", label, exc_info=error)
    return f"An unexpected {type(error).__name__} stopped {label}; the log has the details."
