"""The QuickBooks templates: what goes out comes back, and what QuickBooks shows in its own way is understood."""

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import FOLDER
from sync_core.mapping.compile import BadRow, Mapping, compile_mapping, load_models, nest
from sync_core.spec.load import load_template

MODELS = load_models(FOLDER)


def compiled(entity: str) -> Mapping:
    file = Path(FOLDER) / "quickbooks" / f"{entity}.yaml"
    template = load_template(file)
    return compile_mapping(template, MODELS[template.model], where=str(file), models=MODELS)


CUSTOMERS, ITEMS = compiled("customers"), compiled("items")

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters=":"))
LINES = TEXTS.map(lambda text: text and text[:90])
ROWS: dict[str, st.SearchStrategy[Any]] = {
    "email": st.none() | st.just("ada@example.com"),
    "phone": st.none() | st.just("(555) 555-1234"),
    "country": st.none() | st.sampled_from(["US", "DE", "NO", "GB"]),
    "postcode": st.none() | st.sampled_from(["89501", "SW1A 1AA"]),
    "company": st.just("Acme"),
}


def frame(mapping: Mapping, **values: Any) -> pd.DataFrame:
    row = dict.fromkeys(mapping.model.columns) | {"id": "id-1"} | values
    return pd.DataFrame({name: pd.Series([value], index=["id-1"], dtype=object) for name, value in row.items()})


def sent(mapping: Mapping, **values: Any) -> dict[str, Any]:
    good, bad = mapping.validate_outbound(mapping.outbound(frame(mapping, **values)))
    assert bad == []
    flat = dict(zip(good.columns, good.iloc[0].tolist(), strict=True))
    return orjson.loads(orjson.dumps(nest({path: value for path, value in flat.items() if value is not None})))


def refused(mapping: Mapping, **values: Any) -> BadRow:
    _, (bad,) = mapping.validate_outbound(mapping.outbound(frame(mapping, **values)))
    return bad


def back(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    good, bad = mapping.validate_inbound(mapping.inbound([record], ["1"]))
    assert bad == []
    return dict(zip(good.columns, good.iloc[0].tolist(), strict=True))


@given(row=st.fixed_dictionaries({name: ROWS.get(name, LINES) for name in CUSTOMERS.pull_columns}))
@settings(max_examples=60, deadline=None)
def test_a_customer_comes_back_as_it_went(row: dict[str, Any]) -> None:
    assert back(CUSTOMERS, sent(CUSTOMERS, **row)) == {name: value or None for name, value in row.items()}


@pytest.mark.parametrize("shown", ["USA", "US", "United States", "U.S.A."])
def test_a_country_is_understood_however_quickbooks_shows_it(shown: str) -> None:
    assert sent(CUSTOMERS, company="Acme", country="us")["BillAddr"] == {"Country": "USA"}
    assert back(CUSTOMERS, {"BillAddr": {"Country": shown}})["country"] == "US"


def test_names_are_sent_as_quickbooks_takes_them() -> None:
    assert sent(CUSTOMERS, company="Acme:\tTickets ")["CompanyName"] == "Acme - Tickets"
    assert sent(ITEMS, name="Hamlet: Stalls", kind="ticket", currency="USD")["Name"] == "Hamlet - Stalls"
    assert len(sent(ITEMS, name="x" * 150, kind="ticket", currency="USD")["Name"]) == 100


def test_a_customer_without_any_name_is_not_sent() -> None:
    assert refused(CUSTOMERS, note="somebody").code == "any_of"


@given(amount=st.integers(0, 10**12), currency=st.sampled_from(["USD", "JPY", "KWD", "EUR"]))
@settings(max_examples=60, deadline=None)
def test_a_price_comes_back_to_the_last_coin(amount: int, currency: str) -> None:
    product = {"name": "Play", "description": "Row A", "sku": "S-1", "price_minor": amount, "currency": currency}
    record = sent(ITEMS, kind="merchandise", **product)
    assert record["Type"] == "NonInventory"
    assert back(ITEMS, record) == product


def test_an_item_without_a_price_has_none() -> None:
    record = sent(ITEMS, name="Donation", kind="ticket", currency="USD")
    assert (record["Type"], "UnitPrice" in record) == ("Service", False)
    assert back(ITEMS, record)["price_minor"] is None
