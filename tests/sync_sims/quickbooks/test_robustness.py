"""Whatever is sent, QuickBooks answers: with an object or a Fault, never with a fault of the simulator."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.quickbooks.entities import ENTITIES
from sync_sims.quickbooks.properties import PROPERTIES
from sync_sims.wire import Request
from tests.sync_sims.quickbooks.conftest import BASE, HEADERS, REALM

_SCALARS = st.none() | st.booleans() | st.integers(-5, 2**60) | st.floats(allow_nan=False) | st.text(max_size=8)
_DETAILS = st.sampled_from(
    [
        "SalesItemLineDetail",
        "DiscountLineDetail",
        "DescriptionOnly",
        "AccountBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail",
        "DepositLineDetail",
        "ItemAdjustmentLineDetail",
    ]
)
_REFERENCES = st.fixed_dictionaries({"value": st.sampled_from(["1", "2", "35", "41", "80", "81", "TAX"]) | _SCALARS})
_ANY = st.recursive(
    _SCALARS | _REFERENCES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
_LINKS = st.lists(
    st.fixed_dictionaries({}, optional={"TxnId": _SCALARS, "TxnType": st.sampled_from(["Invoice", "Bill"]) | _ANY}),
    max_size=2,
)
_DETAIL = st.fixed_dictionaries(
    {},
    optional={
        "ItemRef": _REFERENCES | _ANY,
        "AccountRef": _REFERENCES | _ANY,
        "TaxCodeRef": _REFERENCES | _ANY,
        "Qty": _ANY,
        "UnitPrice": _ANY,
        "QtyDiff": _ANY,
        "PaymentMethodRef": _REFERENCES | _ANY,
    },
)


@st.composite
def _lines(draw: st.DrawFn) -> Any:
    kind = draw(_DETAILS)
    line = {"DetailType": draw(st.just(kind) | _ANY), "Amount": draw(st.integers(-2, 60) | _ANY)}
    return {
        **line,
        kind: draw(_DETAIL | _ANY),
        **draw(st.just({}) | st.fixed_dictionaries({"LinkedTxn": _LINKS | _ANY})),
    }


@st.composite
def _bodies(draw: st.DrawFn) -> tuple[str, Any]:
    """An entity and something like it."""
    entity = draw(st.sampled_from(sorted(PROPERTIES)))
    names = draw(st.lists(st.sampled_from(sorted(PROPERTIES[entity])), max_size=8, unique=True))
    body: dict[str, Any] = {name: draw(_ANY) for name in names}
    if draw(st.booleans()):
        body |= {"CustomerRef": {"value": "1"}, "VendorRef": {"value": "2"}, "AccountRef": {"value": "35"}}
        body |= {"DepositToAccountRef": {"value": "35"}, "AdjustAccountRef": {"value": "80"}, "TotalAmt": 5}
        body |= {"PayType": "Check", "PaymentType": "Cash", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
        body |= {"DisplayName": draw(_ANY), "Name": draw(_ANY), "Type": "Service", "IncomeAccountRef": {"value": "1"}}
        body |= {"AccountType": "Bank"}
        body = {name: value for name, value in body.items() if name in PROPERTIES[entity]}
        body["Line"] = draw(st.lists(_lines(), max_size=2))
    if draw(st.booleans()):
        body |= {"Id": draw(st.sampled_from(["1", "2"])), "SyncToken": "0", "sparse": draw(st.booleans())}
    return entity, body


def _company() -> QuickBooksSimulator:
    simulator = QuickBooksSimulator()
    simulator.register("t", account_id=REALM, name="Apollo Hall")
    simulator.seed(REALM, "customers", [{"DisplayName": "Ada"}])
    simulator.seed(REALM, "vendors", [{"DisplayName": "Acme"}])
    service = {"Name": "Ticket", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    simulator.seed(REALM, "items", [service])
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    simulator.seed(REALM, "invoices", [{"CustomerRef": {"value": "1"}, "Line": [line]}] * 2)
    return simulator


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=_bodies(), operation=st.sampled_from(["", "update", "delete", "void", "eat"]))
def test_every_body_is_answered_and_leaves_books_that_can_be_read(body: tuple[str, Any], operation: str):
    entity, given_body = body
    simulator = _company()
    headers = {**{name.lower(): value for name, value in HEADERS.items()}, "authorization": "Bearer t"}
    request = Request(
        "POST", f"{BASE}/{entity.lower()}", (("operation", operation),), headers, orjson.dumps(given_body)
    )
    before = {name: simulator.objects(REALM, kind.collection) for name, kind in ENTITIES.items()}
    answer = simulator.handle(request)
    assert answer.status in {200, 400}
    after = {name: simulator.objects(REALM, kind.collection) for name, kind in ENTITIES.items()}
    assert (entity in answer.body) or after == before
    for name in ("ProfitAndLoss", "BalanceSheet", "TrialBalance", "CustomerBalance"):
        report = simulator.handle(Request("GET", f"{BASE}/reports/{name}", (), headers, b""))
        assert report.status == 200


@settings(max_examples=100, deadline=None)
@given(_ANY | st.fixed_dictionaries({"BatchItemRequest": st.lists(_ANY, max_size=2)}))
def test_every_batch_is_answered(body: Any):
    simulator = _company()
    headers = {**{name.lower(): value for name, value in HEADERS.items()}, "authorization": "Bearer t"}
    request = Request("POST", f"{BASE}/batch", (), headers, orjson.dumps(body))
    assert simulator.handle(request).status in {200, 400}
