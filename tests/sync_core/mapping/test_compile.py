"""A wrong declaration is refused with file, path and reason; a compiled one maps frames both ways."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from sync_core.errors import DeclarationError
from sync_core.mapping.compile import BadRow, BoundReference, compile_mapping
from sync_core.spec.template import Model, Template

MODEL = Model.model_validate(
    {
        "model": "things",
        "description": "Things.",
        "columns": {
            "name": {"type": "text", "required": True, "description": "Name."},
            "nick": {"type": "text", "description": "Nickname.", "personal": True},
            "owner_id": {"type": "text", "description": "Owner."},
            "count": {"type": "integer", "description": "Count.", "check": {"minimum": 0}},
            "price": {"type": "integer", "description": "Price."},
            "currency": {"type": "text", "description": "Currency."},
            "active": {"type": "boolean", "description": "Active."},
            "at": {"type": "timestamp", "description": "When."},
        },
    }
)
FIELDS = {
    "id": {"remote": "ref", "direction": "push"},
    "name": {"remote": "data.name", "transform": ["trim", "empty_to_none"], "required": True},
    "owner_id": {"remote": "owner", "reference": {"entity": "owners", "pick": "v"}},
    "count": {"remote": "data.count", "transform": ["quantity_text"], "check": {"max_length": 3}},
    "price": {"remote": "price", "direction": "pull", "transform": ["stripe_units:currency"]},
    "currency": {"remote": "cur", "transform": ["currency_lower"]},
    "active": {"remote": "archived", "transform": ["negate_bool"], "default": True},
    "at": {"remote": "at", "direction": "pull", "transform": ["rfc3339"]},
}


def compiled(**changes: object):
    return compile_mapping(
        Template.model_validate({"model": "things", "fields": FIELDS, **changes}), MODEL, where="things.yaml"
    )


MAPPING = compiled(constants=[{"remote": "data.type", "value": "THING"}], new_rows={"nick": "new"})


def rows(**columns: list[object]) -> pd.DataFrame:
    length = len(next(iter(columns.values())))
    given = {name: columns.get(name, [None] * length) for name in MODEL.columns}
    index = pd.Index([f"l{i}" for i in range(length)], dtype=object)
    return pd.DataFrame({n: pd.Series(v, dtype=object, index=index) for n, v in given.items()})


def test_what_is_read_and_written_is_known_in_a_fixed_order() -> None:
    assert MAPPING.push_columns == ("id", "name", "owner_id", "count", "currency", "active")
    assert MAPPING.pull_columns == ("name", "owner_id", "count", "price", "currency", "active", "at")
    assert MAPPING.push_paths == ("ref", "data.name", "owner", "data.count", "cur", "archived")
    assert MAPPING.pull_paths == ("data.name", "owner", "data.count", "price", "cur", "archived", "at")
    assert MAPPING.constants == {"data.type": "THING"}
    assert MAPPING.new_row == {"nick": "new"}
    assert MAPPING.references == (BoundReference("owner_id", "owner", "owners", "v", "both", required=False),)
    assert list(MAPPING.frame_schema_push.columns) == list(MAPPING.push_paths)
    assert list(MAPPING.frame_schema_pull.columns) == list(MAPPING.pull_columns)


def test_rows_go_out_as_plain_values_under_the_providers_paths() -> None:
    mapped = MAPPING.outbound(
        rows(name=[" Ticket ", ""], count=[53, None], currency=["EUR", None], active=[False, None])
    )
    assert mapped.index.tolist() == ["l0", "l1"]
    assert mapped.loc["l0"].to_dict() == {
        "ref": "l0",
        "data.name": "Ticket",
        "owner": None,
        "data.count": "53",
        "cur": "eur",
        "archived": True,
    }
    assert list(mapped.loc["l1"]) == ["l1", None, None, None, None, False]
    assert set(mapped.dtypes) == {pd.Series([], dtype=object).dtype}


def test_a_key_that_the_engine_replaced_by_a_remote_id_is_used_instead_of_the_index() -> None:
    given = rows(name=["x"])
    given["id"] = ["REMOTE"]
    assert MAPPING.outbound(given)["ref"].tolist() == ["REMOTE"]


def test_records_come_in_as_rows_of_the_venue() -> None:
    record = {
        "data": {"name": "Ticket", "count": "53.0"},
        "owner": "o1",
        "price": 500,
        "cur": "isk",
        "archived": True,
        "at": "2026-07-15T19:58:09.286Z",
    }
    frame = MAPPING.inbound([record, {"data": {"name": "x"}}], ["r1", "r2"])
    assert frame.loc["r1"].to_dict() == {
        "name": "Ticket",
        "owner_id": "o1",
        "count": 53,
        "price": 5,
        "currency": "ISK",
        "active": False,
        "at": datetime(2026, 7, 15, 19, 58, 9, 286000, tzinfo=UTC),
    }
    assert list(frame.loc["r2"]) == ["x", None, None, None, None, True, None]
    assert MAPPING.validate_inbound(frame)[1] == []


def test_an_empty_page_and_an_empty_frame_are_mapped_too() -> None:
    assert MAPPING.inbound([], []).columns.tolist() == list(MAPPING.pull_columns)
    assert MAPPING.seen([]) == []
    nothing, bad = MAPPING.validate_outbound(MAPPING.outbound(rows(name=[])))
    assert (len(nothing), bad) == (0, [])


def test_bad_values_going_out_become_bad_rows_and_their_neighbours_go_on() -> None:
    mapped = MAPPING.outbound(rows(name=["a", None, "c", 4, "e"], count=[1, 2, 1000, 4, "five"]))
    good, bad = MAPPING.validate_outbound(mapped)
    assert good.index.tolist() == ["l0"]
    assert good["data.count"].tolist() == ["1"]
    assert bad == [
        BadRow("l1", "name", "required", "data.name must have a value."),
        BadRow("l2", "count", "max_length", "data.count must have at most 3 characters, not 4."),
        BadRow("l3", "name", "type", "name must be a text, not 4."),
        BadRow("l4", "count", "type", "count must be a whole number, not 'five'."),
    ]


def test_bad_values_coming_in_become_bad_rows_and_their_neighbours_go_on() -> None:
    def record(**more: object) -> dict[str, object]:
        return {"data": {"name": "x"}, **more}

    frame = MAPPING.inbound(
        [
            record(),
            {},
            record(at="yesterday"),
            record(price=5),
            record(price=505, cur="isk"),
            {"data": {"name": "x", "count": "-1"}},
            {"data": {"name": {"de": "x"}}},
        ],
        [f"r{i}" for i in range(7)],
    )
    good, bad = MAPPING.validate_inbound(frame)
    assert good.index.tolist() == ["r0"]
    assert bad == [
        BadRow("r1", "name", "required", "name must have a value."),
        BadRow("r2", "at", "rfc3339", "at must be a time like 2026-01-31T08:00:00Z, not 'yesterday'."),
        BadRow("r3", "price", "stripe_units", "price cannot be told without a currency."),
        BadRow("r4", "price", "stripe_units", "price must be a multiple of 100 in ISK, not 505."),
        BadRow("r5", "count", "minimum", "count must be at least 0, not -1."),
        BadRow("r6", "name", "type", "data.name must be a text, not {'de': 'x'}."),
    ]


def test_what_the_provider_shows_is_kept_raw() -> None:
    seen = MAPPING.seen([{"data": {"name": " x "}, "archived": False, "more": 1}])
    assert seen == [
        {
            "data.name": " x ",
            "owner": None,
            "data.count": None,
            "price": None,
            "cur": None,
            "archived": False,
            "at": None,
        }
    ]


def test_remote_paths_lead_back_to_the_columns_they_feed() -> None:
    assert MAPPING.local_of(["data.name", "archived", "ref", "unknown"]) == {"name", "active"}
    joined = compiled(
        fields={"count": {"remote": "c"}},
        joined=[{"columns": ["name", "nick"], "remote": "full", "kept": ["meta.a", "meta.b"]}],
    )
    assert joined.local_of(["meta.a"]) == {"name", "nick"}
    assert joined.push_paths == ("c", "full", "meta.a", "meta.b")


WRONG = [
    ({"model": "other"}, "model", "is other, but the model given is things"),
    ({"fields": {"colour": {"remote": "c"}}}, "fields.colour", "has no column 'colour'"),
    ({"fields": {"name": {"remote": "n", "transform": ["trimm"]}}}, "fields.name.transform.0", "no transform 'trimm'"),
    (
        {"fields": {"count": {"remote": "n", "transform": ["trim"]}}},
        "fields.count.transform.0",
        "trim takes a text, not a whole number",
    ),
    (
        {"fields": {"count": {"remote": "n", "transform": ["quantity_text", "negate_bool"]}}},
        "fields.count.transform.1",
        "negate_bool takes true or false, not a text",
    ),
    ({"fields": {"at": {"remote": "at"}}}, "fields.at.transform", "a time needs a transform"),
    ({"fields": {"count": {"remote": "n", "check": {"max_length": 3}}}}, "fields.count.check", "cannot apply"),
    ({"fields": {"count": {"remote": "n", "default": "0"}}}, "fields.count.default", "must be a whole number"),
    (
        {"fields": {"count": {"remote": "n", "reference": {"entity": "x"}}}},
        "fields.count.reference",
        "a reference must be a text",
    ),
    ({"fields": {"name": {"remote": "a"}, "nick": {"remote": "a.b"}}}, "fields", "a.b contradicts another path"),
    (
        {"fields": {"name": {"remote": "a"}}, "constants": [{"remote": "a[0]", "value": 1}]},
        "fields",
        "a[0] contradicts another path",
    ),
    ({"any_of": [["name", "at"]]}, "any_of.0", "at is not pushed"),
    ({"new_rows": {"name": "x"}}, "new_rows.name", "name is pulled already"),
    ({"new_rows": {"nick": 1}}, "new_rows.nick", "must be a text"),
    ({"new_rows": {"colour": "red"}}, "new_rows.colour", "has no column 'colour'"),
    (
        {"fields": {"price": {"remote": "p", "transform": ["stripe_units:currency"]}}},
        "fields.price.transform",
        "currency must be pulled too",
    ),
    (
        {"fields": {"price": {"remote": "p", "transform": ["stripe_units:count"]}}},
        "fields.price.transform.0",
        "count must be a text column",
    ),
    (
        {"fields": {"name": {"remote": "n"}}, "joined": [{"columns": ["nick", "count"], "remote": "x"}]},
        "joined.0.columns",
        "count must be a text column",
    ),
]


@pytest.mark.parametrize(("changes", "path", "reason"), WRONG)
def test_a_template_that_does_not_fit_is_refused_with_file_path_and_reason(
    changes: dict[str, Any], path: str, reason: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        compiled(**changes)
    assert (refused.value.file, refused.value.path) == ("things.yaml", path)
    assert reason in refused.value.reason
