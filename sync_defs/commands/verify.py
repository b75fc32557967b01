"""`venue-sync verify`: let the judge compare the venues' tables with their accounts, record by record."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sync_core.errors import ProviderRefused
from sync_core.oauth.keeping import credential_of
from sync_core.store import connections, venue_records
from sync_core.store.connections import Connection
from sync_core.store.status import venue_names
from sync_core.store.venue_tables import SYNCED
from sync_core.sync.engine import Engine
from sync_defs.commands import exits
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say
from sync_sims.judge import JUDGED, Account, Unreadable, VenueSide, Verdict, judge

TABLES = tuple(table.name for table in SYNCED)


def verify(
    *,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", help="Only this venue; may be given several times.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show the first so many differences.")] = 20,
    json: Json = False,
) -> None:
    """Compare every record of the connected venues with what the providers hold; writes nothing."""
    with ready_engine(settings_now()) as engine:
        verdict = verdict_on(engine, venues=venue or (), shown=limit)
    if json:
        print_json(
            {
                "equal": verdict.equal,
                "compared": _named(verdict),
                "excused": verdict.excused,
                "found": verdict.found,
                "differences": verdict.differences,
            }
        )
    else:
        show(verdict)
    if not verdict.equal:
        raise typer.Exit(exits.SOME_FAILED)


def verdict_on(
    engine: Engine,
    *,
    venues: Sequence[str],
    unsold: frozenset[str] = frozenset(),
    unsubscribed: frozenset[tuple[str, str]] = frozenset(),
    shown: int = 20,
) -> Verdict:
    """The judge's verdict on these venues, or on all that are connected.

    Args:
        engine: whose venues, vault and addresses.
        venues: ids; none means all.
        unsold: ids of orders that are known to have no payment.
        unsubscribed: (venue, customer) of those who took themselves off the mailing list.
        shown: how many differences are kept.

    Raises ProviderRefused when an account cannot be read.
    """
    with engine.database.connect() as conn:
        known = venue_names(conn)
        chosen = {require_known("venue", name, known) for name in venues} or set(known)
        connected = [c for c in connections.all_of(conn) if c.venue in chosen and c.status == "connected"]
    for provider in sorted({c.provider for c in connected} - JUDGED):
        say(f"There is no judge for {engine.spec(provider).title}: its accounts are not compared.")
    accounts = [_account(engine, connection) for connection in connected if connection.provider in JUDGED]
    try:
        return judge(
            accounts,
            lambda venue, provider: _venue_side(
                engine,
                venue,
                provider,
                unsold=unsold,
                unsubscribed=frozenset(customer for where, customer in unsubscribed if where == venue),
            ),
            shown=shown,
        )
    except Unreadable as error:
        raise ProviderRefused(str(error)) from None


def _account(engine: Engine, connection: Connection) -> Account:
    spec = engine.spec(connection.provider)
    with engine.database.connect() as conn:
        secret = credential_of(engine, conn, connection)
    sandbox = spec.api.sandbox_base if connection.environment == "sandbox" else None
    base = engine.settings.bases.get(spec.api.base_env, sandbox or spec.api.base)
    return Account(connection.venue, connection.provider, base, secret[spec.auth.fields[0]], parts=secret)


def _venue_side(
    engine: Engine, venue: str, provider: str, *, unsold: frozenset[str], unsubscribed: frozenset[str]
) -> VenueSide:
    called = {entity.model: name for name, entity in engine.spec(provider).entities.items()}
    with engine.database.connect() as conn:
        tables = {table: venue_records.living(conn, table, venue) for table in TABLES}
        here = {order["id"] for order in tables["orders"] if order["provider"] == provider}
        waiting = venue_records.awaiting_a_person(conn, venue, provider)
        return VenueSide(
            tables=tables,
            deleted_products=venue_records.deleted(conn, "products", venue),
            known=venue_records.names_by_remote(conn, venue, provider, entity=called["customers"]),
            known_products=venue_records.names_by_remote(conn, venue, provider, entity=called["products"]),
            excused=frozenset(waiting | {("orders", order) for order in unsold & here}),
            unsubscribed=unsubscribed,
        )


def show(verdict: Verdict) -> None:
    """Print what was compared, and the differences in words."""
    rows = [(provider, what, count) for (provider, what), count in verdict.compared.items()]
    print_table(rows, columns=("provider", "what", "compared"), title="The judge compared")
    for difference in verdict.differences:
        say(difference.sentence)
    if verdict.found > len(verdict.differences):
        say(f"... and {verdict.found - len(verdict.differences)} more differences.")
    excused = (
        f" {verdict.excused:,} records are excused: they wait in dead letters with a reason, or could not be sold."
        if verdict.excused
        else ""
    )
    total = sum(verdict.compared.values())
    say(
        f"Both sides are equal: {total:,} records.{excused}"
        if verdict.equal
        else f"{verdict.found:,} differences.{excused}"
    )


def _named(verdict: Verdict) -> dict[str, int]:
    return {f"{provider} {what}": count for (provider, what), count in verdict.compared.items()}
