"""The provider's objects in the venue's terms: which are news, which are echoes, and which row each one means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sync_core.mapping.compile import BoundReference, Mapping, content_hash, pick_each
from sync_core.providers.protocol import VERSION, Remote
from sync_core.store import ledger, rows
from sync_core.store.dead_letters import Letter
from sync_core.store.ledger import Entry
from sync_core.sync.work import Work

Flat = dict[str, Any]
KEY = "id"


@dataclass(frozen=True, slots=True)
class Shown:
    """One object as the provider shows it: what of it the mapping looks at, and the hash of that."""

    remote: Remote
    seen: Flat
    seen_hash: bytes


@dataclass(frozen=True, slots=True)
class News:
    """One object that differs from what we last saw of it. `entry` is None when we did not know it."""

    shown: Shown
    entry: Entry | None

    @property
    def remote(self) -> Remote:
        """The object."""
        return self.shown.remote

    @property
    def seen(self) -> Flat:
        """What of it the mapping looks at."""
        return self.shown.seen


@dataclass(frozen=True, slots=True)
class Sorted:
    """A page, sorted: `echoes` counts objects that look as we last saw them or are older than that."""

    news: list[News]
    gone: list[Entry]
    echoes: int


def shown(mapping: Mapping, records: Sequence[Remote]) -> list[Shown]:
    """What `mapping` looks at in each of `records`. Asks nobody, so that it may be done before its turn comes."""
    seen = mapping.seen([remote.record for remote in records])
    return [Shown(remote, flat, content_hash(flat)) for remote, flat in zip(records, seen, strict=True)]


def sort_page(work: Work, records: Sequence[Shown]) -> Sorted:
    """Compare a page with the ledger. Of several states of one object the last in the page counts."""
    latest = {one.remote.id: one for one in records}
    known = ledger.by_remote(work.conn, *work.key, ids=list(latest))
    news: list[News] = []
    gone: list[Entry] = []
    for remote_id, one in latest.items():
        entry = known.get(remote_id)
        if one.remote.deleted:
            if entry is not None and not entry.deleted:
                gone.append(entry)
        elif entry is None or _is_news(entry, one):
            news.append(News(one, entry))
    gone_or_new = len(news) + len(gone)
    return Sorted(news=news, gone=gone, echoes=len(latest) - gone_or_new)


def _is_news(entry: Entry, one: Shown) -> bool:
    return not _is_older(entry, one.remote) and (entry.deleted or entry.seen_hash != one.seen_hash)


def _is_older(entry: Entry, remote: Remote) -> bool:
    """By version where the provider has one, because its machines' clocks may differ by minutes; else by its time."""
    known, shown = entry.remote_state.get(VERSION), remote.state.get(VERSION)
    if isinstance(known, int) and isinstance(shown, int):
        return shown < known
    before, now = entry.remote_updated_at, remote.updated_at
    return before is not None and now is not None and now < before


@dataclass(frozen=True, slots=True)
class Arrived:
    """News in the venue's columns: `values` by local id, with the news it came from; `letters` by remote id.

    `filtered` is news that the connection's settings leave out.
    """

    values: dict[str, Flat]
    news: dict[str, News]
    letters: list[Letter]
    filtered: list[News]


def strangers(work: Work, records: Sequence[Remote]) -> dict[tuple[str, str], list[str]]:
    """What the news among `records` refers to and we do not know: values by the entity that is meant and its `pick`."""
    references = [each for each in work.mapping.references if each.direction != "push"]
    inside = [(part.column, each) for part in work.mapping.pulled_lists for each in part.element.references]
    if not references and not inside:
        return {}
    news = sort_page(work, shown(work.mapping, records)).news
    values = _records(work.mapping.inbound([n.remote.record for n in news], [n.remote.id for n in news])).values()
    named: dict[tuple[str, str], set[Any]] = {}
    for reference in references:
        named.setdefault((reference.entity, reference.pick), set()).update(row[reference.column] for row in values)
    for column, reference in inside:
        found = {element[reference.column] for row in values for element in row[column]}
        named.setdefault((reference.entity, reference.pick), set()).update(found)
    unknown: dict[tuple[str, str], list[str]] = {}
    for (entity, pick_of), ids in named.items():
        wanted = sorted(ids - {None})
        known = ledger.local_ids(work.conn, work.connection.id, entity, values=wanted, pick=pick_of)
        if missing := [one for one in wanted if one not in known]:
            unknown[entity, pick_of] = missing
    return unknown


def arrive(work: Work, news: Sequence[News]) -> Arrived:
    """Map `news` back, check it, and find the venue's row that each one means."""
    frame = work.mapping.inbound([n.remote.record for n in news], [n.remote.id for n in news])
    good, bad = work.mapping.validate_inbound(frame)
    letters = [Letter(row.id, row.code, row.reason) for row in bad]
    by_remote = {n.remote.id: n for n in news}
    values = _records(good)
    letters += _resolve(work, values)
    terms = work.terms
    filtered = [remote_id for remote_id, row in values.items() if not terms.admit(row)]
    for remote_id in filtered:
        del values[remote_id]
    names = _local_ids(work, {remote_id: by_remote[remote_id] for remote_id in values}, values)
    return Arrived(
        values={names[remote_id]: row for remote_id, row in values.items()},
        news={names[remote_id]: by_remote[remote_id] for remote_id in values},
        letters=letters,
        filtered=[by_remote[remote_id] for remote_id in filtered],
    )


def _records(frame: pd.DataFrame) -> dict[str, Flat]:
    names = list(frame.columns)
    columns = [frame[name].tolist() for name in names]
    rows_of = zip(*columns, strict=True) if names else ((),) * len(frame.index)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(frame.index.tolist(), rows_of, strict=True)}


def _resolve(work: Work, values: dict[str, Flat]) -> list[Letter]:
    """Put local ids where the provider's ids stand. A row whose own key cannot be told is taken out, with a letter."""
    letters: list[Letter] = []
    for reference in work.mapping.references:
        if reference.direction == "push":
            continue
        column = reference.column
        wanted = sorted({row[column] for row in values.values() if row.get(column) is not None})
        known = ledger.local_ids(work.conn, work.connection.id, reference.entity, values=wanted, pick=reference.pick)
        for remote_id in list(values):
            given = values[remote_id].get(column)
            values[remote_id][column] = known.get(given) if given is not None else None
            if column == KEY and values[remote_id][column] is None:
                letters.append(
                    Letter(remote_id, "unknown_record", f"{reference.remote} {given} is no {reference.entity} we know.")
                )
                del values[remote_id]
    for part in work.mapping.pulled_lists:
        for reference in part.element.references:
            _resolve_inside(work, reference, [row[part.column] for row in values.values()])
    return letters


def _resolve_inside(work: Work, reference: BoundReference, lists: Sequence[list[Flat]]) -> None:
    """Local ids in the elements of lists; what is not known here is nobody's."""
    column = reference.column
    wanted = sorted({element[column] for elements in lists for element in elements if element[column] is not None})
    known = ledger.local_ids(work.conn, work.connection.id, reference.entity, values=wanted, pick=reference.pick)
    for elements in lists:
        for element in elements:
            element[column] = known.get(element[column]) if element[column] is not None else None


def _local_ids(work: Work, news: dict[str, News], values: dict[str, Flat]) -> dict[str, str]:
    """Remote id -> local id: the known one, else the one the row brings, else the one we once wrote into the object.

    Failing these, a row that was never synced and looks the same by the declared columns; else a new row.
    """
    names = {remote_id: n.entry.local_id for remote_id, n in news.items() if n.entry is not None}
    for remote_id in news.keys() - names.keys():
        if KEY in values[remote_id]:
            names[remote_id] = values[remote_id][KEY]
    signed = _signatures(work.mapping, {remote_id: n.remote for remote_id, n in news.items() if remote_id not in names})
    claims = sorted(set(signed.values()))
    there = rows.by_ids(work.conn, work.scope, claims) if claims else {}
    taken = ledger.by_local(work.conn, *work.key, ids=claims) if claims else {}
    for remote_id, claim in sorted(signed.items()):
        if claim in there and claim not in taken and claim not in names.values():
            names[remote_id] = claim
    for group in work.spec.match_on:
        names |= _matched(work, values, sorted(news.keys() - names.keys()), group, set(names.values()))
    return {remote_id: names.get(remote_id, remote_id) for remote_id in news}


def _matched(
    work: Work, values: dict[str, Flat], strangers: Sequence[str], columns: tuple[str, ...], named: set[str]
) -> dict[str, str]:
    """Remote id -> local id of rows that were never synced and have the same values in `columns`: one row, one object."""
    keys = {remote_id: rows.match_key(values[remote_id], columns) for remote_id in strangers}
    wanted = sorted({key for key in keys.values() if key is not None})
    if not wanted:
        return {}
    found = rows.matching(work.conn, work.scope, columns, wanted)
    every = sorted({local_id for ids in found.values() for local_id in ids})
    synced = ledger.by_local(work.conn, *work.key, ids=every)
    matched: dict[str, str] = {}
    for remote_id, key in keys.items():
        free = [i for i in found.get(key or "", ()) if i not in synced and i not in named]
        if free:
            matched[remote_id] = free[0]
            named.add(free[0])
    return matched


def _signatures(mapping: Mapping, remotes: dict[str, Remote]) -> dict[str, str]:
    """The local ids that pushes of ours wrote into these objects, by remote id, if the mapping has a place for them."""
    for part in mapping.pushed:
        if part.reads[:1] == (KEY,) and part.paths:
            found = pick_each([remote.record for remote in remotes.values()], part.paths[0])
            return {name: value for name, value in zip(remotes, found, strict=True) if isinstance(value, str)}
    return {}
