"""A company in which everything happened once."""

from collections.abc import Callable
from typing import Any

from tests.sync_sims.quickbooks.test_documents import sold, spent
from tests.sync_sims.quickbooks.test_lists import INVENTORY


def live(seed: Callable[..., dict[str, Any]]) -> None:
    """Let everything happen once: lists, sales, payments, deposits, bills, purchases, a count of the stock."""
    address = {"Line1": "1 Main St", "City": "X", "Country": "US"}
    email = {"Address": "a@example.com"}
    ada = {"value": seed("customers", DisplayName="Ada", BillAddr=address, PrimaryEmailAddr=email, Notes="n")["Id"]}
    acme = {"value": seed("vendors", DisplayName="Acme", PrimaryPhone={"FreeFormNumber": "1"})["Id"]}
    seed("employees", GivenName="Bob")
    seed("accounts", Name="Box Office", AccountType="Income")
    seed("paymentmethods", Name="Barter")
    shirt = seed("items", **INVENTORY)
    line = sold(shirt, 30, Qty=2, UnitPrice=15)
    text = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    less = {"DetailType": "DiscountLineDetail", "Amount": 5, "DiscountLineDetail": {}}
    tax = {"TotalTax": 2.5}
    invoice = seed("invoices", CustomerRef=ada, Line=[line, text, less], TxnTaxDetail=tax, BillEmail=email)
    money = {"value": "35"}
    receipt = seed("salesreceipts", CustomerRef=ada, Line=[line], PaymentMethodRef={"value": "1"})
    seed("refundreceipts", Line=[line], DepositToAccountRef=money)
    paid = {"Amount": 27.5, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    seed("payments", CustomerRef=ada, TotalAmt=30, Line=[paid])
    brought = {"Amount": 30, "LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt"}]}
    fee = {"Amount": -1, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "70"}}}
    seed("deposits", DepositToAccountRef=money, Line=[brought, fee])
    bought = {"ItemRef": {"value": shirt["Id"]}, "Qty": 2, "UnitPrice": 4}
    goods = {"Amount": 8, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": bought}
    bill = seed("bills", VendorRef=acme, Line=[spent(150), goods])
    owed = {"Amount": 58, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    check = {"BankAccountRef": money}
    seed("billpayments", VendorRef=acme, PayType="Check", TotalAmt=58, Line=[owed], CheckPayment=check)
    seed("purchases", AccountRef={"value": "41"}, PaymentType="CreditCard", Line=[spent(34)], EntityRef=acme)
    counted = {"ItemRef": {"value": shirt["Id"]}, "QtyDiff": -1}
    lost = {"DetailType": "ItemAdjustmentLineDetail", "ItemAdjustmentLineDetail": counted}
    seed("inventoryadjustments", AdjustAccountRef={"value": "90"}, Line=[lost])
