"""Every declared entity has a template that compiles, fits its tables, and brings back what it sent."""

import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import FOLDER
from sync_core.errors import DeclarationError
from sync_core.mapping.compile import Mapping, content_hash, load_mappings, nest
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store.venue_tables import SYNCED

DEFS = Path(__file__).parents[2] / "sync_defs" / "defs"
SPECS = {name: spec for name, spec in load_providers(DEFS).items() if name in ("stripe", "square")}
MAPPINGS = load_mappings(SPECS, FOLDER)
TABLES = {table.name: table for table in SYNCED}
PULLED = [key for key in MAPPINGS if SPECS[key[0]].entities[key[1]].pulls]
BOTH = [key for key in PULLED if SPECS[key[0]].entities[key[1]].pushes]

# Every script there is, without what no provider and no database takes: NUL, and halves of surrogate pairs.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
NAMES = TEXTS | st.sampled_from(
    [
        "O'Brien",
        "Renée-Claire",
        "山田太郎",
        "أحمد عبد الله",
        "שלום",
        "नमस्ते",
        "🎟️ VIP 👩‍👩‍👧",
        "  padded  ",
        "Иван Иванов",
        "NO",
        "",
    ]
)
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KRW", "KWD", "BHD", "ISK", "UGX", "MGA", "TRY"])
LETTERS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)
# Amounts that every currency can express at every provider.
AMOUNTS = st.integers(1, 10**7).map(lambda amount: amount * 100)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "email": st.none() | st.builds("{}@{}.example".format, LETTERS, LETTERS),
    "phone": st.none() | st.sampled_from(["+49 30 1234567", "(555) 555-1234", "+819012345678"]),
    "country": st.none() | st.sampled_from(["NO", "DE", "US", "JP"]),
    "currency": CURRENCIES,
    "kind": st.sampled_from(["ticket", "merchandise"]),
    "name": NAMES.filter(lambda text: text.strip()),
    "company": NAMES.filter(lambda text: text.strip()),
    "quantity": st.integers(0, 10**9),
    "payment_id": LETTERS,
    "customer_id": LETTERS,
    "event_id": LETTERS,
    "evidence_email": st.none() | st.builds("{}@{}.example".format, LETTERS, LETTERS),
    "status": st.just("canceled"),  # a word of every status that is pushed
}
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "text": st.none() | NAMES,
    "integer": AMOUNTS,
    "boolean": st.booleans(),
    "json": st.just([]),
    "timestamp": st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
}


def rows_of(mapping: Mapping) -> st.SearchStrategy[list[dict[str, Any]]]:
    columns = {n: c for n, c in mapping.model.columns.items() if c.type != "timestamp" or n in mapping.push_columns}
    row = st.fixed_dictionaries({n: VALUES.get(n, BY_TYPE[c.type]) for n, c in columns.items()})
    return st.lists(row, min_size=1, max_size=4)


def frame_of(rows: list[dict[str, Any]], mapping: Mapping) -> pd.DataFrame:
    index = pd.Index([f"id-{i}" for i in range(len(rows))], dtype=object)
    columns = [*mapping.model.columns, "id"]
    return pd.DataFrame(
        {
            n: pd.Series([row.get(n, f"id-{i}") for i, row in enumerate(rows)], index=index, dtype=object)
            for n in columns
        }
    )


def tidy(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def sent(mapping: Mapping, rows: list[dict[str, Any]]) -> pd.DataFrame:
    good, bad = mapping.validate_outbound(mapping.outbound(frame_of(rows, mapping)))
    assert bad == []
    return good


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """What a provider would show: nested, and without the fields that have no value."""
    flat = [dict(zip(frame.columns, values, strict=True)) for values in zip(*(frame[p] for p in frame), strict=True)]
    return [nest({path: value for path, value in one.items() if value is not None}) for one in flat]


@pytest.mark.parametrize("key", BOTH, ids="/".join)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_pushed_comes_back_as_it_was_and_would_not_be_pushed_again(
    key: tuple[str, str], data: st.DataObject
) -> None:
    mapping = MAPPINGS[key]
    rows = data.draw(rows_of(mapping))
    pushed = sent(mapping, rows)
    shown = [orjson.loads(orjson.dumps(record)) for record in records(pushed)]
    for record, row in zip(shown, rows, strict=True):
        if key == ("stripe", "refunds"):  # the one currency that is Stripe's to say
            record["currency"] = row["currency"].lower()

    pulled = mapping.inbound(shown, [f"remote-{i}" for i in range(len(rows))])
    both_ways = [c for c in mapping.pull_columns if c in mapping.push_columns and c != "id"]
    back = {column: pulled[column].tolist() for column in both_ways}
    assert back == {column: [tidy(row[column]) for row in rows] for column in both_ways}

    again = sent(mapping, [{**row, **{c: back[c][i] for c in both_ways}} for i, row in enumerate(rows)])
    hashes = [
        [content_hash(dict(zip(f.columns, v, strict=True))) for v in f.to_numpy().tolist()] for f in (pushed, again)
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("key", MAPPINGS, ids="/".join)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_what_goes_out_holds_nothing_but_what_json_knows(key: tuple[str, str], data: st.DataObject) -> None:
    mapping = MAPPINGS[key]
    mapped = mapping.outbound(frame_of(data.draw(rows_of(mapping)), mapping))
    kinds = {type(value) for path in mapped for value in mapped[path]}
    assert kinds <= {str, int, bool, type(None)}


@pytest.mark.parametrize("key", MAPPINGS, ids="/".join)
def test_absent_null_and_empty_come_in_alike(key: tuple[str, str]) -> None:
    mapping = MAPPINGS[key]
    texts = {c for c in mapping.pull_columns if c == "id" or mapping.model.columns[c].type == "text"}
    nulls = nest(dict.fromkeys(mapping.pull_paths))
    absent, null = mapping.inbound([{}, nulls], ["a", "b"]).to_numpy().tolist()
    assert absent == null
    seen = mapping.seen([{}, nulls])
    assert seen[0] == seen[1] == dict.fromkeys(mapping.pull_paths)
    tidied = {c for c in texts if "empty_to_none" in _transforms(key, c)}
    empty = mapping.inbound([nest(dict.fromkeys(mapping.pull_paths, ""))], ["e"])
    assert {c: empty[c].tolist()[0] for c in tidied} == dict.fromkeys(tidied)


def _transforms(key: tuple[str, str], column: str) -> tuple[str, ...]:
    bound = {c: part for part in MAPPINGS[key].pulled for c in part.columns}[column]
    return tuple(step.name for step in getattr(bound, "transforms", ()))


@pytest.mark.parametrize("key", PULLED, ids="/".join)
def test_a_row_that_the_provider_created_can_be_stored(key: tuple[str, str]) -> None:
    mapping, entity = MAPPINGS[key], SPECS[key[0]].entities[key[1]]
    table = TABLES[mapping.model.model]
    needed = {c.name for c in table.columns if not c.nullable and c.server_default is None and not c.primary_key}
    assert needed <= {*mapping.pull_columns, *entity.where, *mapping.new_row}
    assert set(mapping.new_row).isdisjoint(mapping.pull_columns)


@pytest.mark.parametrize("key", [k for k in MAPPINGS if k[0] == "stripe"], ids="/".join)
def test_everything_that_stripe_keeps_in_metadata_is_short_text(key: tuple[str, str]) -> None:
    for part in MAPPINGS[key].pushed:
        for ruled in part.ruled():
            if ruled.name.startswith("metadata."):
                assert ruled.kind == "text"
                assert len(ruled.name.removeprefix("metadata.")) <= 40


def push(key: tuple[str, str], **values: Any) -> tuple[pd.DataFrame, list[Any]]:
    mapping = MAPPINGS[key]
    row = {**dict.fromkeys(mapping.model.columns), **values}
    return mapping.validate_outbound(mapping.outbound(frame_of([row], mapping)))


TICKET = {"kind": "ticket", "name": "Ticket", "price_minor": 1000, "currency": "EUR", "active": True}
REFUND = {"provider": "stripe", "payment_id": "ch_1", "amount_minor": 100, "currency": "EUR"}


@pytest.mark.parametrize(
    ("key", "values", "reason"),
    [
        (("stripe", "products"), {**TICKET, "name": " "}, "name must have a value."),
        (("stripe", "products"), {**TICKET, "name": "x" * 251}, "name must have at most 250 characters, not 251."),
        (
            ("stripe", "products"),
            {**TICKET, "sku": "x" * 501},
            "metadata.sku must have at most 500 characters, not 501.",
        ),
        (
            ("stripe", "products"),
            {**TICKET, "price_minor": -1},
            "default_price.unit_amount must be at least 0, not -1.",
        ),
        (
            ("stripe", "products"),
            {**TICKET, "price_minor": 1234, "currency": "KWD"},
            "default_price.unit_amount must be a multiple of 10 in KWD, not 1234.",
        ),
        (("stripe", "products"), {**TICKET, "currency": "EURO"}, "must be an ISO 4217 code"),
        (
            ("stripe", "customers"),
            {"email": "nobody"},
            "email must be an e-mail address; the value is personal and not shown.",
        ),
        (
            ("stripe", "customers"),
            {"country": "Norway"},
            "address.country must be an ISO 3166-1 alpha-2 code such as NO;",
        ),
        (("stripe", "customers"), {"phone": "1" * 21}, "phone must have at most 20 characters, not 21."),
        (("stripe", "customers"), {"given_name": "x" * 257}, "name must have at most 256 characters, not 257."),
        (("stripe", "refunds"), {**REFUND, "payment_id": None}, "charge must have a value."),
        (("stripe", "refunds"), {**REFUND, "amount_minor": 0}, "amount must be at least 1, not 0."),
        (("square", "products"), {**TICKET, "price_minor": None}, "price_money.amount must have a value."),
        (("square", "products"), {**TICKET, "name": "x" * 513}, "item_data.name must have at most 512 characters"),
        (
            ("square", "customers"),
            {"city": "Oslo"},
            "One of given_name, family_name, company, email, phone must have a value.",
        ),
        (("square", "customers"), {"phone": "12345"}, "phone_number must be a phone number of 9 to 16 digits;"),
        (("square", "inventory"), {"quantity": -3}, "quantity must be a whole number of pieces from 0, not '-3'."),
        (("square", "refunds"), {**REFUND, "reason": "x" * 193}, "reason must have at most 192 characters, not 193."),
    ],
)
def test_a_row_that_the_provider_would_refuse_is_kept_back_with_the_reason(
    key: tuple[str, str], values: dict[str, Any], reason: str
) -> None:
    good, (bad,) = push(key, **values)
    assert len(good) == 0
    assert reason in bad.reason


def test_a_product_with_an_open_price_goes_to_stripe_without_one() -> None:
    good, bad = push(("stripe", "products"), **{**TICKET, "price_minor": None})
    assert (bad, good["default_price.unit_amount"].tolist()) == ([], [None])


def test_a_name_of_three_words_survives_stripe_which_has_only_one() -> None:
    good, _ = push(("stripe", "customers"), given_name="Ludwig", family_name="van Beethoven")
    record = records(good)[0]
    assert record["name"] == "Ludwig van Beethoven"
    mapping = MAPPINGS[("stripe", "customers")]
    assert mapping.inbound([record], ["r"])[["given_name", "family_name"]].to_numpy().tolist() == [
        ["Ludwig", "van Beethoven"]
    ]
    record["name"] = "Ludwig Berger"
    assert mapping.inbound([record], ["r"])[["given_name", "family_name"]].to_numpy().tolist() == [["Ludwig", "Berger"]]
    assert mapping.local_of(["name"]) == {"given_name", "family_name"}


PAYMENTS = {
    "stripe": {
        "id": "ch_1",
        "object": "charge",
        "amount": 1000,
        "amount_refunded": 250,
        "currency": "eur",
        "customer": "cus_1",
        "created": 1779834055,
        "description": None,
        "metadata": {"order_id": "order-7"},
        "status": "succeeded",
    },
    "square": {
        "id": "p1",
        "amount_money": {"amount": 1000, "currency": "EUR"},
        "refunded_money": {"amount": 250, "currency": "EUR"},
        "status": "COMPLETED",
        "customer_id": "cus_1",
        "reference_id": "order-7",
        "created_at": "2026-05-26T22:20:55.000Z",
    },
}


@pytest.mark.parametrize(("provider", "entity"), [("stripe", "charges"), ("square", "payments")])
def test_a_payment_reads_the_same_whoever_took_it(provider: str, entity: str) -> None:
    mapping = MAPPINGS[(provider, entity)]
    frame, bad = mapping.validate_inbound(mapping.inbound([PAYMENTS[provider]], ["p1"]))
    assert bad == []
    row = frame.loc["p1"].to_dict()
    assert row.pop("paid_at").isoformat() == "2026-05-26T22:20:55+00:00"
    assert row == {
        "amount_minor": 1000,
        "refunded_minor": 250,
        "currency": "EUR",
        "status": "succeeded",
        "customer_id": "cus_1",
        "order_id": "order-7",
        "description": None,
    }


def test_a_status_that_nobody_knows_yet_is_a_bad_row_and_not_a_guess() -> None:
    mapping = MAPPINGS[("square", "payments")]
    frame = mapping.inbound([{**PAYMENTS["square"], "status": "ESCHEATED"}, PAYMENTS["square"]], ["p1", "p2"])
    good, (bad,) = mapping.validate_inbound(frame)
    assert good.index.tolist() == ["p2"]
    assert (bad.id, bad.column, bad.code) == ("p1", "status", "words")
    assert bad.reason == ("status must be one of COMPLETED, PENDING, APPROVED, CANCELED, FAILED, not 'ESCHEATED'.")


def test_stock_is_told_by_the_variation_of_its_product() -> None:
    mapping = MAPPINGS[("square", "inventory")]
    (reference,) = mapping.references
    assert (reference.column, reference.entity, reference.pick) == ("id", "products", "variation_id")
    frame, bad = mapping.validate_inbound(mapping.inbound([{"catalog_object_id": "V1", "quantity": "-2.0"}], ["V1"]))
    assert (bad, frame.loc["V1"].to_dict()) == ([], {"id": "V1", "quantity": -2})
    _, (bad,) = mapping.validate_inbound(mapping.inbound([{"catalog_object_id": "V1", "quantity": "1.5"}], ["V1"]))
    assert bad.reason == "quantity must be a whole number of pieces, not '1.5'."


def test_an_item_without_a_fixed_price_says_which_value_is_missing() -> None:
    mapping = MAPPINGS[("square", "products")]
    item = {
        "item_data": {"name": "Donation", "variations": [{"item_variation_data": {"pricing_type": "VARIABLE_PRICING"}}]}
    }
    _, (bad,) = mapping.validate_inbound(mapping.inbound([item], ["i1"]))
    assert bad.reason == "currency must have a value."


def test_what_is_sent_to_square_is_a_whole_item() -> None:
    good, _ = push(("square", "products"), **TICKET)
    mapping = MAPPINGS[("square", "products")]
    flat = dict(zip(good.columns, good.iloc[0].tolist(), strict=True))
    assert nest({**{k: v for k, v in flat.items() if v is not None}, **mapping.constants}) == {
        "type": "ITEM",
        "present_at_all_locations": True,
        "item_data": {
            "name": "Ticket",
            "is_archived": False,
            "variations": [
                {
                    "type": "ITEM_VARIATION",
                    "present_at_all_locations": True,
                    "item_variation_data": {
                        "name": "Regular",
                        "pricing_type": "FIXED_PRICING",
                        "track_inventory": True,
                        "price_money": {"amount": 1000, "currency": "EUR"},
                        "user_data": "id-0",
                    },
                }
            ],
        },
    }


def changed(entity: str, **update: Any) -> dict[str, ProviderSpec]:
    spec = SPECS["square"]
    entities = {**spec.entities, entity: spec.entities[entity].model_copy(update=update)}
    return {"square": spec.model_copy(update={"entities": entities})}


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        (changed("customers", mapping="square/nothing"), r"square/nothing\.yaml: file: the file does not exist"),
        (changed("customers", mapping="square/products"), r"square/products\.yaml: model: must be customers"),
        (
            changed("payments", direction="push"),
            r"payments\.yaml: fields: square's payments is pushed, but no field is",
        ),
        (
            changed("inventory", needs=()),
            r"inventory\.yaml: fields\.id\.reference\.entity: inventory must declare that it needs products",
        ),
        (changed("refunds", where={"shop": "x"}), r"refunds\.yaml: model: refunds\.where names shop"),
    ],
)
def test_a_template_that_does_not_fit_its_declaration_is_refused(specs: dict[str, ProviderSpec], reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        load_mappings(specs, FOLDER)


def test_a_model_must_be_called_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    text = (FOLDER / "models" / "stock.yaml").read_text(encoding="utf-8")
    (tmp_path / "models" / "shares.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"shares\.yaml: model: must be shares"):
        load_mappings(SPECS, tmp_path)
