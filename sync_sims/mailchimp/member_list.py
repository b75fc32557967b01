"""The members of a list, filtered, sorted, page by page.

Source: the specification's GET /lists/{list_id}/members. "since" and "before" are meant strictly ("changed after the set
timeframe"). Archived members are listed only when `status=archived` asks for them. The filters by interests and by the last
campaign are not simulated, and refused.
"""

from collections.abc import Callable
from typing import Any

from sync_sims.mailchimp.asking import Asking
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import invalid
from sync_sims.mailchimp.finding import living_list
from sync_sims.mailchimp.member_view import MemberView
from sync_sims.mailchimp.member_write import STATUSES
from sync_sims.mailchimp.shelf import Row

Test = Callable[[Row], Any]
_UNKNOWN = ("since_last_campaign", "interest_category_id", "interest_ids", "interest_match")
_SORTS = ("timestamp_opt", "timestamp_signup", "last_changed")


def read_members(call: Call) -> Row:
    """GET /lists/{list_id}/members."""
    list_id = living_list(call)["id"]
    tests = _tests(call.asking)
    rows = [row for row in call.books.members.family(list_id).values() if all(test(row) for test in tests)]
    order = call.asking.choice("sort_field", _SORTS)
    downwards = call.asking.choice("sort_dir", ("ASC", "DESC")) == "DESC"
    if order is not None:
        rows.sort(key=lambda row: row[order], reverse=downwards)
    elif downwards:
        rows.reverse()
    view = MemberView(call, list_id)
    page = [view(row) for row in call.asking.page(rows)]
    path = f"/lists/{list_id}/members"
    return call.collection("members", page, total=len(rows), path=path, list_id=list_id)


def _tests(asking: Asking) -> list[Test]:
    """What a member must pass to be listed."""
    for name in _UNKNOWN:
        if asking.text(name) is not None:
            raise invalid((name, "This filter is not part of the simulation."))
    tests: list[Test] = [_status_test(asking)]
    for name in ("timestamp_opt", "last_changed"):
        since, before = asking.moment(f"since_{name}"), asking.moment(f"before_{name}")
        if since is not None:
            tests.append(lambda row, name=name, since=since: row[name] > since)
        if before is not None:
            tests.append(lambda row, name=name, before=before: row[name] < before)
    for parameter in ("unique_email_id", "email_type"):
        wanted = asking.text(parameter)
        if wanted is not None:
            tests.append(lambda row, name=parameter, wanted=wanted: row[name] == wanted)
    if asking.flag("vip_only"):
        tests.append(lambda row: row["vip"])
    return tests


def _status_test(asking: Asking) -> Test:
    status = asking.choice("status", (*STATUSES, "archived"))
    unsubscribed_since = asking.moment("unsubscribed_since")
    if unsubscribed_since is not None:
        if status not in {None, "unsubscribed"}:
            raise invalid(("unsubscribed_since", "This filter goes with the status unsubscribed alone."))
        return lambda row: row["status"] == "unsubscribed" and row["last_changed"] > unsubscribed_since
    if status is None:
        return lambda row: row["status"] != "archived"
    return lambda row: row["status"] == status
