"""The script of a run: who does what on either side, drawn from one seeded chance, until it is told to stop.

Stays true: what the trail holds was really done and answered. While the database is away the venue waits for it; what
it does there has the same effect twice, so that a lost answer needs no question.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests.chaos.hands import Hand, insist
from tests.chaos.trail import VENUE, Person, Thing, Trail

AWAY = 60.0
_REMOTE = """
SELECT l.remote_id FROM sync.ledger AS l JOIN sync.connections AS c ON c.id = l.connection_id
WHERE c.venue_id = :v AND c.provider = :p AND l.entity = :e AND l.local_id = :id AND NOT l.deleted
"""
CUSTOMERS = {"stripe": "customers", "square": "customers", "mailchimp": "members", "quickbooks": "customers"}
ITEMS = {"square": "products", "quickbooks": "items"}
EDITED = ("given_name", "phone")


def insisting(database: sa.Engine, statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """Run a statement that may run twice, as soon as the database is there; its rows."""
    deadline = time.monotonic() + AWAY
    while True:
        try:
            with database.begin() as conn:
                result = conn.execute(sa.text(statement), values)
                return result.all() if result.returns_rows else []
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Script:
    """Everybody who works at the venues and at their accounts; one deed at a time."""

    def __init__(
        self, database: sa.Engine, hands: Mapping[str, Mapping[str, Hand]], trail: Trail, chance: Random
    ) -> None:
        self._database = database
        self._hands = hands
        self._trail = trail
        self._chance = chance
        self._number = 0
        deeds: list[tuple[int, Callable[[str], None]]] = [
            (22, self._edit_at_home),
            (26, self._edit_there),
            (14, self._contest),
            (5, self._arrive_at_home),
            (6, self._arrive_there),
            (5, self._reprice_at_home),
            (5, self._reprice_there),
            (5, self._count),
            (6, self._pay),
            (5, self._refund),
            (4, self._order),
            (3, self._leave),
        ]
        self._deeds = [deed for _, deed in deeds]
        self._weights = [weight for weight, _ in deeds]

    def found(self, people: int, things: int) -> None:
        """What each venue has before anything is synced."""
        for venue in self._hands:
            for _ in range(people):
                self._arrive_at_home(venue)
            for place in range(things):
                thing = Thing(venue, f"thing-{place}")
                self._trail.things.append(thing)
                row = {"v": venue, "id": thing.id, "name": f"Thing {place} of {venue}", "price": 1000 + place}
                self._sql(
                    "INSERT INTO venue.products (venue_id, id, kind, sku, name, price_minor, currency) "
                    "VALUES (:v, :id, 'merchandise', :v || :id, :name, :price, 'USD') ON CONFLICT DO NOTHING",
                    **row,
                )
                self._sql(
                    "INSERT INTO venue.stock (venue_id, id, quantity) VALUES (:v, :id, 5) ON CONFLICT DO NOTHING",
                    v=venue,
                    id=thing.id,
                )

    def act(self) -> None:
        """One deed somewhere."""
        (deed,) = self._chance.choices(self._deeds, self._weights)
        deed(self._chance.choice(list(self._hands)))
        self._trail.deeds += 1

    def _said(self, person: Person, side: str, column: str, value: str) -> None:
        person.note(side, column, value)
        self._trail.tell(f"{side}: {column} of {person.email} is {value!r}")

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _sql(self, statement: str, **values: Any) -> Sequence[Any]:
        return insisting(self._database, statement, values)

    def _arrive_at_home(self, venue: str) -> None:
        number = self._next()
        person = Person(venue, _address(number, venue), VENUE, stays=number % 6 != 0)
        self._sql(
            "INSERT INTO venue.customers (venue_id, id, given_name, family_name, email) "
            "VALUES (:v, :id, :given, 'O''Hara', :email) ON CONFLICT DO NOTHING",
            v=venue,
            id=f"p{number}",
            given=f"名 {number}",
            email=person.email,
        )
        self._trail.people.append(person)
        self._said(person, VENUE, "given_name", f"名 {number}")

    def _arrive_there(self, venue: str) -> None:
        number, provider = self._next(), self._chance.choice(list(self._hands[venue]))
        person = Person(venue, _address(number, venue), provider)
        person.there[provider] = self._hands[venue][provider].arrive(person.email, f"Zoë {number}")
        self._trail.people.append(person)
        self._trail.tell(f"{provider}: {person.email} arrives as {person.there[provider]}")

    def _edit_at_home(self, venue: str) -> None:
        people = [person for person in self._trail.people if person.venue == venue and not person.gone]
        self._say_at_home(self._chance.choice(people), "given_name", f"Ngozi {self._next()}")

    def _say_at_home(self, person: Person, column: str, value: str) -> None:
        assert column in EDITED
        changed = self._sql(
            f"UPDATE venue.customers SET {column} = :value, updated_at = now() "
            "WHERE venue_id = :v AND email = :email AND deleted_at IS NULL RETURNING id",
            v=person.venue,
            email=person.email,
            value=value,
        )
        if changed:
            self._said(person, VENUE, column, value)

    def _edit_there(self, venue: str) -> None:
        provider = self._chance.choice(list(self._hands[venue]))
        own = self._hands[venue][provider].own
        self._say_there(self._chance.choice(self._trail.staying(venue)), provider, own, f"Łódź {self._next()}")

    def _say_there(self, person: Person, provider: str, column: str, value: str) -> None:
        remote = self._person_there(person, provider)
        if remote is not None:
            insist(self._hands[person.venue][provider].edit, remote, column, value)
            self._said(person, provider, column, value)

    def _contest(self, venue: str) -> None:
        """The one column that everybody changes, often two sides at once."""
        person = self._chance.choice(self._trail.staying(venue))
        for side in self._chance.sample([VENUE, *self._hands[venue]], self._chance.choice((1, 2))):
            phone = f"+1415{self._next():07d}"
            if side == VENUE:
                self._say_at_home(person, "phone", phone)
            else:
                self._say_there(person, side, "phone", phone)

    def _person_there(self, person: Person, provider: str) -> str | None:
        if provider not in person.there:
            hand = self._hands[person.venue][provider]
            found = hand.find(person.email) or self._known_there(person, provider)
            if found is None:
                return None
            person.there[provider] = found
        return person.there[provider]

    def _known_there(self, person: Person, provider: str) -> str | None:
        local = self._sql(
            "SELECT id FROM venue.customers WHERE venue_id = :v AND email = :email", v=person.venue, email=person.email
        )
        return self._remote(person.venue, provider, CUSTOMERS[provider], local[0].id) if local else None

    def _remote(self, venue: str, provider: str, entity: str, local_id: str) -> str | None:
        found = self._sql(_REMOTE, v=venue, p=provider, e=entity, id=local_id)
        return found[0].remote_id if found else None

    def _reprice_at_home(self, venue: str) -> None:
        thing, price = self._thing(venue), 1000 + self._next()
        self._sql(
            "UPDATE venue.products SET price_minor = :price, updated_at = now() WHERE venue_id = :v AND id = :id",
            v=venue,
            id=thing.id,
            price=price,
        )
        thing.prices[VENUE] = price

    def _reprice_there(self, venue: str) -> None:
        thing, price = self._thing(venue), 1000 + self._next()
        provider = self._chance.choice([name for name, hand in self._hands[venue].items() if hand.sells])
        remote = self._remote(venue, provider, ITEMS[provider], thing.id)
        if remote is not None:
            insist(self._hands[venue][provider].reprice, remote, price)
            thing.prices[provider] = price

    def _thing(self, venue: str) -> Thing:
        return self._chance.choice([thing for thing in self._trail.things if thing.venue == venue])

    def _count(self, venue: str) -> None:
        self._sql(
            "UPDATE venue.stock SET quantity = :quantity, updated_at = now() WHERE venue_id = :v AND id = :id",
            v=venue,
            id=self._thing(venue).id,
            quantity=self._next(),
        )

    def _pay(self, venue: str) -> None:
        """Every amount is paid once only, so that each payment can be told from all others."""
        provider = self._chance.choice(("stripe", "square"))
        remote = self._person_there(self._chance.choice(self._trail.staying(venue)), provider)
        if remote is not None:
            self._hands[venue][provider].pay(remote, 5000 + self._next())

    def _refund(self, venue: str) -> None:
        """The venue gives back some of a payment that it knows, once."""
        payments = self._sql(
            "SELECT id, provider FROM venue.payments WHERE venue_id = :v AND provider IN ('stripe', 'square') "
            "AND status = 'succeeded' ORDER BY id",
            v=venue,
        )
        free = [one for one in payments if one.id not in self._trail.refunds]
        if not free:
            return
        payment, number = self._chance.choice(free), self._next()
        self._sql(
            "INSERT INTO venue.refunds (venue_id, id, provider, payment_id, amount_minor, currency, reason) "
            "VALUES (:v, :id, :p, :payment, :amount, 'USD', 'A seat behind a pillar') ON CONFLICT DO NOTHING",
            v=venue,
            id=f"refund-{number}",
            p=payment.provider,
            payment=payment.id,
            amount=100 + number,
        )
        self._trail.refunds[payment.id] = f"refund-{number}"

    def _order(self, venue: str) -> None:
        """A sale at the door, which goes to the books and to the mailing list's shop."""
        number = self._next()
        buyer = self._chance.choice(self._trail.staying(venue))
        thing = self._thing(venue)
        line = {
            "line": 1,
            "product_id": thing.id,
            "sku": None,
            "description": "Sold",
            "quantity": 2,
            "amount_minor": 2 * number,
        }
        self._sql(
            "INSERT INTO venue.orders (venue_id, id, customer_id, provider, total_minor, currency, status, lines, ordered_at) "
            "SELECT :v, :id, c.id, 'door', :total, 'USD', 'completed', CAST(:lines AS jsonb), date_trunc('second', now()) "
            "FROM venue.customers AS c WHERE c.venue_id = :v AND c.email = :email ON CONFLICT DO NOTHING",
            v=venue,
            id=f"order-{number}",
            total=2 * number,
            lines=orjson.dumps([line]).decode(),
            email=buyer.email,
        )
        self._trail.orders.append(f"order-{number}")

    def _leave(self, venue: str) -> None:
        leavers = self._trail.leavers(venue)
        if not leavers:
            return
        person = self._chance.choice(leavers)
        self._sql(
            "UPDATE venue.customers SET deleted_at = now(), updated_at = now() WHERE venue_id = :v AND email = :email",
            v=venue,
            email=person.email,
        )
        person.gone = True
        self._trail.tell(f"{VENUE}: {person.email} leaves")


def _address(number: int, venue: str) -> str:
    return f"p{number}@{venue}.venue-guests.com"
