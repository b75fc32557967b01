"""Letting an account in: the same checks whichever way the venue showed that it is theirs."""

import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.providers.protocol import Account
from sync_core.store import connections, ledger
from sync_core.store.connections import Connection, Environment


def admit(conn: sa.Connection, venue: str, provider: str, *, environment: Environment, account: Account) -> int:
    """Make or renew the connection of `venue` to this account as connected; its id.

    Raises:
        ConfigurationError: there is no such venue, or it was synced with another account.
    """
    _refuse_another_account(connections.find(conn, venue, provider), account, conn)
    return connections.save(
        conn, venue, provider, environment=environment, account_id=account.id, account_name=account.name
    )


def _refuse_another_account(known: Connection | None, account: Account, conn: sa.Connection) -> None:
    """What the ledger knows is in the old account: with a new one behind it, nothing would ever be created there."""
    if known is None or known.account_id in (None, account.id) or ledger.is_empty(conn, known.id):
        return
    raise ConfigurationError(
        f"{known.label} was synced with the account {known.account_id}, and this key opens {account.id}: to begin anew "
        f"with it, run 'venue-sync disconnect {known.venue} {known.provider} --forget' first."
    )
