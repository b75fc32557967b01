"""Writing the catalog: one object or batches of them, each batch wholly or not at all; deleting with all children.

Sources: descriptions of BatchUpsertCatalogObjects, DeleteCatalogObject and BatchDeleteCatalogObjects in Square's
specification; the texts of refusals are those of recorded answers.
"""

from datetime import timedelta
from typing import Any

from sync_sims.square.books import Books
from sync_sims.square.call import Call
from sync_sims.square.catalog_drafts import Draft, check_counts, read_draft
from sync_sims.square.catalog_rows import build_row, references
from sync_sims.square.catalog_shelf import FAMILIES, PARENTS
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import Refused, error, not_found
from sync_sims.square.replay import Answer, once
from sync_sims.square.shelf import Row
from sync_sims.square.timestamps import of_milliseconds

OBJECTS_PER_BATCH = 1000
OBJECTS_PER_REQUEST = 10_000
IDS_PER_DELETE = 200
_LONGEST_KEY = 128


def enter(call: Call) -> None:
    """Take the seller's catalog for writing.

    Raises:
        Refused: 429 RATE_LIMITED: another write holds it.
    """
    busy_until = call.books.catalog_busy_until
    if busy_until is not None and call.now < busy_until:
        detail = "Another catalog update of this seller is being processed."
        raise Refused(429, error("RATE_LIMITED", detail, category="RATE_LIMIT_ERROR"))
    call.books.catalog_busy_until = call.now + timedelta(seconds=call.terms.catalog_write_seconds)


def upsert_object(call: Call) -> Answer:
    """POST /v2/catalog/object."""
    enter(call)
    return once(call, lambda: _upsert_object(call), longest=_LONGEST_KEY)


def _upsert_object(call: Call) -> Answer:
    draft = read_draft(call.body.needed_inner("object"))
    written, mappings = write_batch(call, [draft], version=call.books.catalog.next_version(call.now))
    return _with_mappings({"catalog_object": written[0]}, mappings)


def batch_upsert(call: Call) -> Answer:
    """POST /v2/catalog/batch-upsert."""
    enter(call)
    return once(call, lambda: _batch_upsert(call), longest=_LONGEST_KEY)


def _batch_upsert(call: Call) -> Answer:
    call.body.needed_array("batches")
    batches = [
        (batch.path("objects"), [read_draft(given) for given in _needed_objects(batch)])
        for batch in call.body.objects("batches")
    ]
    check_counts(batches, per_batch=OBJECTS_PER_BATCH, per_request=OBJECTS_PER_REQUEST)
    version = call.books.catalog.next_version(call.now)
    objects: list[Row] = []
    mappings: dict[str, str] = {}
    refusals: list[Refused] = []
    for _, drafts in batches:
        try:
            written, mapped = write_batch(call, drafts, version=version)
        except Refused as refusal:
            refusals.append(refusal)
            continue
        objects.extend(written)
        mappings.update(mapped)
    if refusals and not objects:
        raise refusals[0]
    answer = _with_mappings({"objects": objects, "updated_at": of_milliseconds(version)}, mappings)
    return {**answer, "errors": [refusal.error for refusal in refusals]} if refusals else answer


def _needed_objects(batch: Fields) -> list[Fields]:
    batch.needed_array("objects")
    return batch.objects("objects")


def _with_mappings(answer: dict[str, Any], mappings: dict[str, str]) -> Answer:
    if not mappings:
        return answer
    pairs = [{"client_object_id": sent, "object_id": given} for sent, given in mappings.items()]
    return {**answer, "id_mappings": pairs}


def write_batch(call: Call, drafts: list[Draft], *, version: int) -> tuple[list[Row], dict[str, str]]:
    """Write one batch; returns the objects named at its top level, as shown, and temporary ids with Square's.

    Raises:
        Refused: An object is stale, unknown, refers to nothing, or an item would have no variation.
    """
    books = call.books
    everyone = [member for draft in drafts for member in draft.family()]
    ids = _assign_ids(call, everyone)
    for member in everyone:
        _check_version(call, member)
    stamp = of_milliseconds(version)
    rows = [build_row(member, ids=ids, version=version, stamp=stamp, books=books) for member in everyone]
    _check_references(books, rows)
    orphans = _left_out(books, drafts, ids)
    _check_items(books, rows, orphans)
    for row in rows:
        books.put(books.catalog, row["id"], row)
    for orphan in orphans:
        _delete(books, orphan, version=version)
    shown = [books.catalog.shown(books.catalog.rows[ids.get(draft.sent_id, draft.sent_id)]) for draft in drafts]
    return shown, {sent: given for sent, given in ids.items() if sent.startswith("#")}


def _assign_ids(call: Call, everyone: list[Draft]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for member in everyone:
        if member.sent_id in ids:
            raise _refused("INVALID_VALUE", f"Duplicate object ID {member.sent_id}.")
        is_new = member.sent_id.startswith("#")
        ids[member.sent_id] = call.identifiers.catalog(call.books.catalog.rows) if is_new else member.sent_id
    return ids


def _check_version(call: Call, member: Draft) -> None:
    """An existing object is only written by who knows its version; the answer does not say which one was stale."""
    if member.sent_id.startswith("#"):
        return
    row = call.books.catalog.living(member.sent_id)
    if row is None:
        detail = (
            f"Invalid Object with Id: {member.sent_id} [object_id={member.sent_id}]\n"
            f"Received request to update nonexistent object {member.sent_id}."
        )
        raise Refused(404, error("NOT_FOUND", detail), binds_key=True)
    if row["type"] != member.kind:
        raise _refused("INVALID_VALUE", f"Object `{member.sent_id}` is of type {row['type']}, not {member.kind}.")
    if member.given.values.get("version") != row["version"]:
        detail = "Object version does not match latest database version."
        status = call.terms.version_conflict_status
        raise Refused(status, error("VERSION_MISMATCH", detail, field="version"), binds_key=True)


def _check_references(books: Books, rows: list[Row]) -> None:
    written = {row["id"] for row in rows}
    for row in rows:
        for referred in references(row):
            if referred not in written and books.catalog.living(referred) is None:
                detail = f"Object `{row['id']}` of type {row['type']} references unknown object {referred}"
                raise _refused("INVALID_VALUE", detail)
        parent = PARENTS.get(row["type"])
        if parent is not None and parent.parent_id not in row[parent.child_data]:
            raise _refused("INVALID_VALUE", f"Object `{row['id']}` of type {row['type']} has no {parent.parent_id}.")


def _left_out(books: Books, drafts: list[Draft], ids: dict[str, str]) -> list[Row]:
    """The children that a whole-object write no longer names; naming them at the top level keeps them."""
    orphans: list[Row] = []
    for draft in drafts:
        if draft.kind in FAMILIES and not draft.sent_id.startswith("#"):
            orphans.extend(child for child in books.catalog.children(draft.sent_id) if child["id"] not in ids)
    return orphans


def _check_items(books: Books, rows: list[Row], orphans: list[Row]) -> None:
    """Every item written, and every item that loses a variation, keeps at least one."""
    gone = {orphan["id"] for orphan in orphans}
    with_variations = {row["item_variation_data"]["item_id"] for row in rows if row["type"] == "ITEM_VARIATION"}
    for row in rows:
        if row["type"] != "ITEM" or row["id"] in with_variations:
            continue
        if all(child["id"] in gone for child in books.catalog.children(row["id"])):
            detail = (
                f"Item with name {row['item_data']['name']} and token {row['id']} must have at least one variation."
            )
            raise Refused(400, error("BAD_REQUEST", detail))


def _refused(code: str, detail: str) -> Refused:
    return Refused(400, error(code, detail), binds_key=True)


def delete_object(call: Call) -> Answer:
    """DELETE /v2/catalog/object/{id}."""
    enter(call)
    row = call.books.catalog.living(call.ids[0])
    if row is None:
        raise not_found(f"Catalog object with ID `{call.ids[0]}` not found.")
    version = call.books.catalog.next_version(call.now)
    return {
        "deleted_object_ids": _delete(call.books, row, version=version),
        "deleted_at": of_milliseconds(version),
    }


def batch_delete(call: Call) -> Answer:
    """POST /v2/catalog/batch-delete; ids that are unknown or deleted already are passed over."""
    enter(call)
    call.body.needed_array("object_ids", most=IDS_PER_DELETE)
    version = call.books.catalog.next_version(call.now)
    deleted: list[str] = []
    for object_id in call.body.texts("object_ids") or ():
        row = call.books.catalog.living(object_id)
        if row is not None:
            deleted.extend(_delete(call.books, row, version=version))
    if not deleted:
        return {}
    return {"deleted_object_ids": deleted, "deleted_at": of_milliseconds(version)}


def _delete(books: Books, row: Row, *, version: int) -> list[str]:
    """Delete an object and its children; returns their ids."""
    children = list(books.catalog.children(row["id"])) if row["type"] in FAMILIES else []
    for doomed in (row, *children):
        gone = {**doomed, "is_deleted": True, "version": version, "updated_at": of_milliseconds(version)}
        books.put(books.catalog, doomed["id"], gone)
    return [row["id"], *(child["id"] for child in children)]
