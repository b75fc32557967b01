"""A plan: what a sync would create, change and delete on either side, before it does. Writes nowhere."""

from sync_core.providers.protocol import Page
from sync_core.store import ledger, rows
from sync_core.store.bulk import Row
from sync_core.store.intents import Intent
from sync_core.store.rows import Changed
from sync_core.sync import pull
from sync_core.sync.decide import Decisions, decide
from sync_core.sync.push import changed_stretches, due_chunks, extent_of
from sync_core.sync.report import Plan, PlannedChange, RecordFailure
from sync_core.sync.work import Work

FIRST_CHANGES = 200
_COUNTED = {"create": "created", "update": "updated", "delete": "deleted"}


def foresee(work: Work) -> Plan:
    """Plan both directions of one entity.

    The push is planned from the venue as it is now: what the pull before it would change there is listed, not applied.
    """
    changes: list[PlannedChange] = []
    if work.terms.pulls:
        changes += _pulls(work)
    if work.terms.pushes:
        changes += _pushes(work)
    return _plan(work, changes)


def rehearse(work: Work, *, limit: int) -> Plan:
    """Plan both directions for the first `limit` rows, whether they changed or not.

    For a mapping that does not count yet: the plan says what it would change of what is on both sides by now.
    """
    with work.transaction() as conn:
        found = rows.stretch(conn, work.scope, Changed(), after=None, limit=limit)
    living = [row for row in found.rows if row["deleted_at"] is None] if found is not None else []
    changes: list[PlannedChange] = []
    if work.terms.pulls:
        changes += _taken_in(work, living)
    if work.terms.pushes:
        with work.transaction():
            decisions = decide(work, living)
        _count(work, decisions)
        changes += [_change(decisions, intent) for intent in decisions.intents]
    return _plan(work, changes)


def _taken_in(work: Work, living: list[Row]) -> list[PlannedChange]:
    with work.transaction() as conn:
        known = ledger.by_local(conn, *work.key, ids=[row["id"] for row in living])
    there = [entry.remote_id for entry in known.values() if not entry.deleted]
    shown = work.provider.fetch(work.entity, there) if there else []
    return _foreseen(work, Page(records=[remote for remote in shown if not remote.deleted], cursor={}, last=True))


def _plan(work: Work, changes: list[PlannedChange]) -> Plan:
    return Plan(
        venue=work.connection.venue,
        provider=work.connection.provider,
        entity=work.entity,
        counts=work.tally.counts,
        changes=tuple(changes[:FIRST_CHANGES]),
        failures=tuple(work.tally.failures),
    )


def _pulls(work: Work) -> list[PlannedChange]:
    with work.transaction():
        cursor = pull.standing(work)
    first: list[PlannedChange] = []
    for page in work.provider.read(work.entity, cursor=cursor):
        changes = _foreseen(work, page)
        work.tally.add(**{f"pulled_{_COUNTED[op]}": sum(c.operation == op for c in changes) for op in _COUNTED})
        first.extend(changes[: FIRST_CHANGES - len(first)])
    return first


def _foreseen(work: Work, page: Page) -> list[PlannedChange]:
    with work.transaction():
        return pull.foresee(work, page)


def _pushes(work: Work) -> list[PlannedChange]:
    with work.transaction():
        extent = extent_of(work)
    first: list[PlannedChange] = []
    looked_at: set[str] = set()
    for chunk in (*due_chunks(work), *(stretch.rows for stretch in changed_stretches(work, extent))):
        with work.transaction():
            decisions = decide(work, [row for row in chunk if row["id"] not in looked_at])
        looked_at.update(row["id"] for row in chunk)
        _count(work, decisions)
        first.extend(_change(decisions, intent) for intent in decisions.intents[: FIRST_CHANGES - len(first)])
    return first


def _count(work: Work, decisions: Decisions) -> None:
    work.tally.add(
        read=decisions.mapped_rows + len(decisions.waiting) + len(decisions.deletes) + len(decisions.filtered),
        created=len(decisions.creates),
        updated=len(decisions.updates),
        deleted=len(decisions.deletes),
        unchanged=len(decisions.unchanged),
        filtered=len(decisions.filtered),
        waiting=len(decisions.waiting),
        failed=len(decisions.bad),
    )
    for bad in decisions.bad:
        work.tally.fail(RecordFailure(bad.id, "push", bad.code, bad.reason))


def _change(decisions: Decisions, intent: Intent) -> PlannedChange:
    before = decisions.before.get(intent.local_id, {})
    fields = {path: (before.get(path), value) for path, value in intent.fields.items()}
    return PlannedChange("push", intent.operation, intent.local_id, fields)
