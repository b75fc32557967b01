"""The one list of entities: how each is made, what may be done with it, and what a query may ask of it."""

from collections.abc import Callable
from dataclasses import dataclass

from sync_sims.quickbooks.accounts import account, payment_method
from sync_sims.quickbooks.books import PREFERENCES, Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.payments import bill_payment, payment
from sync_sims.quickbooks.people import customer, employee, vendor
from sync_sims.quickbooks.products import item
from sync_sims.quickbooks.sales import invoice, refund_receipt, sales_receipt
from sync_sims.quickbooks.spending import bill, deposit, inventory_adjustment, purchase

Build = Callable[[Call, Row, Row | None], Row]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity; without a `build` it can only be read.

    `sequence` is what its ids are counted with: people share one, and so do transactions. `queryable` are the
    properties that a WHERE or ORDERBY may name, beside Id and the times.
    """

    name: str
    build: Build | None = None
    sequence: str = ""
    deletable: bool = False
    voidable: bool = False
    queryable: frozenset[str] = frozenset()
    changes_told: bool = True

    @property
    def collection(self) -> str:
        """The name of the collection: "invoices"."""
        return f"{self.name.lower().removesuffix('s')}s"


_PERSON = "DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName Active PrimaryEmailAddr"
_DOCUMENT = "DocNumber TxnDate TotalAmt"


def _list(name: str, build: Build, sequence: str, queryable: str) -> Entity:
    return Entity(name, build, sequence, queryable=frozenset(queryable.split()))


def _document(name: str, build: Build, queryable: str, *, voidable: bool = False) -> Entity:
    names = frozenset(f"{_DOCUMENT} {queryable}".split())
    return Entity(name, build, "transactions", deletable=True, voidable=voidable, queryable=names)


_ALL = (
    _list("Customer", customer, "people", f"{_PERSON} FullyQualifiedName Job Balance ParentRef Taxable Notes"),
    _list("Vendor", vendor, "people", f"{_PERSON} Balance Vendor1099 AcctNum"),
    _list("Employee", employee, "people", _PERSON),
    _list("Item", item, "items", "Name FullyQualifiedName Sku Type Active UnitPrice QtyOnHand Description ParentRef"),
    _list(
        "Account",
        account,
        "accounts",
        "Name FullyQualifiedName AccountType AccountSubType Classification Active CurrentBalance AcctNum",
    ),
    _list("PaymentMethod", payment_method, "payment methods", "Name Active Type"),
    _document("Invoice", invoice, "CustomerRef DueDate Balance", voidable=True),
    _document("SalesReceipt", sales_receipt, "CustomerRef PaymentRefNum", voidable=True),
    _document("RefundReceipt", refund_receipt, "CustomerRef PaymentRefNum"),
    _document("Payment", payment, "CustomerRef PaymentRefNum UnappliedAmt", voidable=True),
    _document("Deposit", deposit, "DepositToAccountRef"),
    _document("Bill", bill, "VendorRef DueDate Balance APAccountRef"),
    _document("BillPayment", bill_payment, "VendorRef PayType", voidable=True),
    _document("Purchase", purchase, "PaymentType AccountRef EntityRef"),
    _document("InventoryAdjustment", inventory_adjustment, ""),
    Entity("TaxCode", queryable=frozenset({"Name", "Active", "Taxable"}), changes_told=False),
    Entity("CompanyInfo"),
    Entity(PREFERENCES),
)
ENTITIES: dict[str, Entity] = {entity.name.lower(): entity for entity in _ALL}
COLLECTIONS: dict[str, Entity] = {entity.collection: entity for entity in _ALL}
