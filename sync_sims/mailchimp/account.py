"""The account itself.

Source: the specification's GET / and GET /ping.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.shelf import Row


def read_root(call: Call) -> Row:
    """GET /: who the credential belongs to."""
    facts, books = call.books.facts, call.books
    total = sum(books.rosters.counts(list_id)["subscribed"] for list_id in books.lists.rows)
    return {
        "account_id": books.account_id,
        "login_id": books.account_id,
        "account_name": facts["name"],
        "email": "",
        "first_name": "",
        "last_name": "",
        "username": facts["name"],
        "avatar_url": "",
        "role": "owner",
        "member_since": facts["created_at"],
        "pricing_plan_type": "monthly",
        "first_payment": "",
        "account_timezone": "Etc/UTC",
        "account_industry": "",
        "contact": dict.fromkeys(("company", "addr1", "addr2", "city", "state", "zip", "country"), ""),
        "pro_enabled": False,
        "last_login": facts["created_at"],
        "total_subscribers": total,
        "industry_stats": {"open_rate": 0, "bounce_rate": 0, "click_rate": 0},
        "_links": [call.link("self", "/", "GET", "Root"), call.link("lists", "/lists", "GET", "Lists")],
    }


def read_ping(call: Call) -> Row:
    """GET /ping."""
    del call
    return {"health_status": "Everything's Chimpy!"}
