"""The lines of documents: checked, numbered and completed as QuickBooks gives them back."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sync_sims.quickbooks.amounts import ZERO, cents, decimal_of, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.refusal import Refused, invalid_choice, invalid_reference, missing, unsupported_property

_MOST_LINES = 10_000
LineReader = Callable[[Call, Row], Row]


def read_lines(call: Call, draft: Row, readers: Mapping[str, LineReader]) -> list[Row]:
    """The document's lines; `readers` says which kinds of line it may have.

    Raises:
        Refused: 2010, 2020, 2090, 2170, 2500, 6000, 6070 or 6100.
    """
    given = draft.get("Line")
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise unsupported_property("Line")
    if len(given) > _MOST_LINES:
        raise Refused("6000", "Too many lines", f"A transaction has at most {_MOST_LINES} lines.", element="Line")
    lines: list[Row] = []
    for line in given:
        kind = line.get("DetailType")
        if kind == "SubTotalLineDetail":
            continue
        if kind is None:
            raise missing("Line.DetailType")
        reader = readers.get(str(kind))
        if reader is None:
            raise invalid_choice("Line.DetailType", kind)
        number = len(lines) + 1
        lines.append({"Id": str(number), "LineNum": number, **reader(call, line)})
    return lines


def amount_of(line: Row) -> Decimal:
    """The line's amount, which must be there.

    Raises:
        Refused: 2020 or 2090.
    """
    if line.get("Amount") in (None, ""):
        raise missing("Line.Amount")
    return cents(decimal_of(line["Amount"], "Line.Amount"))


def total(lines: list[Row]) -> Decimal:
    """The sum of the lines; discounts count against it."""
    amounts = [
        -decimal_of(line["Amount"], "Line.Amount")
        if line["DetailType"] == "DiscountLineDetail"
        else decimal_of(line.get("Amount", 0), "Line.Amount")
        for line in lines
    ]
    return sum(amounts, ZERO)


def _detail(line: Row) -> Row:
    detail = line.get(line["DetailType"], {})
    if not isinstance(detail, dict):
        raise unsupported_property(f"Line.{line['DetailType']}")
    return detail


def _completed(line: Row, amount: Decimal, detail: Row) -> Row:
    extra = {"Description": line["Description"]} if "Description" in line else {}
    kind = line["DetailType"]
    return {**extra, "Amount": shown(amount), "DetailType": kind, kind: detail, "CustomExtensions": []}


def _priced(detail: Row, amount: Decimal) -> dict[str, Any]:
    """Quantity and price, which must make the amount."""
    priced: dict[str, Any] = {}
    for name in ("Qty", "UnitPrice"):
        if name in detail:
            priced[name] = decimal_of(detail[name], f"Line.{name}")
    if len(priced) == 2 and cents(priced["Qty"] * priced["UnitPrice"]) != amount:
        raise Refused(
            "6070",
            "Amount calculation incorrect in the request",
            f"Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. "
            f"Supplied value:{shown(amount)}",
            element="Line.Amount",
        )
    return {name: shown(value) for name, value in priced.items()}


def _tax_code(detail: Row) -> dict[str, Any]:
    code = detail.get("TaxCodeRef", {"value": "NON"})
    if not isinstance(code, dict) or str(code.get("value")) not in {"TAX", "NON"}:
        raise Refused(
            "6100",
            "Invalid Line TaxCode in the request",
            f"Valid Line TaxCodes for US should be TAX or NON. Supplied value:{code}",
            element="Line.TaxCodeRef",
        )
    return {"value": str(code["value"])}


def _item(call: Call, detail: Row, element: str) -> Row:
    item = call.referred("Item", detail.get("ItemRef"), element=element)
    if item["Type"] == "Category":
        raise invalid_reference(element, "Categories cannot be used in transactions.")
    return item


def sales_item(call: Call, line: Row) -> Row:
    """Something sold; without an item it is income from sales."""
    detail, amount = _detail(line), amount_of(line)
    found: Row = {**detail, **_priced(detail, amount), "TaxCodeRef": _tax_code(detail)}
    if "ItemRef" in detail:
        item = _item(call, detail, "Line.SalesItemLineDetail.ItemRef")
        found["ItemRef"] = {"value": item["Id"], "name": item["Name"]}
        if "IncomeAccountRef" in item:
            found["ItemAccountRef"] = item["IncomeAccountRef"]
    return _completed(line, amount, found)


def discount(call: Call, line: Row) -> Row:
    """A discount on the lines before it, of an amount."""
    del call
    return _completed(line, amount_of(line), {"PercentBased": False, **_detail(line)})


def description(call: Call, line: Row) -> Row:
    """A line of text."""
    del call
    return {"Description": line.get("Description", ""), "DetailType": "DescriptionOnly", "DescriptionLineDetail": {}}


def account_expense(call: Call, line: Row) -> Row:
    """Money spent on an account."""
    detail, amount = _detail(line), amount_of(line)
    element = "Line.AccountBasedExpenseLineDetail.AccountRef"
    if "AccountRef" not in detail:
        raise missing(element)
    account = call.reference("Account", detail["AccountRef"], element=element)
    found = {"BillableStatus": "NotBillable", **detail, "AccountRef": account, "TaxCodeRef": _tax_code(detail)}
    return _completed(line, amount, found)


def item_expense(call: Call, line: Row) -> Row:
    """An item bought."""
    detail, amount = _detail(line), amount_of(line)
    element = "Line.ItemBasedExpenseLineDetail.ItemRef"
    if "ItemRef" not in detail:
        raise missing(element)
    item = _item(call, detail, element)
    found = {
        "BillableStatus": "NotBillable",
        **detail,
        **_priced(detail, amount),
        "ItemRef": {"value": item["Id"], "name": item["Name"]},
        "TaxCodeRef": _tax_code(detail),
    }
    return _completed(line, amount, found)


def quantity(call: Call, line: Row) -> Row:
    """A change of the quantity of an inventory item."""
    detail = _detail(line)
    element = "Line.ItemAdjustmentLineDetail.ItemRef"
    if "ItemRef" not in detail:
        raise missing(element)
    item = _item(call, detail, element)
    if item["Type"] != "Inventory":
        raise invalid_reference(element, "Only inventory items have a quantity on hand.")
    if "QtyDiff" not in detail:
        raise missing("Line.ItemAdjustmentLineDetail.QtyDiff")
    difference = shown(decimal_of(detail["QtyDiff"], "Line.ItemAdjustmentLineDetail.QtyDiff"))
    kept = {**detail, "ItemRef": {"value": item["Id"], "name": item["Name"]}, "QtyDiff": difference}
    return {"DetailType": "ItemAdjustmentLineDetail", "ItemAdjustmentLineDetail": kept}
