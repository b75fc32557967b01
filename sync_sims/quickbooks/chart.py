"""The chart of accounts and the other lists that a new company starts with, and how account types are classified."""

from typing import Any

UNDEPOSITED = "4"
ACCOUNTS_PAYABLE = "33"
OPENING_EQUITY = "34"
CHECKING = "35"
SAVINGS = "36"
MASTERCARD = "41"
MERCHANT_FEES = "70"
SALES = "79"
COST_OF_GOODS = "80"
INVENTORY_ASSET = "81"
ACCOUNTS_RECEIVABLE = "84"
TAX_PAYABLE = "89"

# id, name, type, subtype: the accounts that Intuit's own sample company has under the same names.
_SEEDED = (
    ("1", "Services", "Income", "ServiceFeeIncome"),
    ("2", "Retained Earnings", "Equity", "RetainedEarnings"),
    (UNDEPOSITED, "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("7", "Advertising", "Expense", "AdvertisingPromotional"),
    ("15", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses"),
    (ACCOUNTS_PAYABLE, "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    (OPENING_EQUITY, "Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    (CHECKING, "Checking", "Bank", "Checking"),
    (SAVINGS, "Savings", "Bank", "Savings"),
    (MASTERCARD, "Mastercard", "Credit Card", "CreditCard"),
    ("69", "Accounting", "Expense", "LegalProfessionalFees"),
    (MERCHANT_FEES, "Merchant Fees", "Expense", "BankCharges"),
    (SALES, "Sales of Product Income", "Income", "SalesOfProductIncome"),
    (COST_OF_GOODS, "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    (INVENTORY_ASSET, "Inventory Asset", "Other Current Asset", "Inventory"),
    (ACCOUNTS_RECEIVABLE, "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    (TAX_PAYABLE, "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("90", "Inventory Shrinkage", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
)
LAST_SEEDED_ACCOUNT = 90

# IntuitBaseTypes: AccountTypeEnum and AccountClassificationEnum; the subtype is QuickBooks' choice when none is given.
CLASSIFICATION = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
SUBTYPES = {
    "Bank": ("Checking", "Savings", "CashOnHand", "MoneyMarket", "RentsHeldInTrust", "TrustAccounts"),
    "Accounts Receivable": ("AccountsReceivable",),
    "Other Current Asset": ("OtherCurrentAssets", "UndepositedFunds", "Inventory", "PrepaidExpenses"),
    "Fixed Asset": ("FurnitureAndFixtures", "Buildings", "Vehicles", "OtherFixedAssets"),
    "Other Asset": ("OtherLongTermAssets", "SecurityDeposits", "Licenses"),
    "Accounts Payable": ("AccountsPayable",),
    "Credit Card": ("CreditCard",),
    "Other Current Liability": ("OtherCurrentLiabilities", "SalesTaxPayable", "PayrollClearing", "LineOfCredit"),
    "Long Term Liability": ("NotesPayable", "OtherLongTermLiabilities"),
    "Equity": ("OwnersEquity", "OpeningBalanceEquity", "RetainedEarnings", "PartnersEquity"),
    "Income": ("SalesOfProductIncome", "ServiceFeeIncome", "OtherPrimaryIncome", "DiscountsRefundsGiven"),
    "Other Income": ("OtherMiscellaneousIncome", "InterestEarned"),
    "Cost of Goods Sold": ("SuppliesMaterialsCogs", "OtherCostsOfServiceCos", "ShippingFreightDeliveryCos"),
    "Expense": (
        "OfficeGeneralAdministrativeExpenses",
        "AdvertisingPromotional",
        "BankCharges",
        "LegalProfessionalFees",
        "OtherMiscellaneousServiceCost",
        "Travel",
        "Utilities",
        "TaxesPaid",
        "SuppliesMaterials",
    ),
    "Other Expense": ("OtherMiscellaneousExpense", "Depreciation"),
}
# Balances of these grow with credits.
CREDIT_NORMAL = frozenset({"Liability", "Equity", "Revenue"})


def seeded_lists(common: dict[str, Any], currency: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Entity and row of everything that a new company starts with; `common` is what all rows bear."""
    accounts = [
        (
            "Account",
            {
                "Name": name,
                "SubAccount": False,
                "FullyQualifiedName": name,
                "Active": True,
                "Classification": CLASSIFICATION[kind],
                "AccountType": kind,
                "AccountSubType": subtype,
                "CurrencyRef": currency,
                **common,
                "Id": account_id,
            },
        )
        for account_id, name, kind, subtype in _SEEDED
    ]
    taxes = [
        (
            "TaxCode",
            {
                "Name": code,
                "Description": text,
                "Active": True,
                "Hidden": False,
                "Taxable": taxable,
                "TaxGroup": taxable,
                **common,
                "Id": code,
            },
        )
        for code, text, taxable in (("TAX", "Taxable", True), ("NON", "Non-taxable", False))
    ]
    methods = [
        ("PaymentMethod", {"Name": name, "Active": True, "Type": kind, **common, "Id": str(number)})
        for number, (name, kind) in enumerate(
            (("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Visa", "CREDIT_CARD")), start=1
        )
    ]
    return [*accounts, *taxes, *methods]
