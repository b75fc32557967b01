"""The small readers under the validators: forms, bounds in words, a client's paths, requests without an operation."""

from pathlib import Path

import pytest

from tests.conformance.client_paths import paths_in, unused
from tests.conformance.said import Said, is_moment, said_in
from tests.conformance.stripe_form import nested


def test_a_form_is_nested_as_its_brackets_say() -> None:
    pairs = [
        ("name", "a"),
        ("m[x]", "1"),
        ("items[0][price]", "p"),
        ("items[1][price]", "q"),
        ("e[]", "1"),
        ("e[]", "2"),
    ]
    assert nested(pairs) == {
        "name": "a",
        "m": {"x": "1"},
        "items": [{"price": "p"}, {"price": "q"}],
        "e": ["1", "2"],
    }


@pytest.mark.parametrize("pairs", [[("a", "1"), ("a[b]", "2")], [("a[b]", "1"), ("a[b]", "2")], [("a[b", "1")]])
def test_a_form_that_contradicts_itself_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="a"):
        nested(pairs)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("The maximum length for this value is 300 characters.", Said(characters=300)),
        ("This may be up to *150 characters*.", Said(characters=150)),
        ("Restricted to UTF-8 characters with max length 255.", Said(characters=255)),
        ("Restricted to UTF-8 characters with max length of 64 bytes", Said(bytes=64)),
        ("Note length is limited to 1,000 characters.", Said(characters=1000)),
        ("For PayPal, this field is truncated to 127 characters.", Said()),
        ("A list of up to 8 URLs of images", Said(entries=8)),
        ("A map of 1 to 100 individual create requests", Said(entries=100)),
        ("Limit can range between 1 and 100, and the default is 10.", Said(least=1, most=100)),
        ("The time, in RFC 3339 format.", Said(moment=True)),
        ("The duration, in RFC 3339 format.", Said()),
        ("", Said()),
    ],
)
def test_bounds_are_read_out_of_descriptions(text: str, bounds: Said) -> None:
    assert said_in({"description": text}) == bounds


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2026-07-15T19:57:02.712Z", True),
        ("2026-05-05T02:05:12-07:00", True),
        ("2026-05-05T02:05:12", False),
        ("2026-05-05", False),
        ("soon", False),
    ],
)
def test_a_moment_has_a_date_a_time_and_an_offset(text: str, is_one: bool) -> None:
    assert is_moment(text) == is_one


def test_a_clients_paths_are_found_and_matched_against_what_was_asked(tmp_path: Path) -> None:
    (tmp_path / "calls.py").write_text(
        'A = "/v1/products"\nB = "POST /v1/x"\nC = "/3.0"\nD = "/v3/company/1/cdc"\n\ndef f(base, old, q):\n    """Nothing / here."""\n'
        '    return f"/v1/prices/{old}", f"{base}/lists/{old}/members?x={q}", "/", "a/b"\n'
    )
    found = paths_in(tmp_path)
    assert found == {"/v1/products", "/v1/prices/{}", "/lists/{}/members", "/v3/company/1/cdc"}
    asked = ["/v1/products", "/v1/prices/price_1", "/3.0/lists/abc/members", "/v3/company/9341/cdc"]
    assert unused(found, asked) == set()
    assert unused(found, ["/v1/products/p1", "/v1/prices", "/3.0/lists/abc"]) == found
