"""What a run broke: the judge's verdict, and every invariant of the product that can be seen from outside.

Stays true: nothing here goes by what the product says of itself where the provider or the script can be asked instead.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.crowd import PROVIDERS
from sync_core.oauth.keeping import held
from sync_core.store import connections
from sync_defs.commands.verify import verdict_on
from sync_sims.judge import Account as Judged
from sync_sims.judge_accounts import Holdings, read_account
from tests.chaos.hands import NAME
from tests.chaos.stage import BY_CONSENT, Stage
from tests.chaos.trail import mispriced, wrong
from tests.e2e.search import data_keys, found, house_keys, left_behind, written

EXACTLY_ONCE = ("intents",)


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found, in sentences by invariant, and how much was looked at."""

    compared: int
    excused: int
    waiting: int
    broken: tuple[str, ...]


def damage_of(stage: Stage) -> Damage:
    """Look at everything. The processes have ended, so nothing moves any more."""
    broken = [*_calls_without_our_name(stage)]
    verdict = verdict_on(stage.engine, venues=())
    broken += [f"judge: {one.sentence}" for one in verdict.differences]
    letters = _letters(stage)
    waiting = stage.sql("SELECT entity, local_id, reason FROM sync.pending")
    broken += [f"pending without a reason: {one.entity} {one.local_id}" for one in waiting if not one.reason]
    broken += [f"dead letter without a reason: {one}" for one in letters if not one.reason]
    for table in EXACTLY_ONCE:
        broken += [f"left in sync.{table}: {row}" for row in stage.sql(f"SELECT * FROM sync.{table}")]
    broken += _connections(stage)
    for venue in stage.venues:
        holdings = {provider: _holdings(stage, venue, provider) for provider in PROVIDERS}
        broken += _people(stage, venue, holdings)
        broken += _money(stage, venue, holdings)
        broken += _foreign(venue, holdings)
    broken += _prices(stage)
    broken += _secrets(stage)
    broken += stage.victims.ended_by_themselves
    return Damage(sum(verdict.compared.values()), len(letters), len(waiting), tuple(broken))


def _letters(stage: Stage) -> list[Any]:
    return stage.sql(
        "SELECT c.venue_id, c.provider, d.entity, d.direction, d.record_id, d.code, d.reason FROM sync.dead_letters AS d "
        "JOIN sync.connections AS c ON c.id = d.connection_id WHERE d.status = 'open'"
    )


def _connections(stage: Stage) -> Iterator[str]:
    for venue, provider, status, error in stage.sql(
        "SELECT venue_id, provider, status, last_error FROM sync.connections"
    ):
        if status != "connected":
            yield f"the connection {venue}/{provider} is {status}: {error}"


def _holdings(stage: Stage, venue: str, provider: str) -> Holdings:
    account = stage.accounts[venue][provider]
    return read_account(Judged(venue, provider, account.base, account.key, parts=account.credential))


def _people(stage: Stage, venue: str, holdings: dict[str, Holdings]) -> Iterator[str]:
    """Everybody is once at the venue and at each provider, or nowhere once they left; and is as was last said."""
    rows = stage.sql("SELECT * FROM venue.customers WHERE venue_id = :v AND deleted_at IS NULL", v=venue)
    here = Counter(row.email for row in rows)
    by_email = {row.email: row._asdict() for row in rows}
    there = {provider: Counter(_emails(provider, held)) for provider, held in holdings.items()}
    for person in stage.trail.people:
        if person.venue != venue:
            continue
        wanted = 0 if person.gone else 1
        for place, counted in {"the venue": here, **there}.items():
            if counted[person.email] != wanted:
                yield f"{person.email} is {counted[person.email]} times at {place}, not {wanted} times"
        if person.email in by_email:
            yield from wrong(person, by_email[person.email])
    known = {person.email for person in stage.trail.people if person.venue == venue}
    for place, counted in {"the venue": here, **there}.items():
        yield from (f"{place} of {venue} has {email}, of whom nobody ever heard" for email in counted.keys() - known)


def _emails(provider: str, holdings: Holdings) -> Iterator[str]:
    """The e-mail addresses of who is in use at a provider."""
    for one in holdings.customers:
        match provider:
            case "stripe":
                yield one["email"]
            case "square":
                yield one["email_address"]
            case "mailchimp" if one["status"] != "archived":
                yield one["email_address"]
            case "quickbooks" if one.get("Active") is not False:
                yield one["PrimaryEmailAddr"]["Address"]
            case _:
                continue


def _money(stage: Stage, venue: str, holdings: dict[str, Holdings]) -> Iterator[str]:
    """Each refund was made once, whatever was repeated; each order was booked once."""
    made = Counter(one["charge"] for one in holdings["stripe"].refunds)
    made.update(one["payment_id"] for one in holdings["square"].refunds)
    decided = {row.payment_id for row in stage.sql("SELECT payment_id FROM venue.refunds WHERE venue_id = :v", v=venue)}
    for payment in decided | made.keys():
        wanted = 1 if payment in decided else 0
        if made[payment] != wanted:
            yield f"the refund of {payment} was made {made[payment]} times, not {wanted} times"
    orders = {
        row.id for row in stage.sql("SELECT id FROM venue.orders WHERE venue_id = :v AND provider = 'door'", v=venue)
    }
    booked = Counter(one.get("PrivateNote") for one in holdings["quickbooks"].receipts)
    shipped = Counter(one["id"] for one in holdings["mailchimp"].orders)
    for order in orders:
        if (booked[order], shipped[order]) != (1, 1):
            yield f"{order} of {venue} is {booked[order]} times in the books and {shipped[order]} times in the shop"


def _foreign(venue: str, holdings: dict[str, Holdings]) -> Iterator[str]:
    """Nobody of another venue is in this venue's accounts."""
    for provider, held_there in holdings.items():
        for email in _emails(provider, held_there):
            if not email.endswith(f"@{venue}.venue-guests.com"):
                yield f"{email} is at {provider} of {venue}"


def _prices(stage: Stage) -> Iterator[str]:
    prices = {(row.venue_id, row.id): row.price_minor for row in stage.sql("SELECT * FROM venue.products")}
    for thing in stage.trail.things:
        yield from mispriced(thing, prices.get((thing.venue, thing.id)))


def _calls_without_our_name(stage: Stage) -> Iterator[str]:
    for provider in PROVIDERS:
        for source, number in stage.doors.sim(provider, "GET", "calls")["by_source"].items():
            if source != NAME and not source.startswith("venue-sync/"):
                yield f"{number} calls reached {provider} as {source!r}"


def _secrets(stage: Stage) -> Iterator[str]:
    """No secret of the run is in anything that it left."""
    doors = stage.doors
    home = Path(doors.environ["VENUE_SYNC_HOME"])
    secrets = doors.secrets | house_keys(home) | data_keys(doors.database, home) | _tokens(stage)
    everywhere = [
        *written(doors.database),
        *left_behind(doors.logs),
        *left_behind(home),
        *((f"answer {number}", text) for number, text in enumerate(stage.visitor.heard)),
    ]
    assert any(place == "file api.log" and text for place, text in everywhere)
    yield from (f"secret: {where}" for where in found(secrets, iter(everywhere)))


def _tokens(stage: Stage) -> dict[str, str | bytes]:
    tokens: dict[str, str | bytes] = {}
    with stage.doors.database.connect() as conn:
        for venue in stage.venues:
            for provider in BY_CONSENT:
                connection = connections.find(conn, venue, provider)
                assert connection is not None
                grant = held(stage.engine, conn, connection)
                tokens[f"{venue}/{provider}: access token"] = grant.access_token
                if grant.refresh_token is not None:
                    tokens[f"{venue}/{provider}: refresh token"] = grant.refresh_token
    return tokens
