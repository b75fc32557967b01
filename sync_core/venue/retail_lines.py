"""Judging the lines of Online Retail II: which are part of a sale or of a refund, and why the others are not.

What was decided, with the counts of the file of 2009-2010 (525,461 lines):

- Exact duplicates (6,865 lines) are kept. None of them follows its twin, 98.6 % are on a customer's invoice, and they
  stand among the neighbours of a basket: the same article went over the counter twice, and the invoice's total is
  only right with both.
- Lines without a price (3,687) are stock movements: counted in, found damaged, thrown away. Nobody paid; rejected.
- Negative prices (3 lines) are the bad debts of invoices A...; rejected, as nobody was paid back.
- Codes of the shop's own books (bank charges, Amazon's fees, adjustments, samples, tests) are rejected: some run to
  thousands of pounds that no customer paid or got back. Postage, carriage, discounts and manual entries are kept as
  lines without an article, since customers did pay them.
- Lines without a description (2,928) have no price either; with a price, the article's usual description is used.
- Prices below a penny (14 lines) are kept: a line's amount is quantity times price, rounded half up to the penny.
"""

import numpy as np
import pandas as pd

BOOKKEEPING = ("ADJUST", "ADJUST2", "AMAZONFEE", "B", "BANK CHARGES", "S", "TEST001", "TEST002")
NOT_ARTICLES = (*BOOKKEEPING, "C2", "C3", "D", "DOT", "GIFT", "M", "POST")

INVOICE_MISSING = "the invoice's number is missing"
INVOICE_UNKNOWN = "the invoice's number is not six digits, alone or after C or A"
INVOICE_SPLIT = "the invoice names several customers"
BAD_DEBT = "a bad debt (invoice A...), not a sale"
CODE_MISSING = "the stock code is missing"
DATE_UNKNOWN = "the invoice's date is not a date and time"
QUANTITY_UNKNOWN = "the quantity is not a whole number"
QUANTITY_ZERO = "the quantity is zero"
PRICE_UNKNOWN = "the price is not a number"
PRICE_NEGATIVE = "the price is negative"
PRICE_ZERO = "no price: a stock movement, not a sale"
CUSTOMER_UNKNOWN = "the customer's number is not a whole number"
OWN_BOOKS = "an entry of the shop's own books, not of a sale"
SALE_NEGATIVE = "a negative quantity outside a credit note"
CREDIT_POSITIVE = "a positive quantity on a credit note"
TOO_LARGE = "the amount is too large"
NO_MONEY = "the invoice comes to less than a penny"

PENCE = 100
LARGEST = 10**15  # pence; everything below is exact in a float and fits a bigint with room for sums


def judge_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """`lines` of read_retail_file, with sku, credit, amount_minor and reason.

    `sku` is the stock code in upper case, `credit` is true on credit notes (C...), `amount_minor` is the line's
    money in pence (at least 0 on either kind, 0 on refused lines), `reason` is None on the lines that count.
    """
    judged = lines.copy()
    judged["sku"] = lines["code"].str.upper()
    judged["credit"] = lines["invoice"].str.startswith("C", na=False)
    judged["reason"] = _reasons(judged)
    worth = np.floor(judged["quantity"].abs() * judged["price"] * PENCE + 0.5 + 1e-6)
    judged["amount_minor"] = worth.where(judged["reason"].isna(), 0).astype("int64")
    return judged


def sum_invoices(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per invoice number of the judged `lines`, indexed by it, in the order of the file.

    Columns: credit, customer (None for a guest), at (UTC, of its earliest good line), total_minor (of its good lines)
    and reason: None on invoices that count, else why the invoice is rejected as a whole.
    """
    good = lines[lines["reason"].isna()]
    every = lines.groupby("invoice", sort=False)
    invoices = every.agg(
        credit=("credit", "first"),
        customer=("customer", "first"),
        customers=("customer", "nunique"),
        first_reason=("reason", "first"),
    )
    sums = good.groupby("invoice", sort=False).agg(at=("at", "min"), total_minor=("amount_minor", "sum"))
    invoices = invoices.join(sums)
    total = invoices["total_minor"]
    reason = invoices["first_reason"].where(total.isna(), None)
    reason = reason.mask(total == 0, NO_MONEY).mask(invoices["customers"] > 1, INVOICE_SPLIT)
    invoices["reason"] = reason.astype(object).where(reason.notna(), None)
    invoices["total_minor"] = total.fillna(0).astype("int64")
    return invoices.drop(columns=["customers", "first_reason"])


def refuse_lines_of_refused_invoices(lines: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """The judged `lines`, where the good lines of an invoice that is rejected as a whole have its reason."""
    inherited = lines["invoice"].map(invoices["reason"])
    settled = lines.copy()
    settled["reason"] = lines["reason"].where(lines["reason"].notna(), inherited)
    settled["reason"] = settled["reason"].astype(object).where(settled["reason"].notna(), None)
    return settled


def _reasons(lines: pd.DataFrame) -> pd.Series:
    invoice, quantity, price = lines["invoice"], lines["quantity"], lines["price"]
    whole = np.isfinite(quantity) & (quantity == np.floor(quantity))
    tests = (
        (INVOICE_MISSING, invoice.isna()),
        (INVOICE_UNKNOWN, ~invoice.str.fullmatch(r"[CA]?[0-9]{6}", na=False)),
        (BAD_DEBT, invoice.str.startswith("A", na=False)),
        (CODE_MISSING, lines["code"].isna()),
        (DATE_UNKNOWN, lines["at"].isna()),
        (QUANTITY_UNKNOWN, ~whole),
        (QUANTITY_ZERO, quantity == 0),
        (PRICE_UNKNOWN, ~np.isfinite(price)),
        (PRICE_NEGATIVE, price < 0),
        (PRICE_ZERO, price == 0),
        (CUSTOMER_UNKNOWN, lines["customer_number"].notna() & lines["customer"].isna()),
        (OWN_BOOKS, lines["sku"].isin(BOOKKEEPING)),
        (SALE_NEGATIVE, ~lines["credit"] & (quantity < 0)),
        (CREDIT_POSITIVE, lines["credit"] & (quantity > 0)),
        (TOO_LARGE, quantity.abs() * price * PENCE > LARGEST),
    )
    found = np.select([np.asarray(test, dtype=bool) for _, test in tests], range(len(tests)), default=-1)
    names = np.array([*(reason for reason, _ in tests), None], dtype=object)
    return pd.Series(names[found], index=lines.index, dtype=object)
