"""What came of mailings: reports of campaigns that were sent, with those of their variants, and classic automations.

Only read. Opens and clicks come in for weeks, so each reading looks at what was sent in the last FOLLOWED again; a
full sync looks at all. A report belongs to one audience: those of the account's other audiences are nobody's here.

A cursor is {"reached": time of the last mailing} between readings, and {"from", "offset", "reached"} within one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls, segment
from sync_core.providers.mailchimp.contact import parsed
from sync_core.providers.mailchimp.fetching import PAGE_SIZE, gathered, in_order
from sync_core.providers.mailchimp.walk import believable
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought

FOLLOWED = timedelta(days=30)
AUTOMATION = "automation"
_PARTS = "unsubscribed", "emails_sent", "opens", "clicks", "ecommerce"
_WITHIN = "id,campaign_title,subject_line,type,list_id,send_time,bounces,ab_split," + ",".join(_PARTS)
_SHOWN = ",".join(f"reports.{name}" for name in _WITHIN.split(","))

Shown = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """Reports of what was sent after `since` (None: ever) from `offset` on; `reached` is the latest seen so far."""

    since: datetime | None
    offset: int
    reached: datetime | None

    @property
    def cursor(self) -> dict[str, Json]:
        return {"from": _stamp(self.since), "offset": self.offset, "reached": _stamp(self.reached)}


class Campaigns:
    """The mailings to one audience."""

    def __init__(self, calls: MailchimpCalls, audience: Audience) -> None:
        self._calls = calls
        self._audience = audience

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of reports sent lately, then of all automations, which are few and tell no time of change.

        Raises:
            ProviderRefused: The pages go in circles.
        """
        place = _place_of(cursor or {}, now=self._calls.clock.now())
        before: Sequence[str] = ()
        while True:
            shown = self._calls.get(
                "/reports", count=PAGE_SIZE, offset=place.offset, since_send_time=_stamp(place.since), fields=_SHOWN
            )["reports"]
            ids = [report["id"] for report in shown]
            if ids and ids == before:
                raise ProviderRefused("Mailchimp's pages go in circles; ask Mailchimp's support.")
            before = ids
            sent = [moment for report in shown if (moment := parsed(report.get("send_time"))) is not None]
            reached = max((moment for moment in (*sent, place.reached) if moment is not None), default=None)
            place = replace(place, offset=place.offset + len(shown), reached=reached)
            yield Page(records=[self._report(one) for one in self._mine(shown)], cursor=place.cursor, last=False)
            if len(shown) < PAGE_SIZE:
                break
        yield Page(records=self._automations(), cursor={"reached": _stamp(place.reached)}, last=True)

    def write(self, batch: Batch) -> list[Outcome]:
        """Mailings are made by people in Mailchimp's editor. Raises ProviderRefused."""
        raise ProviderRefused(f"Mailchimp's campaigns are only read ({batch.operation}); declare the entity as pull.")

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Nothing: none was ever written."""
        del sought
        return {}

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """By id; a campaign that is not sent yet has no report, and counts as gone."""

        def one(campaign_id: str) -> Shown | None:
            return self._calls.find(f"/reports/{segment(campaign_id)}", fields=_WITHIN) or self._automation(campaign_id)

        def page(offset: int) -> tuple[Sequence[Shown], int]:
            shown = self._calls.get("/reports", count=PAGE_SIZE, offset=offset, fields=f"{_SHOWN},total_items")
            return shown["reports"], shown["total_items"]

        found = {name: one for name, one in gathered(ids, one=one, page=page, key="id").items() if self._mine([one])}
        return in_order(ids, found, remote=self._report)

    def _mine(self, shown: Sequence[Shown]) -> list[Shown]:
        audience = self._audience.list().id if shown else ""
        return [report for report in shown if report.get("list_id") == audience]

    def _report(self, report: Shown) -> Remote:
        record = {**_whole(report), "status": report.get("status", "sent"), "variants": self._variants(report)}
        return Remote(id=report["id"], record=record)

    def _variants(self, report: Shown) -> list[dict[str, Any]]:
        if report["type"] == "variate":
            path = f"/reports/{segment(report['id'])}/sub-reports"
            return [_whole(one) for one in self._calls.get(path, fields=_SHOWN)["reports"]]
        groups: Mapping[str, Shown] = report.get("ab_split") or {}
        return [_group(name, groups[name]) for name in sorted(groups)]

    def _automations(self) -> list[Remote]:
        offset = 0
        found: list[Shown] = []
        while True:
            shown = self._calls.get("/automations", count=PAGE_SIZE, offset=offset)["automations"]
            found += [_as_report(automation) for automation in shown]
            if len(shown) < PAGE_SIZE:
                return [self._report(one) for one in self._mine(found)]
            offset += PAGE_SIZE

    def _automation(self, workflow_id: str) -> Shown | None:
        shown = self._calls.find(f"/automations/{segment(workflow_id)}")
        return None if shown is None else _as_report(shown)


def _whole(report: Shown) -> dict[str, Any]:
    """A report with its bounces of every kind in one number, and no revenue where nothing says in which currency."""
    bounces: Mapping[str, int] = report.get("bounces") or {}
    shop: Mapping[str, Any] = report.get("ecommerce") or {}
    shop = shop if shop.get("currency_code") else {}
    return {**report, "bounces": {**bounces, "total": sum(bounces.values())}, "ecommerce": shop}


def _group(name: str, group: Shown) -> dict[str, Any]:
    """One side of an A/B split as a report shows the same figures."""
    return {
        "id": name,
        "opens": {"opens_total": group.get("opens"), "unique_opens": group.get("unique_opens")},
        "clicks": {"unique_subscriber_clicks": group.get("recipient_clicks")},
        "unsubscribed": group.get("unsubs"),
        "bounces": {"total": group.get("bounces")},
    }


def _as_report(automation: Shown) -> dict[str, Any]:
    """A classic automation as a report of its own kind; it goes on for ever, so it is never simply sent."""
    summary: Mapping[str, Any] = automation.get("report_summary") or {}
    return {
        "id": automation["id"],
        "campaign_title": automation["settings"].get("title"),
        "type": AUTOMATION,
        "list_id": automation["recipients"]["list_id"],
        "status": automation["status"],
        "emails_sent": automation["emails_sent"],
        "send_time": automation.get("start_time") or None,
        "opens": {"opens_total": summary.get("opens"), "unique_opens": summary.get("unique_opens")},
        "clicks": {
            "clicks_total": summary.get("clicks"),
            "unique_subscriber_clicks": summary.get("subscriber_clicks"),
        },
    }


def _place_of(cursor: Mapping[str, Json], *, now: datetime) -> _Place:
    """Where to go on from; from the very beginning where any part of the cursor means nothing."""
    reached = believable(cursor.get("reached"), now=now)
    if "offset" not in cursor:
        return _Place(None if reached is None else reached - FOLLOWED, 0, reached)
    since, offset = believable(cursor.get("from"), now=now), cursor["offset"]
    given = all(
        cursor.get(name) is None or moment is not None for name, moment in (("from", since), ("reached", reached))
    )
    if not given or "from" not in cursor or not isinstance(offset, int) or offset < 0:
        return _Place(None, 0, None)
    return _Place(since, offset, reached)


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
