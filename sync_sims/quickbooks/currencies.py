"""Currencies as QuickBooks names them beside their ISO 4217 codes."""

NAMES = {
    "AED": "United Arab Emirates Dirham",
    "AUD": "Australian Dollar",
    "BHD": "Bahraini Dinar",
    "BRL": "Brazilian Real",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "CNY": "Chinese Yuan",
    "CZK": "Czech Koruna",
    "DKK": "Danish Krone",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "HKD": "Hong Kong Dollar",
    "HUF": "Hungarian Forint",
    "ILS": "Israeli New Shekel",
    "INR": "Indian Rupee",
    "JOD": "Jordanian Dinar",
    "JPY": "Japanese Yen",
    "KRW": "South Korean Won",
    "KWD": "Kuwaiti Dinar",
    "MXN": "Mexican Peso",
    "NOK": "Norwegian Krone",
    "NZD": "New Zealand Dollar",
    "OMR": "Omani Rial",
    "PLN": "Polish Zloty",
    "SAR": "Saudi Riyal",
    "SEK": "Swedish Krona",
    "SGD": "Singapore Dollar",
    "THB": "Thai Baht",
    "TND": "Tunisian Dinar",
    "TRY": "Turkish Lira",
    "USD": "United States Dollar",
    "ZAR": "South African Rand",
}


def currency_reference(code: str) -> dict[str, str]:
    """A currency as objects refer to it; one that is not listed goes by its code."""
    return {"value": code, "name": NAMES.get(code, code)}
