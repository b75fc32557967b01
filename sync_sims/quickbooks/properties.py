"""Which properties an entity has, as the v3 schema names them; another one in a request is refused.

Source: the element names of Intuit's published v3 schema (Finance.xsd, IntuitNamesTypes.xsd), which are the JSON keys.
"""

_COMMON = "Id SyncToken MetaData CustomField AttachableRef domain status sparse"
_PERSON = (
    "Organization Title GivenName MiddleName FamilyName Suffix FullyQualifiedName CompanyName DisplayName "
    "PrintOnCheckName Active V4IDPseudonym PrimaryPhone AlternatePhone Mobile Fax PrimaryEmailAddr WebAddr "
    "OtherContactInfo DefaultTaxCodeRef IntuitId UserId"
)
_DOCUMENT = (
    "DocNumber TxnDate TxnSubType DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus LinkedTxn Line "
    "TxnTaxDetail TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo RecurDataRef "
    "RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount"
)
_SALE = (
    "AutoDocNumber CustomerRef CustomerMemo BillAddr ShipAddr FreeFormAddress ShipFromAddr RemitToRef ClassRef "
    "SalesTermRef DueDate SalesRepRef PONumber FOB ShipMethodRef ShipDate TrackingNum GlobalTaxCalculation TotalAmt "
    "HomeTotalAmt ApplyTaxAfterDiscount ShippingTaxIncludedInTotalTax TemplateRef PrintStatus EmailStatus BillEmail "
    "BillEmailCc BillEmailBcc ARAccountRef Balance HomeBalance FinanceCharge PaymentMethodRef PaymentRefNum "
    "PaymentType CheckPayment CreditCardPayment DepositToAccountRef DeliveryInfo DiscountRate DiscountAmt "
    "GovtTxnRefIdentifier TaxExemptionRef"
)
_OWN = {
    "Customer": (
        f"{_PERSON} Taxable BillAddr ShipAddr OtherAddr ContactName AltContactName Notes Job BillWithParent "
        "RootCustomerRef ParentRef Level CustomerTypeRef SalesTermRef SalesRepRef TaxGroupCodeRef TaxRateRef "
        "PaymentMethodRef CCDetail PriceLevelRef Balance OpenBalanceDate BalanceWithJobs CreditLimit AcctNum "
        "CurrencyRef OverDueBalance TotalRevenue TotalExpense PreferredDeliveryMethod ResaleNum JobInfo TDSEnabled "
        "CustomerEx SecondaryTaxIdentifier ARAccountRef PrimaryTaxIdentifier TaxExemptionReasonId IsProject "
        "BusinessNumber GSTIN GSTRegistrationType IsCISContractor ClientCompanyId ClientEntityId Source TaxRegime"
    ),
    "Vendor": (
        f"{_PERSON} ContactName AltContactName Notes BillAddr ShipAddr OtherAddr TaxCountry TaxIdentifier "
        "TaxIdEffectiveDate BusinessNumber ParentRef VendorTypeRef TermRef PrefillAccountRef Balance BillRate "
        "OpenBalanceDate CreditLimit AcctNum Vendor1099 T4AEligible T5018Eligible CurrencyRef TDSEnabled "
        "TDSEntityTypeId TDSSectionTypeId TDSOverrideThreshold TaxReportingBasis APAccountRef VendorEx GSTIN "
        "GSTRegistrationType IsSubContractor SubcontractorType CISRate HasTPAR VendorPaymentBankDetail Source CostRate"
    ),
    "Employee": (
        f"{_PERSON} EmployeeType EmployeeNumber SSN PrimaryAddr OtherAddr BillableTime BillRate BirthDate Gender "
        "HiredDate ReleasedDate UseTimeEntry EmployeeEx CostRate Notes"
    ),
    "Item": (
        "Name Sku Description Active SubItem ParentRef Level FullyQualifiedName Taxable SalesTaxIncluded PercentBased "
        "UnitPrice RatePercent Type PaymentMethodRef UOMSetRef IncomeAccountRef PurchaseDesc PurchaseTaxIncluded "
        "PurchaseCost ExpenseAccountRef COGSAccountRef AssetAccountRef PrefVendorRef AvgCost TrackQtyOnHand QtyOnHand "
        "QtyOnPurchaseOrder QtyOnSalesOrder ReorderPoint ManPartNum DepositToAccountRef SalesTaxCodeRef "
        "PurchaseTaxCodeRef InvStartDate BuildPoint PrintGroupedItems SpecialItem SpecialItemType ItemGroupDetail "
        "ItemAssemblyDetail AbatementRate ReverseChargeRate ServiceType ItemCategoryType ItemEx TaxClassificationRef "
        "UQCDisplayText UQCId ClassRef Source DeferredRevenue CustomExtensions"
    ),
    "Account": (
        "Name SubAccount ParentRef Description FullyQualifiedName AccountAlias TxnLocationType Active Classification "
        "AccountType AccountSubType AccountPurposes AcctNum AcctNumExtn BankNum OpeningBalance OpeningBalanceDate "
        "CurrentBalance CurrentBalanceWithSubAccounts CurrencyRef TaxAccount TaxCodeRef OnlineBankingEnabled FIName "
        "JournalCodeRef AccountEx"
    ),
    "PaymentMethod": "Name Active Type PaymentMethodEx",
    "Invoice": (
        f"{_DOCUMENT} {_SALE} Deposit AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment "
        "AllowOnlineACHPayment AllowOnlinePayPalPayment EInvoiceStatus ECloudStatusTimeStamp InvoiceEx InvoiceLink LessCIS"
    ),
    "SalesReceipt": f"{_DOCUMENT} {_SALE} SalesReceiptEx LessCIS",
    "RefundReceipt": f"{_DOCUMENT} {_SALE} RemainingCredit RefundReceiptEx",
    "Payment": (
        f"{_DOCUMENT} CustomerRef RemitToRef ARAccountRef DepositToAccountRef PaymentMethodRef PaymentRefNum "
        "PaymentType CheckPayment CreditCardPayment TotalAmt UnappliedAmt ProcessPayment PaymentExtendedType PaymentEx"
    ),
    "Deposit": f"{_DOCUMENT} DepositToAccountRef CashBack GlobalTaxCalculation TotalAmt HomeTotalAmt DepositEx",
    "Bill": (
        f"{_DOCUMENT} VendorRef APAccountRef TotalAmt BillEmail ReplyEmail Memo GlobalTaxCalculation PayerRef "
        "SalesTermRef DueDate RemitToAddr ShipAddr VendorAddr Balance HomeBalance BillEx LessCIS"
    ),
    "BillPayment": (
        f"{_DOCUMENT} VendorRef VendorAddr APAccountRef PayType CheckPayment CreditCardPayment TotalAmt BillPaymentEx"
    ),
    "Purchase": (
        f"{_DOCUMENT} AccountRef PaymentMethodRef PaymentRefNum PaymentType CheckPayment CreditCardPayment EntityRef "
        "Credit RemitToAddr TotalAmt Memo PrintStatus GlobalTaxCalculation PurchaseEx LessCIS"
    ),
    "InventoryAdjustment": f"{_DOCUMENT} ShippingAdjustment AdjustAccountRef CustomerRef",
}
PROPERTIES: dict[str, frozenset[str]] = {
    entity: frozenset(f"{_COMMON} {names}".split()) for entity, names in _OWN.items()
}

# The longest texts, from the entity reference of developer.intuit.com.
LONGEST: dict[str, int] = {
    "DisplayName": 500,
    "Title": 16,
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "Suffix": 16,
    "CompanyName": 100,
    "PrintOnCheckName": 110,
    "Notes": 4000,
    "Name": 100,
    "Sku": 100,
    "Description": 4000,
    "PurchaseDesc": 1000,
    "PrivateNote": 4000,
    "DocNumber": 21,
    "PaymentRefNum": 21,
    "AcctNum": 100,
}
TRUTHS = frozenset(
    [
        "Active",
        "Taxable",
        "Job",
        "BillWithParent",
        "SubItem",
        "SubAccount",
        "TrackQtyOnHand",
        "Vendor1099",
        "IsProject",
        "ProcessPayment",
        "Credit",
        "ApplyTaxAfterDiscount",
        "SalesTaxIncluded",
        "PurchaseTaxIncluded",
    ]
)
NUMBERS = frozenset(
    [
        "UnitPrice",
        "PurchaseCost",
        "QtyOnHand",
        "TotalAmt",
        "UnappliedAmt",
        "Balance",
        "ExchangeRate",
        "ReorderPoint",
        "BillRate",
        "CostRate",
    ]
)
DATES = frozenset(["TxnDate", "DueDate", "InvStartDate", "ShipDate", "BirthDate", "HiredDate", "ReleasedDate"])
EMAILS = frozenset(["PrimaryEmailAddr", "BillEmail", "BillEmailCc", "BillEmailBcc"])
ADDRESSES = frozenset(["BillAddr", "ShipAddr", "OtherAddr", "PrimaryAddr", "RemitToAddr", "VendorAddr", "ShipFromAddr"])
TEXTS = frozenset(LONGEST) | frozenset(["Type", "AccountType", "AccountSubType", "PayType", "PaymentType"])
OBJECTS = frozenset(
    [
        "TxnTaxDetail",
        "CheckPayment",
        "CreditCardPayment",
        "CustomerMemo",
        "PrimaryPhone",
        "AlternatePhone",
        "Mobile",
        "Fax",
        "WebAddr",
        "CashBack",
        "DeliveryInfo",
    ]
)
# What QuickBooks keeps itself: given values are ignored.
KEPT = frozenset(
    [
        "Id",
        "SyncToken",
        "MetaData",
        "domain",
        "status",
        "sparse",
        "AttachableRef",
        "Balance",
        "BalanceWithJobs",
        "CurrentBalance",
        "CurrentBalanceWithSubAccounts",
        "FullyQualifiedName",
        "Level",
        "UnappliedAmt",
        "V4IDPseudonym",
        "RemainingCredit",
        "AutoDocNumber",
        "HomeBalance",
        "HomeTotalAmt",
        "OverDueBalance",
        "AvgCost",
        "QtyOnPurchaseOrder",
        "QtyOnSalesOrder",
        "RootCustomerRef",
        "Classification",
        "CurrencyRef",
        "LinkedTxn",
    ]
)
