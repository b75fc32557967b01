"""The numbers that a campaign has earned, from which its summary and its report are made."""

from sync_sims.mailchimp.shape import MOMENT, NUMBER, TEXT, WHOLE, Shape
from sync_sims.mailchimp.shelf import Row

COUNTS = (
    "emails_sent",
    "abuse_reports",
    "unsubscribed",
    "hard_bounces",
    "soft_bounces",
    "syntax_errors",
    "forwards_count",
    "forwards_opens",
    "opens_total",
    "unique_opens",
    "clicks_total",
    "unique_clicks",
    "unique_subscriber_clicks",
    "total_orders",
)
SUMS = ("total_spent", "total_revenue")
TIMES = ("last_open", "last_click")
FIELDS = {
    **dict.fromkeys(COUNTS, WHOLE),
    **dict.fromkeys(SUMS, NUMBER),
    **dict.fromkeys(TIMES, MOMENT),
    "currency_code": TEXT,
}
SHAPE = Shape({"id": TEXT, **FIELDS}, required=("id",))
NONE: Row = {**dict.fromkeys(COUNTS, 0), **dict.fromkeys(SUMS, 0), **dict.fromkeys(TIMES, ""), "currency_code": "USD"}


def rates(figures: Row) -> tuple[float, float]:
    """Share of the delivered e-mails that were opened, and clicked, between 0 and 1."""
    delivered = figures["emails_sent"] - figures["hard_bounces"] - figures["soft_bounces"] - figures["syntax_errors"]
    if delivered <= 0:
        return 0.0, 0.0
    return figures["unique_opens"] / delivered, figures["unique_subscriber_clicks"] / delivered


def added(parts: list[Row]) -> Row:
    """The figures of a campaign made of parts."""
    total = dict(NONE)
    for part in parts:
        total |= {name: total[name] + part[name] for name in (*COUNTS, *SUMS)}
        total |= {name: max(total[name], part[name]) for name in TIMES}
        total["currency_code"] = part["currency_code"]
    return total
