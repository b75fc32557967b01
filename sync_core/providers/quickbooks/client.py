"""The door of the QuickBooks client: the Provider that the engine holds for one company."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import requests

from sync_core.clock import Clock, SystemClock
from sync_core.errors import AuthorizationLost, ConfigurationError, ProviderRefused
from sync_core.providers.protocol import Account, Batch, Json, Outcome, Page, Provider, Remote, Sought
from sync_core.providers.quickbooks.books import Books
from sync_core.providers.quickbooks.calls import QuickBooksCalls, created_at
from sync_core.providers.quickbooks.customers import CustomerShape
from sync_core.providers.quickbooks.fetching import fetch_objects
from sync_core.providers.quickbooks.invoices import InvoiceShape, PaymentShape
from sync_core.providers.quickbooks.items import ItemShape
from sync_core.providers.quickbooks.reading import read_changes, walked
from sync_core.providers.quickbooks.receipts import RefundReceiptShape, SalesReceiptShape
from sync_core.providers.quickbooks.reports import fetch_reports, read_reports
from sync_core.providers.quickbooks.shapes import Listed, Written
from sync_core.providers.quickbooks.spending import BillPaymentShape, BillShape, DepositShape, PurchaseShape
from sync_core.providers.quickbooks.writing import Writer
from sync_core.spec.provider import ProviderSpec

_SLACK = timedelta(seconds=60)
"""Clocks differ: we look so much earlier than we wrote."""
_REPORTS = "reports"
"""The entity that is no kind of object: its records are computed."""


def connect(
    *,
    spec: ProviderSpec,
    session: requests.Session,
    base: str,
    secret: Mapping[str, str],
    sandbox: bool,
    clock: Clock | None = None,
) -> Provider:
    """Bind a client to the company `secret["realm_id"]` that `secret["access_token"]` opens; see `ProviderFactory`.

    `sandbox` changes nothing here: QuickBooks' sandbox is another base address.

    Raises:
        AuthorizationLost: The credential has no access_token or no realm_id.
    """
    del sandbox
    for part in ("access_token", "realm_id"):
        if not secret.get(part):
            raise AuthorizationLost(f"The QuickBooks credential holds no {part}; the venue must connect again.")
    calls = QuickBooksCalls(
        session,
        base=base,
        access_token=secret["access_token"],
        realm=secret["realm_id"],
        minor_version=spec.api.version,
        clock=clock or SystemClock(),
    )
    books = Books(calls)
    return QuickBooksProvider(
        calls,
        read={
            "deposits": DepositShape(),
            "bills": BillShape(),
            "bill_payments": BillPaymentShape(),
            "purchases": PurchaseShape(),
        },
        written={
            "customers": CustomerShape(),
            "items": ItemShape(books),
            "sales_receipts": SalesReceiptShape(books),
            "invoices": InvoiceShape(books),
            "payments": PaymentShape(books),
            "refund_receipts": RefundReceiptShape(books),
        },
    )


class QuickBooksProvider:
    """One QuickBooks company behind the Provider protocol."""

    def __init__(self, calls: QuickBooksCalls, *, read: Mapping[str, Listed], written: Mapping[str, Written]) -> None:
        self._calls = calls
        self._listed: Mapping[str, Listed] = {**read, **written}
        self._written = written

    def account(self) -> Account:
        """Ask whose token this is (all-entities/companyinfo)."""
        found = self._calls.get(f"companyinfo/{self._calls.realm}")["CompanyInfo"]
        return Account(id=self._calls.realm, name=found.get("CompanyName") or self._calls.realm)

    def read(self, entity: str, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of changes; see `reading` for the cursors."""
        if entity == _REPORTS:
            return read_reports(self._calls, cursor=cursor)
        return read_changes(self._calls, self._shape(entity), cursor=cursor)

    def fetch(self, entity: str, remote_ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids as they are now, in that order; one that is gone comes empty, marked deleted."""
        if entity == _REPORTS:
            return fetch_reports(self._calls, remote_ids)
        return fetch_objects(self._calls, self._shape(entity), remote_ids)

    def write(self, entity: str, batch: Batch) -> list[Outcome]:
        """Carry out one batch."""
        if entity not in self._written:
            raise ProviderRefused(f"QuickBooks' {entity} are only read; declare the entity as pull.")
        return Writer(self._calls, self._written[entity]).write(batch) if batch.writes else []

    def find(self, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought` that were made since they were to be; one object stands for one record only."""
        shape = self._written.get(entity)
        if shape is None or not sought:
            return {}
        earliest = min(one.written_after for one in sought) - _SLACK
        waiting = {one.local_id: one for one in sought}
        found: dict[str, Remote] = {}
        for page in walked(self._calls, shape, earliest):
            for one in page:
                made = created_at(one)
                remote = shape.remote(one) if made is not None and made >= earliest else None
                match = next((local_id for local_id, it in waiting.items() if shape.is_it(one, it)), None)
                if remote is not None and not remote.deleted and match is not None:
                    found[match] = remote
                    del waiting[match]
        return found

    def _shape(self, entity: str) -> Listed:
        if entity not in self._listed:
            known = ", ".join(sorted([*self._listed, _REPORTS]))
            raise ConfigurationError(f"QuickBooks has no entity {entity!r}; declare one of {known}.")
        return self._listed[entity]
