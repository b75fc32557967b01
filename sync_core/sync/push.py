"""The way of a record from the venue to the provider: changed rows, chunk by chunk, until the watermark moves."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sync_core.errors import RecordRejected
from sync_core.mapping.compile import BadRow
from sync_core.store import cursors, dead_letters, pending, rows
from sync_core.store.bulk import Row
from sync_core.store.dead_letters import Letter
from sync_core.store.intents import Intent
from sync_core.store.rows import Changed, Stretch
from sync_core.sync.decide import Decisions, decide
from sync_core.sync.execute import carry_out
from sync_core.sync.overtaken import ROUNDS
from sync_core.sync.poison import MOST, PROVIDER_FAILS, send_alone
from sync_core.sync.report import Progress
from sync_core.sync.settle import bury
from sync_core.sync.work import Work

CHUNK = 2_000
"""Rows decided about at once, at most."""
ENOUGH_TO_JUDGE = 20
"""Below this many rows a share of bad ones says nothing about the mapping."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What one push reads: `changed` rows after id `after`, up to the `horizon` that becomes the next watermark.

    `whole`: every row, because the mapping is another one than that of the last push.
    """

    changed: Changed
    horizon: int
    after: str | None
    whole: bool = False


def push(work: Work) -> None:
    """Bring what changed at the venue to the provider. The watermark moves only when all of it is settled or kept."""
    with work.transaction() as conn:
        extent = extent_of(work)
        total = rows.count(conn, work.scope, extent.changed)
        failing = frozenset(dead_letters.of_code(conn, *work.key, code=PROVIDER_FAILS))
    overtaken = carry_out(work, _decided(work, extent, total=total, failing=failing))
    _push_overtaken(work, overtaken)
    _keep_place(work, extent, after=None)
    _push_failing(work, failing)


def _decided(work: Work, extent: Extent, *, total: int, failing: Collection[str]) -> Iterator[list[Intent]]:
    """What is to be written, chunk by chunk, but for the rows on which the provider was `failing`: they are due still.

    When the next chunk is asked for, the last one's intents are stored: from then on the place is behind it, and a
    crash is answered by replaying them.
    """
    looked_at: set[str] = set()
    for chunk in due_chunks(work):
        yield _intents(work, [row for row in chunk if row["id"] not in failing])
        looked_at.update(row["id"] for row in chunk)
    done = 0
    for stretch in changed_stretches(work, extent):
        yield _intents(work, [row for row in stretch.rows if row["id"] not in looked_at and row["id"] not in failing])
        if changed := [row["id"] for row in stretch.rows if row["id"] in failing]:
            _make_due(work, changed)
        _keep_place(work, extent, after=stretch.end)
        done += stretch.count
        work.on_progress(
            Progress(work.connection.venue, work.connection.provider, work.entity, "push", done, max(total, done))
        )


def _push_overtaken(work: Work, ids: list[str]) -> None:
    """Decide anew about rows whose objects changed at the moment of the write; what is overtaken again stays due."""
    for _ in range(ROUNDS):
        ids = carry_out(work, _decided_again(work, ids))
    work.tally.add(waiting=len(ids))


def _make_due(work: Work, changed: Sequence[str]) -> None:
    with work.transaction() as conn:
        pending.wait(
            conn, *work.key, reasons=dict.fromkeys(changed, "The row has changed since the provider failed on it.")
        )


def _push_failing(work: Work, failing: Collection[str]) -> None:
    """Try some of the rows on which the provider failed whose time has come, where they are in nobody's way."""
    if not failing:
        return
    with work.transaction() as conn:
        ids = [local_id for local_id in pending.due(conn, *work.key) if local_id in failing][:MOST]
        found = rows.by_ids(conn, work.scope, ids)
    send_alone(work, _intents(work, list(found.values())))


def _decided_again(work: Work, ids: list[str]) -> Iterator[list[Intent]]:
    for start in range(0, len(ids), CHUNK):
        with work.transaction() as conn:
            found = rows.by_ids(conn, work.scope, ids[start : start + CHUNK])
        yield _intents(work, list(found.values()))


def extent_of(work: Work) -> Extent:
    """From where to where this push reads.

    A push that was cut short goes on behind the last chunk it finished: what changed before that place since then
    is at or above the horizon it had taken, and so belongs to the next push.
    """
    horizon = rows.horizon(work.conn)
    if work.mode.kind == "full":
        return Extent(Changed(), horizon, None)
    if work.mode.kind == "since":
        return Extent(Changed(since=work.mode.since), horizon, None)
    position: dict[str, Any] = _standing(work)
    # A restored database may count its transactions from a lower number: such a watermark would hide every change.
    if position.get("horizon", 0) > horizon:
        position = {"whole": position.get("whole")}
    whole = bool(position.get("whole"))
    changed = Changed(xid=position.get("xid"), but_pulled=work.key if work.spec.pulls and not whole else None)
    return Extent(changed, position["horizon"] if "after" in position else horizon, position.get("after"), whole)


def _standing(work: Work) -> dict[str, Any]:
    """Where the last push of this mapping came to. After another mapping every row may come to something else.

    Rows that were in step when a pull brought them were so under the mapping of that pull.
    """
    position = cursors.position(work.conn, *work.key, direction="push", terms=work.mark)
    return position if position is not None else {"whole": work.mapping.version is not None}


def due_chunks(work: Work) -> Iterator[list[Row]]:
    """Rows to look at again although they did not change."""
    with work.transaction() as conn:
        ids = pending.due(conn, *work.key)
    for start in range(0, len(ids), CHUNK):
        with work.transaction() as conn:
            found = rows.by_ids(conn, work.scope, ids[start : start + CHUNK])
        if found:
            yield list(found.values())


def changed_stretches(work: Work, extent: Extent) -> Iterator[Stretch]:
    """The changed rows in id order, CHUNK at a time."""
    after = extent.after
    # Whole requests: a chunk that is no multiple of them would send a small one at its end.
    size = work.spec.batch.create
    limit = max(CHUNK // size, 1) * size
    while True:
        with work.transaction() as conn:
            found = rows.stretch(conn, work.scope, extent.changed, after=after, limit=limit)
        if found is None:
            return
        yield found
        after = found.end


def _intents(work: Work, chunk: list[Row]) -> list[Intent]:
    """Decide about a chunk: what is to be written is returned, what cannot be or need not be is noted."""
    if not chunk:
        return []
    with work.transaction():
        decisions = decide(work, chunk)
    work.tally.add(
        read=decisions.mapped_rows + len(decisions.waiting) + len(decisions.deletes) + len(decisions.filtered),
        unchanged=len(decisions.unchanged),
        filtered=len(decisions.filtered),
        waiting=len(decisions.waiting),
    )
    work.tally.frame_rows += decisions.mapped_rows
    work.tally.frame_bad += len(decisions.bad)
    bury(work, [Letter(bad.id, bad.code, bad.reason) for bad in decisions.bad])
    refuse_if_mostly_bad(work, decisions)
    with work.transaction() as conn:
        pending.wait(conn, *work.key, reasons=decisions.waiting)
        pending.clear(conn, *work.key, ids=[*decisions.unchanged, *decisions.filtered])
        if not work.spec.once:
            # Else a letter that says that a sending is in doubt would be taken for answered.
            dead_letters.resolve(conn, *work.key, direction="push", ids=[*decisions.unchanged, *decisions.filtered])
    return decisions.intents


def refuse_if_mostly_bad(work: Work, decisions: Decisions) -> None:
    """Raises RecordRejected when so many rows fail the frame's checks that the mapping itself must be wrong."""
    rows_checked, most = decisions.mapped_rows, work.spec.max_bad_share
    if rows_checked >= ENOUGH_TO_JUDGE and len(decisions.bad) > most * rows_checked:
        first: BadRow = decisions.bad[0]
        raise RecordRejected(
            f"{len(decisions.bad)} of {rows_checked} {work.entity} rows of {work.connection.label} fail the checks "
            f"(more than {most:.0%}), so nothing of them is pushed; the first: {first.reason}",
            code="too_many_bad_rows",
        )


def _keep_place(work: Work, extent: Extent, *, after: str | None) -> None:
    if work.mode.kind == "since":
        return
    position: dict[str, Any] = {"xid": extent.horizon, "horizon": extent.horizon}
    if after is not None:
        position = {"xid": extent.changed.xid, "horizon": extent.horizon, "after": after, "whole": extent.whole}
    with work.transaction() as conn:
        cursors.move(conn, *work.key, direction="push", to=position, terms=work.mark)
