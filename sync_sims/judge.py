"""The judge: compares every record of a venue with what its accounts hold, both ways, and trusts nobody.

What stays true: it shares no code with the clients, mappings and sync that it judges. It reads the providers by their
public API with the venue's own key, and the venue through a function that it is given.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sync_sims import judge_billing as billing
from sync_sims import judge_books as books
from sync_sims import judge_documents as documents
from sync_sims import judge_mailchimp as mailchimp
from sync_sims import judge_mailchimp_sales as sales
from sync_sims import judge_quickbooks as quickbooks
from sync_sims import judge_square as square
from sync_sims import judge_square_sales as counter
from sync_sims import judge_stripe as stripe
from sync_sims.judge_accounts import Account, Holdings, Unreadable, read_account
from sync_sims.judge_matching import Difference, Pairing
from sync_sims.judge_venue import Laid, VenueSide

__all__ = ["Account", "Difference", "Unreadable", "VenueSide", "Verdict", "judge"]

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found. `compared` counts the venue's records by provider and kind."""

    compared: Mapping[tuple[str, str], int]
    excused: int
    found: int
    differences: tuple[Difference, ...]  # the first ones

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same."""
        return self.found == 0


def judge(accounts: Iterable[Account], read_venue: Callable[[str, str], VenueSide], *, shown: int = SHOWN) -> Verdict:
    """Compare the accounts with their venues' tables.

    Args:
        accounts: which accounts, each with its venue's key.
        read_venue: the venue's side for a venue and a provider.
        shown: how many differences the verdict holds; all are counted.

    Raises Unreadable when an account cannot be read.
    """
    compared: dict[tuple[str, str], int] = {}
    differences: list[Difference] = []
    excused = 0
    for account in accounts:
        venue = read_venue(account.venue, account.provider)
        held = read_account(account)
        excused += len(venue.excused)
        for what, ours, theirs, forgiven in _LISTS[account.provider](venue, held):
            mine = list(ours)
            key = (account.provider, what)
            compared[key] = compared.get(key, 0) + len(mine)
            pairing = Pairing(account.venue, account.provider, what)
            differences.extend(pairing.differences(mine, theirs, excused=forgiven))
    return Verdict(compared, excused, len(differences), tuple(differences[:shown]))


def _of_stripe(venue: VenueSide, held: Holdings) -> list[Laid]:
    rows = venue.tables
    gone = venue.gone
    return [
        (
            "customer",
            stripe.customers_of_venue(rows["customers"]),
            stripe.customers_of_account(held, known=venue.known),
            venue.excused_of("customers"),
        ),
        (
            "product",
            stripe.products_of_venue(rows["products"]),
            stripe.products_of_account(held, deleted=gone),
            venue.excused_of("products"),
        ),
        (
            "order's payment",
            stripe.orders_of_venue(rows["orders"]),
            stripe.orders_of_account(held),
            venue.excused_of("orders"),
        ),
        ("payment", stripe.payments_of_venue(rows["payments"]), stripe.payments_of_account(held), frozenset()),
        (
            "refund",
            stripe.refunds_of_venue(rows["refunds"]),
            stripe.refunds_of_account(held),
            venue.excused_of("refunds"),
        ),
        (
            "payment attempt",
            stripe.attempts_of_venue(rows["payment_attempts"]),
            stripe.attempts_of_account(held),
            frozenset(),
        ),
        (
            "balance entry",
            stripe.entries_of_venue(rows["balance_entries"]),
            stripe.entries_of_account(held),
            frozenset(),
        ),
        (
            "subscription",
            billing.subscriptions_of_venue(rows["subscriptions"]),
            billing.subscriptions_of_account(held),
            venue.excused_of("subscriptions"),
        ),
        ("invoice", billing.invoices_of_venue(rows["invoices"]), billing.invoices_of_account(held), frozenset()),
        (
            "dispute",
            billing.disputes_of_venue(rows["disputes"]),
            billing.disputes_of_account(held),
            venue.excused_of("disputes"),
        ),
    ]


def _of_square(venue: VenueSide, held: Holdings) -> list[Laid]:
    rows = venue.tables
    products = venue.excused_of("products")
    gone = venue.gone
    return [
        (
            "customer",
            square.customers_of_venue(rows["customers"]),
            square.customers_of_account(held, known=venue.known),
            venue.excused_of("customers"),
        ),
        (
            "product",
            square.products_of_venue(rows["products"]),
            square.products_of_account(held, known=venue.known_products, deleted=gone),
            products,
        ),
        (
            "stock",
            square.stock_of_venue(rows["stock"], rows["products"]),
            square.stock_of_account(held, known=venue.known_products, deleted=gone),
            products | venue.excused_of("inventory"),
        ),
        (
            "order's payment",
            square.orders_of_venue(rows["orders"]),
            square.orders_of_account(held),
            venue.excused_of("orders"),
        ),
        ("payment", square.payments_of_venue(rows["payments"]), square.payments_of_account(held), frozenset()),
        (
            "refund",
            square.refunds_of_venue(rows["refunds"]),
            square.refunds_of_account(held),
            venue.excused_of("refunds"),
        ),
        (
            "order",
            counter.orders_of_venue(rows["orders"], held),
            counter.orders_of_account(held),
            venue.excused_of("orders"),
        ),
        (
            "loyalty account",
            counter.accounts_of_venue(rows["loyalty_accounts"]),
            counter.accounts_of_account(held, known=venue.known),
            frozenset(),
        ),
    ]


def _of_mailchimp(venue: VenueSide, held: Holdings) -> list[Laid]:
    rows = venue.tables
    return [
        (
            "member",
            mailchimp.members_of_venue(rows["customers"], unsubscribed=venue.unsubscribed),
            mailchimp.members_of_account(held, known=venue.known),
            venue.excused_of("members"),
        ),
        (
            "store product",
            mailchimp.products_of_venue(rows["products"]),
            mailchimp.products_of_account(held),
            venue.excused_of("store_products"),
        ),
        (
            "store order",
            sales.orders_of_venue(rows["orders"], held, known=venue.known),
            sales.orders_of_account(held, known=venue.known),
            venue.excused_of("store_orders"),
        ),
        ("mailing", sales.mailings_of_venue(rows["campaigns"]), sales.mailings_of_account(held), frozenset()),
    ]


def _of_quickbooks(venue: VenueSide, held: Holdings) -> list[Laid]:
    rows = venue.tables
    return [
        (
            "customer",
            quickbooks.customers_of_venue(rows["customers"]),
            quickbooks.customers_of_account(held, known=venue.known),
            venue.excused_of("customers"),
        ),
        (
            "item",
            quickbooks.items_of_venue(rows["products"]),
            quickbooks.items_of_account(held, known=venue.known_products),
            venue.excused_of("items"),
        ),
        (
            "sales receipt",
            documents.receipts_of_venue(rows["orders"]),
            documents.receipts_of_account(held, known=venue.known, products=venue.known_products),
            venue.excused_of("sales_receipts"),
        ),
        (
            "invoice",
            documents.invoices_of_venue(rows["invoices"]),
            documents.invoices_of_account(held, known=venue.known, products=venue.known_products),
            venue.excused_of("invoices"),
        ),
        (
            "payment",
            documents.payments_of_venue(rows["payments"]),
            documents.payments_of_account(held, known=venue.known),
            venue.excused_of("payments"),
        ),
        (
            "refund",
            documents.refunds_of_venue(rows["refunds"]),
            documents.refunds_of_account(held),
            venue.excused_of("refund_receipts"),
        ),
        ("deposit", books.deposits_of_venue(rows["deposits"]), books.deposits_of_account(held.deposits), frozenset()),
        ("bill", books.bills_of_venue(rows["bills"]), books.bills_of_account(held.bills), frozenset()),
        (
            "bill payment",
            books.bill_payments_of_venue(rows["bill_payments"]),
            books.bill_payments_of_account(held.bill_payments),
            frozenset(),
        ),
        (
            "purchase",
            books.purchases_of_venue(rows["purchases"]),
            books.purchases_of_account(held.purchases),
            frozenset(),
        ),
        (
            "report",
            books.reports_of_venue(rows["reports"], held.reports),
            books.reports_of_account(held.reports),
            frozenset(),
        ),
    ]


_LISTS = {"stripe": _of_stripe, "square": _of_square, "mailchimp": _of_mailchimp, "quickbooks": _of_quickbooks}
JUDGED = frozenset(_LISTS)
"""The providers whose accounts the judge can read."""
