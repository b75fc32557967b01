"""What is only read from a QuickBooks company's books, as records that can be laid side by side with the venue's tables.

Source: developer.intuit.com, all-entities/deposit, bill, billpayment and purchase; report-entities.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sync_sims.judge_accounts import Json
from sync_sims.judge_matching import Record
from sync_sims.judge_money import decimal, major

Row = Mapping[str, Any]
METHODS = {"Check": "check", "CreditCard": "credit card", "Cash": "cash"}


def deposits_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The deposits that the venue knows of."""
    for row in _of_quickbooks(rows):
        lines = [
            (line["account"], line["source_id"], major(line["amount_minor"], row["currency"])) for line in row["lines"]
        ]
        fields = {"account": row["account"], "lines": lines, "note": row["memo"]}
        yield _record(row, fields, date=row["deposited_at"])


def deposits_of_account(found: Iterable[Json]) -> Iterator[Record]:
    """QuickBooks' deposits."""
    for shown in found:
        lines = [
            (_name(line.get("DepositLineDetail", {}), "AccountRef"), _linked(line), decimal(line["Amount"]))
            for line in shown["Line"]
        ]
        yield _shown(shown, {"account": _name(shown, "DepositToAccountRef"), "lines": lines, "note": _note(shown)})


def bills_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The bills that the venue knows of."""
    for row in _of_quickbooks(rows):
        fields = {
            "supplier": row["vendor"],
            "number": row["number"],
            "owed": major(row["due_minor"], row["currency"]),
            "due": _day(row["due_at"]),
            "note": row["memo"],
        }
        yield _record(row, fields, date=row["billed_at"])


def bills_of_account(found: Iterable[Json]) -> Iterator[Record]:
    """QuickBooks' bills."""
    for shown in found:
        fields = {
            "supplier": _name(shown, "VendorRef"),
            "number": shown.get("DocNumber"),
            "owed": decimal(shown["Balance"]),
            "due": shown.get("DueDate"),
            "note": _note(shown),
        }
        yield _shown(shown, fields)


def bill_payments_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The payments of bills that the venue knows of."""
    for row in _of_quickbooks(rows):
        fields = {"supplier": row["vendor"], "way": row["method"], "bills": set(row["bill_ids"]), "note": row["memo"]}
        yield _record(row, fields, date=row["paid_at"])


def bill_payments_of_account(found: Iterable[Json]) -> Iterator[Record]:
    """QuickBooks' payments of bills; a voided one pays nothing any more."""
    for shown in _standing(found):
        bills = {link["TxnId"] for line in shown["Line"] for link in line["LinkedTxn"]}
        way = METHODS[shown["PayType"]]
        yield _shown(shown, {"supplier": _name(shown, "VendorRef"), "way": way, "bills": bills, "note": _note(shown)})


def purchases_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The expenses that the venue knows of."""
    for row in _of_quickbooks(rows):
        fields = {
            "payee": row["payee"],
            "way": row["method"],
            "account": row["account"],
            "came back": row["credit"],
            "note": row["memo"],
        }
        yield _record(row, fields, date=row["spent_at"])


def purchases_of_account(found: Iterable[Json]) -> Iterator[Record]:
    """QuickBooks' expenses; a voided one is none any more."""
    for shown in _standing(found):
        fields = {
            "payee": _name(shown, "EntityRef"),
            "way": METHODS[shown["PaymentType"]],
            "account": _name(shown, "AccountRef"),
            "came back": shown["Credit"],
            "note": _note(shown),
        }
        yield _shown(shown, fields)


def reports_of_venue(rows: Iterable[Row], shown: Sequence[Json]) -> Iterator[Record]:
    """The venue's reports of the months that are shown; older ones are read by full syncs only."""
    months = {report["Header"]["StartPeriod"] for report in shown}
    for row in _of_quickbooks(rows):
        if row["starts_on"] in months:
            yield _report(row["id"], (row["name"], row["starts_on"], row["ends_on"]), row["content"])


def reports_of_account(shown: Iterable[Json]) -> Iterator[Record]:
    """QuickBooks' reports, figure by figure."""
    for report in shown:
        header = report["Header"]
        key = (header["ReportName"], header["StartPeriod"], header["EndPeriod"])
        yield _report(f"{key[0]}-{key[1][:7]}", key, report)


def _report(report: str, key: tuple[str, str, str], content: Json) -> Record:
    figures = list(_figures(content["Rows"]["Row"]))
    fields: dict[str, Any] = {f"{number}. {text}": amounts for number, (text, amounts) in enumerate(figures, 1)}
    return Record(
        key=key, id=report, name="", fields={"currency": content["Header"]["Currency"], **fields, "rows": len(figures)}
    )


def _figures(rows: Iterable[Json]) -> Iterator[tuple[str, str]]:
    for row in rows:
        for cells in (row.get("ColData"), row.get("Header", {}).get("ColData")):
            if cells:
                yield cells[0]["value"], " ".join(cell["value"] for cell in cells[1:])
        yield from _figures(row.get("Rows", {}).get("Row", ()))
        summary = row.get("Summary", {}).get("ColData")
        if summary:
            yield summary[0]["value"], " ".join(cell["value"] for cell in summary[1:])


def _of_quickbooks(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row["provider"] == "quickbooks")


def _standing(found: Iterable[Json]) -> Iterator[Json]:
    return (shown for shown in found if shown["TotalAmt"] or "Voided" not in str(shown.get("PrivateNote")))


def _record(row: Row, fields: Mapping[str, Any], *, date: datetime | None) -> Record:
    common = {"amount": major(row["total_minor"], row["currency"]), "currency": row["currency"], "date": _day(date)}
    return Record(key=row["id"], id=row["id"], name="", fields={**common, **fields})


def _shown(shown: Json, fields: Mapping[str, Any]) -> Record:
    common = {
        "amount": decimal(shown["TotalAmt"]),
        "currency": shown["CurrencyRef"]["value"],
        "date": shown["TxnDate"],
    }
    return Record(key=shown["Id"], id=shown["Id"], name="", fields={**common, **fields})


def _name(shown: Json, reference: str) -> str | None:
    return (shown.get(reference) or {}).get("name")


def _linked(line: Json) -> str | None:
    links = line.get("LinkedTxn") or ()
    return links[0]["TxnId"] if links else None


def _note(shown: Json) -> str | None:
    return (shown.get("PrivateNote") or "").strip() or None


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).date().isoformat()
