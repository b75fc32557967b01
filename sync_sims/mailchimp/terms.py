"""What Mailchimp does not publish, or what differs between accounts, as settings of the simulator."""

from dataclasses import dataclass
from typing import Literal

from sync_sims.wire import Limits

# mailchimp.com/developer/marketing/docs/fundamentals: ten connections at the same time for each user, no other limit.
LIMITS = Limits(simultaneous=10)
DATACENTER = "us19"


@dataclass(slots=True)
class Terms:
    """Behaviour a test may set before or while the simulator runs.

    `api_unsubscribes_bind`: whether someone whom the API unsubscribed is in a compliance state as well, as someone who
        unsubscribed on their own always is. Mailchimp documents no difference; reports from the field disagree.
    `refused_domains`: domains whose addresses "look fake or invalid"; Mailchimp's own list is not published.
    `batch_seconds`: how long a batch stays in each of its states; its operations run as "started" begins.
    `results_url_seconds`, `results_kept_seconds`: life of a `response_body_url` and of the results behind it.
    `throttle_body`: whether a 429 comes from the API or, empty, from the network in front of it.
    `most_lists`, `most_merge_fields`: what the account's plan includes.
    """

    api_unsubscribes_bind: bool = True
    refused_domains: frozenset[str] = frozenset()
    batch_seconds: float = 0.0
    results_url_seconds: float = 600.0
    results_kept_seconds: float = 7 * 86_400.0
    throttle_body: Literal["problem", "none"] = "problem"
    most_lists: int = 100
    most_merge_fields: int = 80
