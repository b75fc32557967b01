"""What a venue has mailed by the time it is connected: campaigns, a test of two subject lines, a welcome, a journey.

Figures are the same for every venue; days are counted back from today, so that some of it is old and some still moves.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sync_defs.demo.books import Seed

Row = Mapping[str, Any]


def send_mailings(seed: Seed, today: date, currency: str) -> None:
    """A season's opening, tickets of this week, either of two subject lines, an automation and a journey.

    Args:
        seed: for the account in which it happens.
        today: counted back from.
        currency: of what the mailings brought, in whole amounts.
    """
    seed(
        "campaigns",
        [
            {"subject_line": "The season opens", "send_time": _sent(today, 61), **_figures(412, 230, 19)},
            {
                "subject_line": "This week on stage",
                "send_time": _sent(today, 4),
                **_figures(498, 201, 33),
                "total_orders": 7,
                "total_revenue": 310,
                "currency_code": currency,
            },
            {
                "title": "Last seats",
                "type": "variate",
                "send_time": _sent(today, 11),
                "winner": 1,
                "variants": [
                    {"subject_line": "Last seats for Friday", **_figures(50, 21, 2)},
                    {"subject_line": "Friday is almost sold out", **_figures(50, 32, 6)},
                ],
            },
        ],
    )
    seed("journeys", [{"journey_id": 12, "step_id": 7}])
    seed("automations", [{"title": "Welcome", "emails_sent": 73, "opens": 61, "unique_opens": 44, "clicks": 9}])


def _sent(today: date, ago: int) -> str:
    return datetime.combine(today - timedelta(days=ago), time(10), UTC).isoformat()


def _figures(sent: int, opens: int, clicks: int) -> Row:
    return {
        "emails_sent": sent,
        "opens_total": opens,
        "unique_opens": opens * 3 // 4,
        "clicks_total": clicks,
        "unique_subscriber_clicks": clicks * 2 // 3,
        "hard_bounces": sent // 100,
        "unsubscribed": sent // 200,
    }
