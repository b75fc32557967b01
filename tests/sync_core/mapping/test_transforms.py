"""Each transform goes out and comes back; what it cannot carry it refuses with a rule."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.mapping.cells import BadValue, Subject, Unmappable, each
from sync_core.mapping.transforms import PLAIN, WITH_ARGUMENT, Beside, Transform, transform

SUBJECT = Subject("a.path", personal=False)
EXAMPLES = {
    "truncate": "truncate:5",
    "words": "words:a=A,b=B",
    "stripe_units": "stripe_units:currency",
    "major_units": "major_units:currency",
}
INSTANTS = st.datetimes(timezones=st.just(UTC))


def single(text: str) -> Transform:
    found = transform(text)
    assert isinstance(found, Transform)
    return found


def beside(text: str) -> Beside:
    found = transform(text)
    assert isinstance(found, Beside)
    return found


@pytest.mark.parametrize("name", [*PLAIN, "truncate", "words"])
def test_every_transform_leaves_none_and_values_that_are_bad_already_alone(name: str) -> None:
    step = single(EXAMPLES.get(name, name))
    bad = BadValue("type", "It was bad before.")
    for function in (step.out, step.back):
        assert each(function, [None, bad], code="x", subject=SUBJECT) == [None, bad]


def test_there_is_an_example_of_every_transform_with_an_argument() -> None:
    assert set(EXAMPLES) == set(WITH_ARGUMENT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("trimm", "there is no transform 'trimm'; known are country_iso3, "),
        ("trim:3", "there is no transform 'trim:3'"),
        ("truncate", "needs a length"),
        ("truncate:0", "needs a length"),
        ("truncate:-1", "needs a length"),
        ("words:", "needs pairs"),
        ("words:a=", "needs pairs"),
        ("words:a=b=c", "needs pairs"),
        ("words:a=X,b=X", "two meanings"),
        ("stripe_units", "needs the column"),
        ("major_units", "needs the column"),
    ],
)
def test_a_transform_that_does_not_exist_is_refused_with_what_would(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        transform(text)


@given(st.text())
def test_texts_that_are_tidy_already_come_back_unchanged(text: str) -> None:
    tidy = text.strip() or None
    for name in ("trim", "empty_to_none", "lower", "upper", "truncate:100000"):
        step = single(name)
        sent = each(step.out, [tidy], code=name, subject=SUBJECT)
        shown = each(step.back, sent, code=name, subject=SUBJECT)
        assert each(step.out, shown, code=name, subject=SUBJECT) == sent
        if name in ("trim", "empty_to_none"):
            assert shown == [tidy]


def test_decomposed_letters_are_composed_in_both_directions() -> None:
    step = single("nfc")
    assert (step.out("Zoe\u0308"), step.back("Zoe\u0308")) == ("Zo\u00eb", "Zo\u00eb")


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "KWD", "BHD", "ISK", "TRY"])
def test_a_currency_travels_in_small_letters(code: str) -> None:
    step = single("currency_lower")
    assert step.out(code) == code.lower()
    assert step.back(step.out(code)) == code


def test_letters_are_counted_as_code_points_when_a_text_is_cut() -> None:
    assert single("truncate:3").out("né🎟️x") == "né🎟"
    assert single("truncate:3").back("longer than three") == "longer than three"


def test_active_is_the_opposite_of_archived() -> None:
    step = single("negate_bool")
    assert [step.back(step.out(value)) for value in (True, False)] == [True, False]
    assert step.out(True) is False


@given(INSTANTS)
def test_unix_time_keeps_the_second(at: datetime) -> None:
    step = single("unix_time")
    assert step.back(step.out(at)) == at.replace(microsecond=0)
    assert type(step.out(at)) is int


@pytest.mark.parametrize("seconds", [10**15, -(10**15), 2**63])
def test_seconds_beyond_the_calendar_are_refused(seconds: int) -> None:
    with pytest.raises(Unmappable, match="seconds since 1970"):
        single("unix_time").back(seconds)


@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_rfc3339_keeps_the_instant_whatever_the_zone(at: datetime, minutes: int) -> None:
    step = single("rfc3339")
    try:
        elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert step.out(elsewhere).endswith("Z")
    assert step.back(step.out(elsewhere)) == at
    assert step.back(elsewhere.isoformat()) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-15T19:58:09.286Z", datetime(2026, 7, 15, 19, 58, 9, 286000, tzinfo=UTC)),
        ("2026-07-15T19:58:09.103456789Z", datetime(2026, 7, 15, 19, 58, 9, 103456, tzinfo=UTC)),
        ("2026-07-15t19:58:09z", datetime(2026, 7, 15, 19, 58, 9, tzinfo=UTC)),
        ("2026-07-15T21:58:09.5+02:00", datetime(2026, 7, 15, 19, 58, 9, 500000, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_as_providers_write_them_are_read(text: str, expected: Any) -> None:
    assert single("rfc3339").back(text) == expected


@pytest.mark.parametrize(
    "text", ["", "2026-07-15", "2026-07-15T19:58:09", "2026-13-01T00:00:00Z", "2026-W01-1T00:00:00Z", "yesterday"]
)
def test_what_is_no_rfc3339_time_is_refused(text: str) -> None:
    with pytest.raises(Unmappable, match="must be a time like"):
        single("rfc3339").back(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", ".0", ".00000"]))
def test_whole_quantities_come_back_however_many_zeros_follow(quantity: int, zeros: str) -> None:
    step = single("quantity_text")
    assert step.back(step.out(quantity) + zeros) == quantity


@pytest.mark.parametrize("text", ["1.5", "0.00001", "1e3", "", " 1", "١٢", "1,000", "--1", "9" * 5000])
def test_a_quantity_that_is_not_whole_is_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(Unmappable, match="whole number of pieces"):
        single("quantity_text").back(text)


def test_words_are_a_dictionary_in_which_several_of_theirs_may_mean_one_of_ours() -> None:
    step = single("words:pending=PENDING,pending=APPROVED,succeeded=COMPLETED")
    assert [step.out(word) for word in ("pending", "succeeded")] == ["PENDING", "COMPLETED"]
    assert [step.back(word) for word in ("PENDING", "APPROVED", "COMPLETED")] == ["pending", "pending", "succeeded"]
    with pytest.raises(Unmappable, match="must be one of PENDING, APPROVED, COMPLETED"):
        step.back("REFUSED")


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("USD", 1999, 1999),
        ("JPY", 500, 500),
        ("KWD", 5120, 5120),
        ("ISK", 5, 500),
        ("UGX", 5, 500),
        ("MGA", 500, 5),
        ("EUR", -1, -1),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(currency: str, ours: int, theirs: int) -> None:
    step = beside("stripe_units:currency")
    assert step.out(ours, currency) == theirs
    assert step.back(theirs, currency) == ours


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 5124), ("BHD", 1), ("MGA", 150)])
def test_an_amount_that_stripe_cannot_express_is_refused_and_never_rounded(currency: str, amount: int) -> None:
    with pytest.raises(Unmappable, match=f"must be a multiple of 10.* in {currency}"):
        beside("stripe_units:currency").out(amount, currency)


def test_a_fraction_of_a_krona_is_refused_on_the_way_back() -> None:
    with pytest.raises(Unmappable, match="multiple of 100 in ISK"):
        beside("stripe_units:currency").back(4010, "ISK")


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD", "ISK", "UGX", "MGA", "BIF", "HUF"]))
def test_an_amount_that_stripe_can_express_comes_back_the_same(amount: int, currency: str) -> None:
    step = beside("stripe_units:currency")
    try:
        theirs = step.out(amount, currency)
    except Unmappable:
        return
    assert step.back(theirs, currency) == amount


def test_a_day_is_midnight_in_utc_and_a_name_is_one_line_without_colons() -> None:
    day, line = transform("date"), transform("one_line")
    assert isinstance(day, Transform)
    assert isinstance(line, Transform)
    assert day.out(datetime(2026, 5, 5, 23, 59, tzinfo=UTC)) == "2026-05-05"
    assert day.back("2026-05-05") == datetime(2026, 5, 5, tzinfo=UTC)
    with pytest.raises(Unmappable, match="a day like"):
        day.back("5 May")
    assert line.out(" Hamlet: Act\tI\n\nStalls ") == "Hamlet - Act I Stalls"
