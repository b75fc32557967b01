"""Every line is one line, says on whose behalf it was written, and holds neither a secret nor anything of a person."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from sync_core import logs
from sync_core.errors import ConfigurationError
from tests.world import World, key

_WORD = st.text(st.characters(whitelist_categories=["Lu", "Ll"], max_codepoint=0x24F), min_size=4, max_size=12)
_DIGITS = st.text("0123456789", min_size=10, max_size=10)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Our own lines as JSON, from debug on; what was there before is put back."""
    root, handler = logging.getLogger(), logs.handler_for("json")
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    logs.install("json", level=logging.DEBUG)  # which leaves pytest's own handlers where they are
    root.addHandler(handler)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _raised(error: Exception) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


@given(around=st.text(max_size=30), name=_WORD, digits=_DIGITS, kind=st.sampled_from(["text", "json"]))
@example(around="\n", name="Ada", digits="5551234567", kind="text")
@settings(max_examples=60, deadline=None)
def test_no_secret_and_nothing_of_a_person_survives(around: str, name: str, digits: str, kind: logs.Form) -> None:
    name = f"Q{name}Q"  # a name that is no word of our own sentences
    key, token = f"sk_live_{digits}", f"EAAA{digits}abcdefgh"
    mail = f"{name}{digits}@example.com".encode("ascii", "ignore").decode()
    phone = f"+1 {digits[:3]} {digits[3:]}"
    assume(digits not in around)
    said = json.dumps({"given_name": name, "email": mail, "phone": digits}, ensure_ascii=False)
    told = f"{around}\nToken {token}; family_name='{name}' \nDETAIL:  Key (name)=({name}) exists."
    message, values = "sync.failed reason=%s told=%s", (f"{around} {key} {mail} {phone}", said)
    record = logging.LogRecord("sync_core.x", logging.ERROR, "x.py", 1, message, values, _raised(ValueError(told)))

    logs.Scrubbing().filter(record)
    formatter = logs.JsonLines() if kind == "json" else logs.Text()
    line = formatter.format(record)

    for secret in (key, token, mail, phone, digits, name):
        assert secret not in line
    if kind == "json":
        assert "\n" not in line
        assert json.loads(line)["event"] == "sync.failed"


def test_a_database_error_does_not_quote_the_row() -> None:
    error = IntegrityError("INSERT INTO venue.customers", {"name": "Ada Lovelace"}, Exception("duplicate key"))
    told = logs.scrub(str(error))
    assert "duplicate key" in told
    assert "Ada" not in told


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (r'"{\"given_name\": \"Ada\", \"n\": 1}"', r'"{\"given_name\": [personal], \"n\": 1}"'),
        (r"{\"name\": \"Ada \\\"The\\\" L\"}", r"{\"name\": [personal]}"),
        ("customerEmail=x billingPhone: 5551234", "customerEmail=[personal] billingPhone: [personal]"),
        ("{'FreeFormNumber': '020 7946 0958'}", "{'FreeFormNumber': [personal]}"),
        (r"Violation('no\nDETAIL:  Key (phone)=(x) exists')", r"Violation('no\nDETAIL: [hidden]"),
        (r"call\n+1 555 123 4567", r"call\n[phone]"),
        (r"call\n555-123-4567", r"call\n[phone]"),
        ("?tel%3D%2B15551234567", "?tel%3D[phone]"),
        ("?given_name%3DAda&page=2", "?given_name%3D[personal]&page=2"),
    ],
)
def test_what_was_quoted_once_more_or_is_part_of_an_address_is_hidden_too(text: str, clean: str) -> None:
    assert logs.scrub(text) == clean


def _record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("sync_core.x", logging.ERROR, "x.py", 1, message, values, None)


def test_a_line_stays_a_line_whatever_moves_the_cursor() -> None:
    record = _record("a\rERROR forged\x1b[2K\x85b\u2028c")
    logs.Scrubbing().filter(record)
    assert logs.Text().format(record) == r"ERROR sync_core.x: a\rERROR forged\x1b[2K\x85b\u2028c"


def test_a_line_that_was_badly_made_is_written_and_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    logs.handler_for("text").handle(_record("%d records of sk_live_abcd1234", "many"))
    told = "ERROR sync_core.x: %d records of [secret] (the line's values do not fit into it)\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 12:30:00 stripe/production/acct_1 took 12.5 s for 100,000 records",
        "run 7f3c2d1e-0a4b-4c8d-9e6f-112233445566 on 127.0.0.1:3007",
        "connection=lantern-hall/square entity=customers",
        "The name of the item is missing; line 3 of 12.",
        "2026-11-20T10:00:00+0000 12:30 online=3",
        "square needs a name, an e-mail address or a telephone number: add one",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    assert logs.scrub(text) == text


def test_values_are_fields_and_the_id_comes_along(lines: Any) -> None:
    log = logging.getLogger("sync_core.somewhere")
    with logs.correlated("run-1"):
        log.info("work.done connection=%s items=%d share=%.1f%% left: %s", "a/stripe", 3, 0.5, "x")
    log.warning("nothing special\nin two lines")

    first, second = lines()
    assert first["event"] == "work.done"
    assert first["fields"] == {"connection": "a/stripe", "items": 3, "share": 0.5}
    assert (first["correlation"], first["level"], first["logger"]) == ("run-1", "info", "sync_core.somewhere")
    assert "correlation" not in second
    assert second["message"] == "nothing special\nin two lines"


def test_an_unknown_form_is_refused() -> None:
    assert logs.form_in({}) == "text"
    with pytest.raises(ConfigurationError, match="text or json"):
        logs.form_in({"VENUE_SYNC_LOG": "xml"})


def test_a_run_is_followed_to_the_providers_own_id_of_each_request(shared_world: World, lines: Any) -> None:
    world = shared_world
    venue = world.venue("followed")
    world.insert("customers", venue, id="c1", given_name="Ada", email="ada@example.com")
    world.faults("stripe", {"kind": "error_before", "times": 1, "status": 503})
    lines()
    assert world.sync(venue, "stripe", "customers").status == "succeeded"
    world.no_faults("stripe")

    calls = [line for line in lines() if line.get("event") == "provider.call"]
    assert {line["fields"]["request"] for line in calls} == {"test"}
    assert {line["fields"]["connection"] for line in calls} == {"followed/stripe"}
    assert [line["level"] for line in calls].count("info") == 1  # the one that failed
    made = next(line for line in calls if line["fields"]["endpoint"] == "POST /v1/customers")
    assert made["fields"]["provider_request"].startswith("req_")
    answer = requests.get(
        f"{world.bases['stripe']}/v1/customers", headers={"Authorization": f"Bearer {key(venue, 'stripe')}"}, timeout=5
    )
    assert answer.headers["Request-Id"].startswith("req_")
    assert not [line for line in calls if "ada" in json.dumps(line).lower()]
