"""The regular look at everything that may need a person: connections, breakers, allowances. Alerts open and close here.

What stays true: an alert is open exactly as long as its trouble was seen by the last look, and is told once; a trouble
that many connections of one provider share is one alert.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from sync_core.health import Health, Judgement, judge
from sync_core.oauth.keeping import TROUBLES as TOKEN_TROUBLES
from sync_core.spec.provider import ProviderSpec
from sync_core.store import alerts, breakers, call_counts, connection_health, figures, letter_alert, locks
from sync_core.store.alerts import Alert
from sync_core.store.breakers import Standing
from sync_core.store.connection_health import Checked
from sync_core.store.figures import Figures
from sync_core.sync.guards import BREAKER, severity_of, told_of
from sync_core.trouble import Severity

DAY: Final = timedelta(hours=24)
KEPT_ALERTS: Final = timedelta(days=90)
"""For so long one sees what was the matter."""
MOST_ALONE: Final = 20
"""So many connections of a provider have an alert of their own; where more are ill, there is one for all of them."""
QUOTA_SHARES: Final[tuple[tuple[float, str, Severity], ...]] = (
    (0.8, "quota_80", "warning"),
    (1.0, "quota_100", "critical"),
)
_ILL: Final[Mapping[Health, Severity]] = {"degraded": "warning", "unhealthy": "error"}
KINDS: Final = ("degraded", "unhealthy", BREAKER, *(kind for _, kind, _ in QUOTA_SHARES))
_log = logging.getLogger(__name__)

_Name = tuple[int | None, str, str]  # connection, kind, subject


@dataclass(frozen=True, slots=True)
class _Trouble:
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. `changes` are the connections whose health is another than before, with why."""

    counts: Mapping[Health, int]
    changes: Sequence[tuple[Checked, Judgement]]
    opened: Sequence[str]
    closed: int


def look(database: sa.Engine, specs: Mapping[str, ProviderSpec], *, now: datetime) -> Look | None:
    """Judge every connection by its last 24 hours, note what changed, and open and close alerts.

    None when another process is looking at this moment.
    """
    with database.connect() as guard, locks.only_one(guard, "health") as mine:
        if not mine:
            return None
        with database.begin() as conn:
            call_counts.forget_old(conn, now=now)
            connection_health.forget_old(conn, now=now)
            breakers.forget_uncalled(conn)
            alerts.forget_closed(conn, before=now - KEPT_ALERTS)
            letter_alert.close_emptied(conn)
        with database.begin() as conn:
            # First: whoever opens a breaker tells of it at the same time, and what is told after this is not ours to close.
            told = alerts.opened(conn)
            known = figures.recent(conn, since=now - DAY)
            judged = [(one, _judged(one, known.get(one.id, Figures()))) for one in connection_health.all_of(conn)]
            standing = [one for one in breakers.standing(conn) if one.state != "closed"]
            used = call_counts.metered(conn, first=now.date().replace(day=1), last=now.date())
            news = [(one, found) for one, found in judged if (one.health, one.reason) != (found.health, found.reason)]
            connection_health.note(conn, news)
            wanted = {**_ill(judged, standing), **_broken(standing), **_spent(specs, used)}
            opened, closed = _settle(conn, wanted, told)
    changes = [(one, found) for one, found in news if one.health != found.health]
    for one, found in changes:
        _log.info("health.changed connection=%s was=%s became=%s", one.label, one.health or "-", found.health)
    return Look(Counter(found.health for _, found in judged), changes, opened, closed)


def _judged(one: Checked, known: Figures) -> Judgement:
    return judge(one.status, known, error=one.last_error, enabled=one.enabled)


def _ill(judged: Sequence[tuple[Checked, Judgement]], standing: Sequence[Standing]) -> dict[_Name, _Trouble]:
    """Connections that are not well, unless their provider as a whole is not called: that is one trouble, told elsewhere."""
    stopped = {one.name for one in standing if one.account is None}
    groups: dict[tuple[str, Health], list[tuple[Checked, Judgement]]] = {}
    for one, found in judged:
        if found.health in _ILL and f"{one.provider}/{one.environment}" not in stopped:
            groups.setdefault((one.provider, found.health), []).append((one, found))
    troubles: dict[_Name, _Trouble] = {}
    for (provider, health), members in groups.items():
        if len(members) > MOST_ALONE:
            one, found = members[0]
            message = (
                f"{len(members)} connections with {provider} are {health}, for instance {one.label}: {found.reason} "
                f"See 'venue-sync health --ill' for the others."
            )
            troubles[None, health, provider] = _Trouble(_ILL[health], message)
            continue
        for one, found in members:
            message = f"{one.label} is {health}: {found.reason} See 'venue-sync status --venue {one.venue}' for what went wrong."
            troubles[one.id, health, ""] = _Trouble(_ILL[health], message)
    return troubles


def _broken(standing: Sequence[Standing]) -> dict[_Name, _Trouble]:
    return {
        (None, BREAKER, one.name): _Trouble(severity_of(one.name), told_of(one.name, one.reason)) for one in standing
    }


def _spent(specs: Mapping[str, ProviderSpec], used: Mapping[str, int]) -> dict[_Name, _Trouble]:
    troubles: dict[_Name, _Trouble] = {}
    for provider, calls in used.items():
        metered = specs[provider].limits.metered if provider in specs else None
        reached = [row for row in QUOTA_SHARES if metered is not None and calls >= row[0] * metered.per_month]
        if metered is not None and reached:
            _, kind, severity = reached[-1]
            message = (
                f"{calls:,} of this month's {metered.per_month:,} {metered.name} of {specs[provider].title} are used: "
                "see 'venue-sync costs' for which venues used them."
            )
            troubles[None, kind, provider] = _Trouble(severity, message)
    return troubles


def _settle(conn: sa.Connection, wanted: Mapping[_Name, _Trouble], told: Sequence[Alert]) -> tuple[list[str], int]:
    """Open what is wanted and not told, close what is told and not wanted; the new sentences, and how many are over."""
    there = {(one.connection_id, one.kind, one.subject) for one in told}
    # A token that was refused puts its connection in error: that is one trouble, and told already.
    told_elsewhere = {one.connection_id for one in told if one.kind in TOKEN_TROUBLES}
    opened: list[str] = []
    for (connection_id, kind, subject), trouble in wanted.items():
        if (connection_id, kind, subject) in there or connection_id in told_elsewhere:
            continue
        new = alerts.tell(
            conn,
            connection_id=connection_id,
            kind=kind,
            subject=subject,
            severity=trouble.severity,
            message=trouble.message,
        )
        if new:
            opened.append(trouble.message)
    over = [name for name in there if name[1] in KINDS and name not in wanted]
    for connection_id, kind, subject in over:
        alerts.close(conn, connection_id=connection_id, kinds=(kind,), subject=subject)
    return opened, len(over)
