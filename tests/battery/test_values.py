"""Values on their way out and back: every text, every kind of currency, and no secret left lying about."""

import logging
from typing import Any

import pytest

from tests.battery.outside import in_order
from tests.battery.stage import Stage, assert_no_secret, people
from tests.battery.trials import DECIMALS, Facts, Money

TEXTS = {
    "apostrophe": "O'Brien",
    "quotes": 'Say "yes" \\ «no» „so"',
    "markup": "<b>&amp;</b> 100 % + a/b?c=d&e;f#g",
    "formula": "=1+1",
    "latin": "Ærøskøbing Łódź İstanbul ẞ Ñandú",
    "greek": "Ελληνικά",
    "cyrillic": "Щёлково",
    "armenian and georgian": "Հայաստան საქართველო",
    "hebrew": "שלום עולם",
    "arabic": "مرحبا بالعالم",
    "marks of direction": "a\u200fب\u200eb",
    "devanagari": "हिन्दी क्षत्रिय",
    "thai": "สวัสดีชาวโลก",
    "chinese": "漢字 汉字",
    "japanese": "ひらがな カタカナ",
    "korean": "한국어",
    "amharic": "አማርኛ",
    "emoji": "🎭🎟️",
    "joined emoji": "👩‍👩‍👧‍👦 🏳️‍🌈",
    "four bytes": "𠜎𝔘𓀀",
    "combining": "e\u0301 n\u0303 a\u0323\u0302",
    "composed": "é ñ ậ",
    "nothing": "null",
    "not a number": "NaN",
    "none": "None",
    "a number": "007",
    "an exponent": "1e5",
    "a truth": "true",
    "a dash": "-",
}
BLANKS = {"leading": "  Ann", "trailing": "Ann  ", "both": " Ann Marie ", "only": "   ", "none at all": ""}
AMOUNTS = {0: 1500, 2: 1999, 3: 12340}
CURRENCIES = {currency: AMOUNTS[decimals] for currency, decimals in DECIMALS.items()}


def _all_texts(stage: Stage) -> list[Facts]:
    """Customers that between them have every text in every column that takes any text, and the longest of each."""
    texts = [*TEXTS.values(), *BLANKS.values()]
    rows: list[Facts] = []
    for column, longest in stage.trial.two_way.texts.items():
        values = [*texts, "ß" * longest, "語" * longest]
        rows += [{column: value} for value in values]
    return [{**one, **row} for one, row in zip(people(stage.trial, len(rows)), rows, strict=True)]


def _clean(facts: Facts) -> Facts:
    return {name: (value or "").strip() or None for name, value in facts.items()}


def test_every_text_arrives_at_the_provider_as_it_is_and_is_quiet_then(stage: Stage) -> None:
    given = _all_texts(stage)
    stage.add_people(*given)

    first, second, third = stage.done(), stage.done(), stage.done()

    assert [failure.reason for failure in first.failures] == []
    assert stage.outside.facts() == in_order([_clean(one) for one in given])
    assert stage.facts() == in_order(given)
    for again in (second, third):
        assert (again.counts.written, again.counts.pulled_created, again.counts.pulled_updated) == (0, 0, 0)


def test_every_text_comes_home_as_it_is_and_is_quiet_then(stage: Stage) -> None:
    two_way = stage.trial.two_way
    given = [one for one in _all_texts(stage) if all(one.values())]
    stage.outside.seed(two_way.listed.seeds, [two_way.made(one) for one in given])

    first, second = stage.done(), stage.done()

    assert [failure.reason for failure in first.failures] == []
    assert [_clean(one) for one in stage.facts()] == in_order([_clean(one) for one in given])
    assert [_clean(one) for one in stage.outside.facts()] == in_order([_clean(one) for one in given])
    assert first.counts.written == 0
    assert (second.counts.written, second.counts.pulled_created, second.counts.pulled_updated) == (0, 0, 0)


@pytest.fixture
def money(stage: Stage) -> Money:
    """The provider's entities with money."""
    if stage.trial.money is None:
        pytest.skip(f"{stage.spec.title} is kept in step without money")
    return stage.trial.money


@pytest.mark.parametrize("currency", CURRENCIES)
def test_prices_of_any_number_of_decimals_arrive_exactly(stage: Stage, money: Money, currency: str) -> None:
    minor = CURRENCIES[currency]
    for collection, rows in money.kept_in(currency).items():
        stage.outside.seed(collection, rows)
    product: dict[str, Any] = {"name": "Stalls", "kind": "merchandise", "sku": "S1", "currency": currency}
    stage.add(stage.table(money.pushed), [{"id": "p1", **product, "price_minor": minor}])

    report, again = stage.done(money.pushed), stage.done(money.pushed)

    assert (report.counts.created, report.failures) == (1, ())
    assert money.prices(stage.outside.objects) == [(minor, currency)]
    assert (again.counts.written, again.counts.pulled_updated) == (0, 0)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_money_taken_in_any_currency_comes_home_exactly(stage: Stage, money: Money, currency: str) -> None:
    minor = CURRENCIES[currency]
    pulled = stage.trial.pulled
    if pulled is None or money.taken is None:
        pytest.skip(f"no money comes home from {stage.spec.title}")
    stage.outside.seed(pulled.seeds, [money.taken(minor, currency)])

    stage.done(pulled.entity)

    table = stage.table(pulled.entity)
    assert stage.world.rows(f"SELECT amount_minor, currency FROM {table}") == [(minor, currency)]


def test_a_provider_that_says_our_secret_back_has_it_written_down_nowhere(
    stage: Stage, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (secret, *_) = stage.trial.secret.values()
    said = f"Refused for Bearer {secret} and {secret}."
    body = {
        "error": {"message": said, "type": "invalid_request_error"},
        "errors": [{"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST", "detail": said, "message": said}],
        "title": "Invalid Resource",
        "detail": said,
        "Fault": {"Error": [{"Message": said, "Detail": said, "code": "6000"}], "type": "ValidationFault"},
    }
    listed, (method, path) = stage.trial.two_way.listed, stage.trial.two_way.writes
    stage.add_people(*people(stage.trial, 3))
    reports = []
    for where in ({"method": listed.method, "path": listed.path}, {"method": method, "path": path}):
        stage.outside.faults({"kind": "refuse", "body": body, **where})
        reports.append(stage.sync())
    stage.outside.faults()
    stage.outside.revoke()
    reports.append(stage.sync())

    assert [report.counts.created for report in reports] == [0, 0, 0]
    assert reports[-1].status == "failed"
    logged = "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.DEBUG)
    assert_no_secret(
        stage.trial, repr(reports) + stage.everything_written_down() + logged + "".join(capfd.readouterr())
    )
