"""The report tells endpoints, violations and differences; a difference lets through no more than it names."""

from dataclasses import replace

import pytest

from sync_sims.wire import Response
from tests.conformance.differences import DEFECTS, DIFFERENCES, covered_by
from tests.conformance.report import judge, kinds_of, lines
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.conformance.violation import Complaint, Violation
from tests.conformance.wires import json_exchange

BULK = "POST /v2/customers/bulk-create"
LONG = Violation(
    "square", BULK, "request", Complaint("customers.k1.note", "9 characters, at most 8", "Data"), "api.json"
)
RISK = Violation(
    "square",
    "GET /v2/payments",
    "answer 200",
    Complaint("payments[3].risk_evaluation.status", "is missing", "RiskEvaluation"),
    "api.json",
)


@pytest.mark.skipif(not FOLDER.exists(), reason=ABSENT)
def test_a_report_names_what_was_held_against_what_and_what_was_wrong() -> None:
    bad = {"customers": {"k1": {"given_name": "x" * 301}, "k2": {"given_name": "x" * 320}}}
    exchanges = [
        json_exchange("GET", "/v2/locations", answer=Response(200, {"locations": []})),
        json_exchange("GET", "/v2/locations", answer=Response(503)),
        replace(json_exchange("GET", "/v2/merchants/me?who=1"), speaker="person"),
        json_exchange("POST", "/v2/customers/bulk-create", bad),
        json_exchange("GET", "/v2/payments", answer=Response(200, {"payments": [{"risk_evaluation": {}}]})),
    ]
    assert list(lines(judge(SPECIFICATIONS["square"](), exchanges))) == [
        "square: 5 requests and 3 answers held against api.json (2025-08-20): 2 violations",
        "  3 endpoints used by the client:",
        "    GET /v2/locations                   2  1 x 200, 1 x 503",
        "    GET /v2/payments                    1  1 x 200",
        "    POST /v2/customers/bulk-create      1  ",
        (
            r"  allowed 1 times: (?:.*\.)?risk_evaluation\.status (the specification requires a property that it nowhere"
            " defines; recorded answer of POST /v2/payments, 2026-07-15: risk_evaluation has created_at and risk_level)"
        ),
        (
            "  VIOLATION, 2 times: square POST /v2/customers/bulk-create request customers.k1.given_name:"
            " 301 characters, at most 300 (api.json BulkCreateCustomerData)"
        ),
    ]


def test_violations_of_one_kind_are_told_once_with_their_number() -> None:
    other = replace(LONG, complaint=replace(LONG.complaint, place="customers.k2.note", says="12 characters, at most 8"))
    assert kinds_of([LONG, other, RISK]) == [(LONG, 2), (RISK, 1)]


def test_a_difference_covers_what_it_names_and_nothing_beside_it() -> None:
    assert covered_by(RISK) is DIFFERENCES[0]
    beside = [
        replace(RISK, provider="stripe"),
        replace(RISK, side="request"),
        replace(RISK, complaint=replace(RISK.complaint, says="null is not allowed")),
        replace(RISK, complaint=replace(RISK.complaint, place="payments[3].risk_evaluation.risk_level")),
        LONG,
    ]
    assert [covered_by(one) for one in beside] == [None] * len(beside)


@pytest.mark.parametrize("entry", [*DIFFERENCES, *DEFECTS])
def test_every_entry_says_why_and_whence(entry: object) -> None:
    reason, source = getattr(entry, "reason", ""), getattr(entry, "source", "")
    assert len(reason.split()) > 5
    assert len(source.split()) > 0
