"""A whole run over every entity and every kind of operation that the declarations of a provider name.

Nothing here knows a provider: the records are the venue's, the operations are the client protocol's, and the world
outside is the demo's. So a provider that is declared tomorrow is put through the same.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_core.clock import SystemClock
from sync_core.errors import SyncError
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.oauth.keeping import credential_of
from sync_core.providers.protocol import Batch, Operation, Provider, Sought, Write
from sync_core.spec.provider import EntitySpec, ProviderSpec
from sync_core.sync.accounts import client_of
from sync_core.sync.report import EntityReport, Mode
from sync_core.venue.demo import generate_demo
from sync_defs.demo.edits import edit_both_sides
from sync_defs.demo.world import build_world
from tests.conformance.odd_texts import ODD_TEXTS, SHORT_TEXTS
from tests.conformance.recorder import RecordingSimulator
from tests.world import World

VENUES = 5  # in GBP, EUR, JPY, KWD and USD: two, no and three decimals
MAIN = "USD"  # most happens in this venue: books that know one currency only are kept in it
PAGE = 100  # no provider's pages of customers are smaller
Known = tuple[str, str, Any, Any]
"""Local id, remote id, state and fields of a record that is at the provider."""
DOCUMENTS = {
    "invoices": ("status = 'void'", "memo = 'Late', due_at = now()", "deleted_at = now()"),
    "payments": ("status = 'canceled'", "deleted_at = now()"),
}
"""What the venue changes of documents that somebody wrote on either side, one document each."""
DOUBTFUL, REFUSED = "Doubtful evening", "Refused evening"


@dataclass(slots=True)
class Scenario:
    """One provider's run. `reports` holds what every sync said."""

    world: World
    provider: str
    recording: RecordingSimulator
    customers: int
    venue: str = ""
    venues: list[str] = field(default_factory=list[str])
    reports: list[EntityReport] = field(default_factory=list[EntityReport])

    def run(self) -> None:
        """From an empty account to the last lookup."""
        generate_demo(
            self.world.database, venues=VENUES, customers_per_venue=self.customers, providers=(self.provider,)
        )
        found = self.world.rows("SELECT id FROM venue.venues ORDER BY currency = :main DESC, id", main=MAIN)
        self.venues = [row[0] for row in found]
        self.venue = self.venues[0]
        self._add_odd_records()
        build_world(self.world.engine, {self.provider: self.world.bases[self.provider]})
        for number, step in enumerate(self._steps()):
            step()
            self._round(self.venues if number == 0 else [self.venue, self.venues[1 + number % (VENUES - 1)]])
        self._lose_the_ledger()
        self._directly()

    def _steps(self) -> Sequence[Callable[[], None]]:
        return (
            self._nothing,
            self._nothing,
            self._give_points,
            self._change_every_field,
            self._clear_every_field,
            self._delete_some,
            self._bring_some_back,
            self._edit_both_sides,
            self._misbehave,
            self._calm,
        )

    @property
    def entities(self) -> dict[str, EntitySpec]:
        """The declared entities, those that others need first."""
        spec = self.world.engine.specs[self.provider]
        return {name: spec.entities[name] for name in spec.in_order()}

    def _round(self, venues: Sequence[str], mode: Mode | None = None) -> None:
        for name in self.entities:
            for venue in venues:
                self.reports.append(self.world.sync(venue, self.provider, name, mode))

    def _nothing(self) -> None:
        """First everything is new; then everything comes back as an echo."""

    def _add_odd_records(self) -> None:
        for number in range(PAGE):
            # Every text once; then short ones only, because too many refused records would block the whole push.
            text = ODD_TEXTS[number] if number < len(ODD_TEXTS) else SHORT_TEXTS[number % len(SHORT_TEXTS)]
            self.world.insert(
                "customers",
                self.venue,
                id=f"odd-{number:03}",
                given_name=text,
                family_name=SHORT_TEXTS[number * 7 % len(SHORT_TEXTS)],
                company=text,
                email=f"odd.{number}+a=b&c@example.com",
                address_line1=text,
                city=text,
                note=text,
                country="NO",
            )
        for number, text in enumerate(ODD_TEXTS):
            product = f"odd-{number:03}"
            self.world.insert(
                "products",
                self.venue,
                id=product,
                sku=f"ODD {number} & [x]",
                name=text.strip() or "blank",
                description=text,
                price_minor=number * 10,
                currency=MAIN,
            )
            self.world.insert("stock", self.venue, id=product, quantity=number)

        self.world.insert(
            "journey_triggers",
            self.venue,
            id="odd",
            provider=self.provider,
            journey_id="12",
            step_id="7",
            email="odd.1+a=b&c@example.com",
        )
        self.world.sql(
            "INSERT INTO venue.refunds (venue_id, id, provider, order_id, amount_minor, currency, reason)"
            " SELECT o.venue_id, 'odd-' || o.id, o.provider, o.id, o.total_minor / 2, o.currency, :reason"
            " FROM venue.orders o WHERE o.venue_id = :venue AND o.provider = :provider AND o.total_minor >= 1000"
            " AND NOT EXISTS (SELECT FROM venue.refunds r WHERE r.venue_id = o.venue_id AND r.order_id = o.id)"
            " ORDER BY o.id LIMIT 4",
            venue=self.venue,
            provider=self.provider,
            reason=SHORT_TEXTS[0],
        )

        for entity in self.entities.values():
            if "status" in entity.only_if and entity.model == "orders":
                # Where only open orders go out, some are open.
                self.world.sql(
                    "UPDATE venue.orders SET status = 'open' WHERE provider = :provider"
                    " AND right(id, 1) IN ('1', '4', '5', '6', '8')",
                    provider=self.provider,
                )

    def _give_points(self) -> None:
        """To whoever collects them at the provider: earned by an order, given and taken."""
        self.world.sql(
            "INSERT INTO venue.loyalty_points (venue_id, id, provider, account_id, points, order_id, reason)"
            " SELECT a.venue_id, a.id || '-' || n, a.provider, a.id, CASE WHEN n = 3 THEN -1 ELSE n END,"
            " CASE WHEN n = 1 THEN 'order-00001' END, :reason"
            " FROM venue.loyalty_accounts a, generate_series(1, 3) n WHERE a.points > 0",
            reason=SHORT_TEXTS[0],
        )
        self.world.sql(
            "UPDATE venue.orders SET status = 'canceled', updated_at = now()"
            " WHERE provider = :provider AND status = 'open' AND right(id, 1) = '8'",
            provider=self.provider,
        )

    def _change_every_field(self) -> None:
        self.world.sql(
            "UPDATE venue.customers SET given_name = given_name || ' Ⅱ', family_name = 'Næss', company = 'A & B, 100 %',"
            " phone = '+4722334455', address_line1 = 'Karl Johans gate 1', city = 'Oslo', region = 'Østlandet',"
            " postcode = '0154', country = 'NO', note = 'moved', updated_at = now() WHERE right(id, 1) IN ('1', '2')"
        )
        self.world.sql("UPDATE venue.customers SET city = 'Bergen', updated_at = now() WHERE right(id, 1) = '3'")
        self.world.sql(
            "UPDATE venue.products SET name = name || ' Ⅱ', description = 'new', sku = 'NEW-' || id,"
            " price_minor = price_minor + 100, active = right(id, 1) <> '1', updated_at = now()"
            " WHERE right(id, 1) IN ('1', '2')"
        )
        self.world.sql(
            "UPDATE venue.products SET price_minor = price_minor + 10, updated_at = now() WHERE right(id, 1) = '3'"
        )
        self.world.sql(
            "UPDATE venue.orders SET total_minor = total_minor + 100, lines = CASE WHEN lines = '[]' THEN lines ELSE"
            " jsonb_set(lines, '{0,amount_minor}', to_jsonb((lines -> 0 ->> 'amount_minor')::bigint + 100)) END,"
            " updated_at = now() WHERE right(id, 1) = '6'"
        )
        self.world.sql(
            "UPDATE venue.orders SET lines = lines - 0, updated_at = now() WHERE right(id, 1) IN ('1', '2', '3')"
        )
        self.world.sql(
            """UPDATE venue.customers SET tags = '["VIP"]', updated_at = now() WHERE right(id, 1) IN ('1', '2')"""
        )
        self.world.sql("UPDATE venue.stock SET quantity = quantity + 3, updated_at = now() WHERE right(id, 1) = '1'")

    def _clear_every_field(self) -> None:
        self.world.sql(
            "UPDATE venue.customers SET family_name = NULL, company = NULL, phone = NULL, address_line1 = NULL,"
            " city = NULL, region = NULL, postcode = NULL, country = NULL, note = NULL, updated_at = now()"
            " WHERE right(id, 1) = '1'"
        )
        self.world.sql("UPDATE venue.customers SET city = NULL, updated_at = now() WHERE right(id, 1) = '3'")
        self.world.sql("UPDATE venue.customers SET tags = '[]', updated_at = now() WHERE right(id, 2) IN ('12', '22')")
        self.world.sql("UPDATE venue.customers SET email = NULL, updated_at = now() WHERE right(id, 2) = '02'")
        self.world.sql(
            "UPDATE venue.products SET description = NULL, sku = NULL, updated_at = now() WHERE right(id, 1) = '1'"
        )
        # A product without a price: where the provider cannot have one, the record waits for a person.
        self.world.sql("UPDATE venue.products SET price_minor = NULL, updated_at = now() WHERE id = 'merch-02'")

    def _delete_some(self) -> None:
        for table in ("customers", "products", "orders"):
            self.world.sql(
                f"UPDATE venue.{table} SET deleted_at = now(), updated_at = now() WHERE right(id, 2) IN ('04', '05')"
            )

    def _bring_some_back(self) -> None:
        for table in ("customers", "products", "orders"):
            self.world.sql(f"UPDATE venue.{table} SET deleted_at = NULL, updated_at = now() WHERE right(id, 2) = '05'")

    def _edit_both_sides(self) -> None:
        with self.recording.person_speaking():
            edit_both_sides(self.world.engine)

    def _misbehave(self) -> None:
        """New records in a venue whose provider throttles, fails after writing, hangs up and refuses."""
        for number in range(6):
            name = (DOUBTFUL, REFUSED, "Calm evening")[number % 3]
            self.world.insert(
                "customers", self.venue, id=f"late-{number}", given_name=name, email=f"late.{number}@example.com"
            )
            self.world.insert("products", self.venue, id=f"late-{number}", name=name, price_minor=500, currency=MAIN)
            self.world.insert("stock", self.venue, id=f"late-{number}", quantity=number)
        self.world.faults(
            self.provider,
            {"kind": "throttle", "times": 2},
            {"kind": "error_after", "status": 500, "body_contains": DOUBTFUL, "times": 2},
            {"kind": "drop_after", "body_contains": DOUBTFUL, "times": 1},
            {"kind": "refuse", "body_contains": REFUSED},
        )

    def _calm(self) -> None:
        self.world.no_faults(self.provider)
        pushed = {entity.model for entity in self.entities.values() if entity.pushes}
        for table, changes in DOCUMENTS.items():
            for place, change in enumerate(changes if table in pushed else ()):
                self.world.sql(
                    f"UPDATE venue.{table} SET {change}, updated_at = now() WHERE (venue_id, id) IN"
                    f" (SELECT venue_id, id FROM venue.{table} WHERE provider = :provider AND deleted_at IS NULL"
                    " AND venue_id = :venue ORDER BY id OFFSET :place LIMIT 1)",
                    provider=self.provider,
                    venue=self.venue,
                    place=place,
                )

    def _lose_the_ledger(self) -> None:
        """What is lost at home is found again at the provider, by reading everything."""
        self.world.sql("DELETE FROM sync.ledger")
        self.world.sql("DELETE FROM sync.cursors")
        self.world.sql("UPDATE venue.customers SET note = 'afterwards', updated_at = now() WHERE right(id, 1) = '7'")
        self._round([self.venue], Mode("full"))
        for name in self.entities:
            self.world.engine.plan(self.world.connection(self.venue, self.provider), name, mode=Mode("full"))

    def _directly(self) -> None:
        """What only a crash or another writer brings about: lookups, stale versions, objects that are gone."""
        declared = self.world.engine.specs[self.provider]
        pushed = {name: entity for name, entity in self.entities.items() if entity.direction != "pull"}
        known = {name: self._known(name) for name in pushed}
        with self._client(declared) as client:
            for name in self.entities:
                # Also of those that the declaration only pushes.
                pages = list(client.read(name, cursor=None))
                assert pages[-1].last
                ids = [remote.id for remote in pages[0].records[:3]]
                assert [remote.id for remote in client.fetch(name, ids)] == ids
                self._fetch_nothing(client, name)
            long_ago = datetime.now(UTC) - timedelta(days=1)
            for name, records in known.items():
                client.find(name, [Sought(local_id, fields, long_ago) for local_id, _, _, fields in records])
                client.find(name, [Sought("never-sent", {**records[0][3]}, long_ago)])
            for name, entity in pushed.items():
                if entity.kind != "transactions":  # money that has moved is not changed
                    for number in range(2):
                        # The second one knows a version that the first has made stale.
                        self._write(client, name, "update", f"stale-{number}", known[name])
            self._make_gone(client, declared, {name: records[:1] for name, records in known.items()})
        thorough = _deleting_all(declared)
        with self._client(thorough) as client:
            self._make_gone(client, thorough, {name: records[1:2] for name, records in known.items()})

    def _fetch_nothing(self, client: Provider, entity: str) -> None:
        """What was never there; where nothing can be read at all, the client says so."""
        try:
            client.fetch(entity, ["4042"])
        except SyncError:
            return

    def _make_gone(self, client: Provider, spec: ProviderSpec, known: Mapping[str, Sequence[Known]]) -> None:
        """Delete, then change and delete what is not there any more."""
        for name, records in known.items():
            if spec.entities[name].on_delete != "ignore":
                for number, operation in enumerate(("delete", "update", "delete")):
                    self._write(client, name, operation, f"{spec.entities[name].on_delete}-{number}", records)

    def _known(self, entity: str) -> list[Known]:
        """Three records that are at the provider."""
        found = self.world.rows(
            "SELECT l.local_id, l.remote_id, l.remote_state, l.pushed FROM sync.ledger l"
            " JOIN sync.connections c ON c.id = l.connection_id WHERE c.venue_id = :venue AND l.entity = :entity"
            " AND NOT l.deleted AND l.pushed IS NOT NULL ORDER BY l.local_id LIMIT 3",
            venue=self.venue,
            entity=entity,
        )
        assert found, f"no record of {self.provider}'s {entity} was ever pushed"
        return found

    def _write(
        self,
        client: Provider,
        entity: str,
        operation: Operation,
        key: str,
        known: Sequence[Known],
    ) -> None:
        writes = [
            Write(
                operation,
                local_id,
                key=f"{key}:{local_id}",
                fields={} if operation == "delete" else fields,
                remote_id=remote_id,
                remote_state=state,
            )
            for local_id, remote_id, state, fields in known
        ]
        size = getattr(self.entities[entity].batch, operation)
        for start in range(0, len(writes), size):
            batch = Batch(key=f"{key}:{entity}:{start}", operation=operation, writes=writes[start : start + size])
            try:
                client.write(entity, batch)
            except SyncError:
                # A refusal is an answer too; whether it was asked for rightly is what counts here.
                continue

    @contextmanager
    def _client(self, spec: ProviderSpec) -> Iterator[Provider]:
        engine, connection = self.world.engine, self.world.connection(self.venue, self.provider)
        with engine.database.connect() as conn:
            secret = credential_of(engine, conn, connection)
        policy = CallPolicy(
            provider=spec.title, connection=connection.label, rate=spec.limits.sandbox, concurrency=4, timeout=10
        )
        base = self.world.bases[self.provider]
        session = open_session(
            policy, clock=SystemClock(), rng=random.Random(7), calls=CallLog(), correlation="conformance"
        )
        with session:
            yield client_of(spec)(spec=spec, session=session, base=base, secret=secret, sandbox=True)


def _deleting_all(spec: ProviderSpec) -> ProviderSpec:
    """The declaration with every archive replaced by a deletion, which a client must be able to do as well."""
    entities = {
        name: entity.model_copy(update={"on_delete": "delete"}) if entity.on_delete == "archive" else entity
        for name, entity in spec.entities.items()
    }
    return spec.model_copy(update={"entities": entities})
