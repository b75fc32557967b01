"""The way of a record from the provider to the venue: page by page, each wholly in or not at all."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from sync_core.errors import SyncError
from sync_core.mapping.compile import Mapping, content_hash
from sync_core.providers.protocol import Page
from sync_core.spec.provider import Conflict as Policy
from sync_core.store import conflicts, cursors, dead_letters, ledger, pending, rows
from sync_core.store.bulk import Row
from sync_core.store.conflicts import Conflict
from sync_core.store.dead_letters import Letter
from sync_core.store.ledger import Entry
from sync_core.sync.conflict import Sides, Verdict, decide
from sync_core.sync.inbound import Arrived, News, Shown, arrive, shown, sort_page
from sync_core.sync.outbound import Flat, outbound
from sync_core.sync.read_ahead import read_ahead
from sync_core.sync.report import PlannedChange, Progress, RecordFailure
from sync_core.sync.work import Work

STORE_AT = 2_000
"""Records per storing transaction, at least where the provider has as many."""


def pull(work: Work) -> None:
    """Bring what changed at the provider to the venue, from the cursor (full: from the beginning) to the end."""
    with work.transaction():
        cursor = standing(work)
    done = 0
    # A group is put together where it is read, in the time that the database takes for the one before it.
    with read_ahead(_grouped(work.mapping, work.provider.read(work.entity, cursor=cursor))) as groups:
        for group in groups:
            _store(work, group)
            done += len(group.records)
            venue, provider = work.connection.venue, work.connection.provider
            total = done if group.last else None
            work.on_progress(Progress(venue, provider, work.entity, "pull", done, total))


def standing(work: Work) -> dict[str, Any] | None:
    """From where a pull reads; None: from the beginning, as always under another mapping than the last time."""
    if work.mode.kind == "full":
        return None
    return cursors.position(work.conn, *work.key, direction="pull", terms=work.mark)


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring pages that are stored in one transaction: a provider's pages are small, a transaction is not.

    `cursor` is that of the last page, which is the source's last one if `last`.
    """

    records: list[Shown]
    cursor: Map[str, Any]
    last: bool


def _grouped(mapping: Mapping, pages: Iterable[Page]) -> Iterator[_Group]:
    records: list[Shown] = []
    held: Page | None = None
    try:
        for page in pages:
            records += shown(mapping, page.records)
            if page.last or len(records) >= STORE_AT:
                yield _Group(records, page.cursor, page.last)
                records, held = [], None
            else:
                held = page
    except SyncError:
        # What was read before the trouble is kept: the next pull goes on behind it.
        if held is not None:
            yield _Group(records, held.cursor, last=False)
        raise
    if held is not None:
        yield _Group(records, held.cursor, last=False)


def _store(work: Work, group: _Group) -> None:
    with work.transaction() as conn:
        take_in(work, group.records)
        cursors.move(conn, *work.key, direction="pull", to=group.cursor, terms=work.mark)


def take_in(work: Work, records: Sequence[Shown]) -> None:
    """Bring these objects into the venue's tables and the ledger, in the caller's transaction."""
    found = sort_page(work, records)
    work.tally.add(pulled_read=len(records), pulled_unchanged=found.echoes)
    if found.news:
        apply_news(work, found.news)
    if found.gone:
        remove(work, found.gone)


def apply_news(work: Work, news: Sequence[News]) -> None:
    """Write `news` into the venue's tables and the ledger.

    What the database will not hold (a NUL in a text, a number too large) is narrowed down by halving, so that one
    such object never keeps its neighbours out.
    """
    try:
        with work.conn.begin_nested():
            _apply(work, news)
    except (DataError, IntegrityError) as error:
        if len(news) == 1:
            reason = str(error.orig).split("\n", maxsplit=1)[0][:200]
            _bury(work, [Letter(news[0].remote.id, "not_storable", f"The database refuses the record: {reason}")])
            return
        middle = len(news) // 2
        apply_news(work, news[:middle])
        apply_news(work, news[middle:])


@dataclass(frozen=True, slots=True)
class _Change:
    """What one piece of news does: the row's new values, and what the ledger says afterwards."""

    row: Row | None
    verdict: Verdict | None
    created: bool


def _apply(work: Work, news: Sequence[News]) -> None:
    arrived = arrive(work, news)
    with_row = rows.lock(work.conn, work.scope, list(arrived.values)) if arrived.values else {}
    ours = outbound(work, [row for row in with_row.values() if row["deleted_at"] is None]) if work.spec.pushes else None
    now_by_id = ours.mapped if ours else {}
    sight = _Sight(arrived, with_row, now_by_id, work.exceptions, work.clock.now())
    changes = {local_id: _change(work, sight, local_id) for local_id in arrived.values}
    for_writing: dict[tuple[str, ...], list[Row]] = {}
    for change in changes.values():
        if change.row is not None:
            for_writing.setdefault(tuple(change.row), []).append(change.row)
    stored: dict[str, Row] = {}
    for group in for_writing.values():
        stored |= rows.write(work.conn, work.scope, group)
    after = outbound(work, list(stored.values())).mapped if work.spec.pushes and stored else {}
    entries: list[Entry] = []
    in_step: dict[str, str] = {}
    for local_id, change in changes.items():
        pushed = None
        if work.spec.pushes:
            pushed = _pushed(work, arrived.news[local_id], change, now_by_id.get(local_id), after.get(local_id))
            if change.row is not None and pushed is not None and pushed == after.get(local_id):
                in_step[local_id] = stored[local_id]["changed_xid"]
        entries.append(_entry(arrived.news[local_id], local_id, pushed))
    ledger.settle(work.conn, *work.key, entries=entries, in_step=in_step)
    _note_state(work, arrived.filtered)
    _record_conflicts(work, arrived, changes, now_by_id)
    dead_letters.resolve(work.conn, *work.key, direction="pull", ids=[n.remote.id for n in arrived.news.values()])
    _bury(work, arrived.letters)
    work.tally.add(
        pulled_created=sum(change.created for change in changes.values()),
        pulled_updated=sum(change.row is not None and not change.created for change in changes.values()),
        pulled_unchanged=sum(change.row is None for change in changes.values()),
        pulled_filtered=len(arrived.filtered),
    )
    work.tally.frame_rows += len(news)
    work.tally.frame_bad += len(arrived.letters)


@dataclass(frozen=True, slots=True)
class _Sight:
    """Both sides of one page, by local id: what arrived, the venue's rows, and those rows in the provider's terms."""

    arrived: Arrived
    rows: Map[str, Row]
    ours: Map[str, Flat]
    exceptions: Map[str, Policy]
    at: datetime


def _change(work: Work, sight: _Sight, local_id: str) -> _Change:
    news, values = sight.arrived.news[local_id], sight.arrived.values[local_id]
    row, now = sight.rows.get(local_id), sight.ours.get(local_id)
    at = news.remote.updated_at or sight.at
    if row is None:
        return _Change({"id": local_id, **work.mapping.new_row, **values, "updated_at": at}, None, created=True)
    if not work.spec.pushes:
        return _Change({"id": local_id, **values, "updated_at": at}, None, created=False)
    entry = news.entry
    before = (entry.pushed if entry and not entry.deleted else None) or {}
    sides = Sides(
        venue_now=now or {},
        venue_before=before if now is not None else {},
        venue_at=row["updated_at"],
        provider_now=news.seen,
        provider_before=(entry.seen if entry else None) or {},
        provider_at=news.remote.updated_at,
    )
    verdict = decide(sides, work.spec.conflict, exceptions=sight.exceptions)
    columns = work.mapping.local_of(verdict.accepted)
    # A row that the venue deleted comes back only if the provider's change wins over the deletion.
    alive = row["deleted_at"] is None or verdict.provider_wins
    taken = {name: values[name] for name in values if name in columns and alive}
    if all(row.get(name) == value for name, value in taken.items()):
        return _Change(None, verdict, created=False)
    # Every row of one write has the same columns; those not taken keep what the row, locked, holds now.
    kept = {name: row[name] for name in work.mapping.pull_columns if name not in taken}
    return _Change({"id": local_id, **kept, **taken, "updated_at": at}, verdict, created=False)


def _note_state(work: Work, filtered: Sequence[News]) -> None:
    """Of a known object that settings leave out only its state there is noted: a later write must name its version."""
    known = [replace(news.entry, remote_state=news.remote.state) for news in filtered if news.entry is not None]
    ledger.settle(work.conn, *work.key, entries=known)


def _entry(news: News, local_id: str, pushed: Map[str, Any] | None) -> Entry:
    return Entry(
        local_id=local_id,
        remote_id=news.remote.id,
        remote_state=news.remote.state,
        pushed_hash=content_hash(pushed) if pushed is not None else None,
        pushed=pushed,
        seen_hash=news.shown.seen_hash,
        seen=news.seen,
        remote_updated_at=news.remote.updated_at,
        deleted=False,
    )


def _pushed(work: Work, news: News, change: _Change, now: Flat | None, after: Flat | None) -> Map[str, Any] | None:
    """What the provider holds of ours once this is applied: the next push compares the venue with it.

    A new row came from there, so nothing of it is to be pushed back. Of a row that was there already, the accepted
    paths are as they now stand; the others stay as last pushed, so that the venue's own changes still go out.
    A name that was changed there is not answered with its parts, which can be told from it again.
    """
    if change.created or change.verdict is None:
        return after
    before: Map[str, Any] = (news.entry.pushed if news.entry else None) or {}
    current = after if after is not None else now
    if current is None:
        return before
    accepted = work.mapping.written_with(change.verdict.accepted)
    return {path: value if path in accepted else before.get(path) for path, value in current.items()}


def _record_conflicts(work: Work, arrived: Arrived, changes: Map[str, _Change], now_by_id: Map[str, Flat]) -> None:
    exceptions = work.exceptions
    found = [
        Conflict(
            local_id=local_id,
            field=path,
            venue_value=now_by_id[local_id].get(path),
            provider_value=arrived.news[local_id].seen.get(path),
            policy=exceptions.get(path, work.spec.conflict),
            winner=winner,
        )
        for local_id, change in changes.items()
        if change.verdict is not None and local_id in now_by_id
        for path, winner in sorted(change.verdict.contested.items())
    ]
    conflicts.record(work.conn, *work.key, found=found)
    work.tally.add(conflicts=len({conflict.local_id for conflict in found}))


def remove(work: Work, gone: Sequence[Entry]) -> None:
    """The provider's objects are gone. Deletions travel only where the declaration lets them.

    Where the venue wins, the records are forgotten here and due again, so that the push that follows restores them.
    """
    ids = [entry.local_id for entry in gone]
    if work.spec.on_removal == "keep" or (work.spec.pushes and work.spec.on_delete == "ignore"):
        ledger.mark_deleted(work.conn, *work.key, ids=ids)
    elif work.spec.pushes and work.spec.conflict == "venue_wins":
        ledger.forget(work.conn, *work.key, ids=ids)
        pending.wait(
            work.conn, *work.key, reasons=dict.fromkeys(ids, "It was deleted at the provider; the venue wins.")
        )
    else:
        ledger.forget(work.conn, *work.key, ids=ids)
        work.tally.add(pulled_deleted=rows.mark_deleted(work.conn, work.scope, ids, at=work.clock.now()))


def _bury(work: Work, letters: Sequence[Letter]) -> None:
    dead_letters.post(work.conn, *work.key, direction="pull", letters=letters)
    for letter in letters:
        work.tally.add(pulled_failed=1)
        work.tally.fail(RecordFailure(letter.record_id, "pull", letter.code, letter.reason))


def foresee(work: Work, page: Page) -> list[PlannedChange]:
    """What storing `page` would change at the venue. Reads only."""
    found = sort_page(work, shown(work.mapping, page.records))
    arrived = arrive(work, found.news)
    there = rows.by_ids(work.conn, work.scope, list(arrived.values)) if arrived.values else {}
    ours = (
        outbound(work, [row for row in there.values() if row["deleted_at"] is None]).mapped if work.spec.pushes else {}
    )
    sight = _Sight(arrived, there, ours, work.exceptions, work.clock.now())
    planned: list[PlannedChange] = []
    for local_id in arrived.values:
        change = _change(work, sight, local_id)
        if change.row is not None:
            before = there.get(local_id, {})
            fields = {
                name: (before.get(name), value)
                for name, value in change.row.items()
                if name not in ("id", "updated_at") and before.get(name) != value
            }
            planned.append(PlannedChange("pull", "create" if change.created else "update", local_id, fields))
    planned.extend(PlannedChange("pull", "delete", entry.local_id) for entry in found.gone)
    work.tally.add(
        pulled_read=len(page.records),
        pulled_unchanged=found.echoes,
        pulled_failed=len(arrived.letters),
        pulled_filtered=len(arrived.filtered),
    )
    for letter in arrived.letters:
        work.tally.fail(RecordFailure(letter.record_id, "pull", letter.code, letter.reason))
    return planned
