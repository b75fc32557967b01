"""The account itself, as GET /v1/account shows it (docs.stripe.com/api/accounts)."""

from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call


def get_account(call: Call) -> Object:
    """GET /v1/account: a standard account in good standing."""
    return {
        "id": call.holdings.account_id,
        "object": "account",
        "business_profile": {"mcc": None, "name": call.holdings.name, "support_email": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": f"{call.holdings.account_id}@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": call.holdings.name, "timezone": "Etc/UTC"}},
        "type": "standard",
    }
