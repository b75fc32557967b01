"""Mailchimp's templates: contacts come back as they went out, and prices are numbers in the store's currency."""

import string
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import FOLDER
from sync_core.mapping.compile import Mapping, compile_mapping, nest
from sync_core.spec.load import load_model, load_template


def compiled(entity: str) -> Mapping:
    file = FOLDER / "mailchimp" / f"{entity}.yaml"
    template = load_template(file)
    return compile_mapping(template, load_model(FOLDER / "models" / f"{template.model}.yaml"), where=str(file))


MEMBERS, PRODUCTS = compiled("members"), compiled("store_products")
LETTERS = st.text(string.ascii_letters, min_size=1, max_size=8)
TEXTS = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
PEOPLE = st.fixed_dictionaries(
    {
        "email": st.builds("{}@{}.example".format, LETTERS, LETTERS),
        "country": st.none() | st.sampled_from(["NO", "DE", "US"]),
        **dict.fromkeys(
            ("given_name", "family_name", "company", "phone", "address_line1", "city", "region", "postcode", "note"),
            TEXTS,
        ),
    }
)
TICKET = {"kind": "ticket", "name": "Stalls", "price_minor": 1999, "currency": "USD", "active": True, "sku": "S-1"}


def frame(mapping: Mapping, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {name: [row.get(name) for row in rows] for name in mapping.model.columns}
    return pd.DataFrame(columns, index=pd.Index([f"id-{n}" for n in range(len(rows))], dtype=object), dtype=object)


def out(mapping: Mapping, *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    good, bad = mapping.validate_outbound(mapping.outbound(frame(mapping, list(rows))))
    flat = [dict(zip(good.columns, values, strict=True)) for values in good.astype(object).to_numpy().tolist()]
    return flat, [row.reason for row in bad]


@given(st.lists(PEOPLE, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_contact_comes_back_as_it_went_out(rows: list[dict[str, Any]]) -> None:
    sent, bad = out(MEMBERS, *rows)
    assert bad == []
    # Mailchimp shows a merge field that has no value as an empty text.
    shown = [orjson.loads(orjson.dumps(nest({p: "" if v is None else v for p, v in one.items()}))) for one in sent]
    back, wrong = MEMBERS.validate_inbound(MEMBERS.inbound(shown, [f"r{n}" for n in range(len(rows))]))
    assert wrong == []
    home = [{str(name): value for name, value in one.items()} for one in back.to_dict("records")]
    assert home == [{name: (row[name] or "").strip() or None for name in MEMBERS.pull_columns} for row in rows]
    assert out(MEMBERS, *home)[0] == sent


def test_a_new_contact_is_not_subscribed_to_anything() -> None:
    assert MEMBERS.constants == {"status_if_new": "transactional"}
    assert not any(path.startswith("status") for path in (*MEMBERS.push_paths, *MEMBERS.pull_paths))


def test_every_merge_tag_is_one_that_mailchimp_takes() -> None:
    tags = [path.removeprefix("merge_fields.") for path in MEMBERS.push_paths if path.startswith("merge_fields.")]
    assert len(tags) == 10
    assert all(tag.isalnum() and tag.isupper() and len(tag) <= 10 for tag in tags)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"email": None}, "email_address must have a value."),
        ({"email": "nobody"}, "email_address must be an e-mail address; the value is personal and not shown."),
        ({"email": "a@b.example", "city": "京" * 86}, "merge_fields.CITY must have at most 255 bytes, not 258."),
        ({"email": "a@b.example", "country": "Norway"}, "must be an ISO 3166-1 alpha-2 code such as NO;"),
    ],
)
def test_a_contact_that_mailchimp_would_refuse_is_kept_back(values: dict[str, Any], reason: str) -> None:
    sent, (bad,) = out(MEMBERS, values)
    assert sent == []
    assert reason in bad


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [(1999, "USD", 19.99), (1999, "JPY", 1999), (1999, "KWD", 1.999), (0, "EUR", 0), (None, "EUR", None)],
)
def test_a_price_is_a_number_in_the_main_unit(amount: int | None, currency: str, price: float | None) -> None:
    (product,), _ = out(PRODUCTS, {**TICKET, "price_minor": amount, "currency": currency})
    assert product == {
        "id": "id-0",
        "title": "Stalls",
        "description": None,
        "type": "ticket",
        "variants[0].sku": "S-1",
        "variants[0].price": price,
        "store.currency_code": currency,
        "variants[0].visibility": True,
    }


def test_a_product_without_a_name_or_with_a_negative_price_is_kept_back() -> None:
    sent, bad = out(PRODUCTS, {**TICKET, "name": " "}, {**TICKET, "price_minor": -1})
    assert sent == []
    assert bad == ["title must have a value.", "variants[0].price must be at least 0, not -0.01."]
