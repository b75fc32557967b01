"""Square customer profiles: bulk writes of up to 100, found again by reference_id.

Stays true: an update names the version it was made for; a profile that is another version by then is not written, and
comes back as it is now.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sync_core.errors import OutcomeUnknown, Told, TransientError
from sync_core.providers.bodies import holds, nest
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import (
    STALE,
    Error,
    Refused,
    SquareCalls,
    code_in,
    errors_in,
    family_in,
    is_passing,
    said_in,
)
from sync_core.providers.square.fetching import in_batches
from sync_core.providers.square.refusals import refused, refused_entry, refused_whole
from sync_core.providers.square.windows import Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(seconds=300)
"""New and changed profiles reach the search within a minute as a rule, later in incidents (spec of SearchCustomers)."""
_PAGE_SIZE = 100
_SLACK = timedelta(seconds=60)


class Customers:
    """The customer directory of one seller. Deleted profiles vanish from search; only webhooks tell of them."""

    def __init__(self, calls: SquareCalls) -> None:
        self._calls = calls

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of profiles changed since `cursor`."""

        def fetch(since: Any, page: str | None) -> Shown:
            body: dict[str, Any] = {"limit": _PAGE_SIZE}
            if since is not None:
                body["query"] = {"filter": {"updated_at": {"start_at": stamp(since)}}}
            if page is not None:
                body["cursor"] = page
            answer = self._calls.post("/v2/customers/search", body)
            records = [_remote(found) for found in answer.get("customers", ())]
            return Shown(records, answer.get("cursor") or None, newest_of(records))

        return read_window(fetch, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these profiles that there are."""
        found: dict[str, Remote] = {}
        for some in in_batches(ids, _PAGE_SIZE):
            found |= {one: _remote(profile) for one, profile in self._current(some).items()}
        return found

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch by one bulk request (an update of addresses reads first)."""
        doors = {"create": self._create, "update": self._update, "delete": self._delete}
        try:
            return doors[batch.operation](batch.writes)
        except Refused as exc:
            return refused_whole(batch.writes, exc)

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By reference_id: first among the newest profiles, then by search, whose index may lag by a minute."""
        local_ids = {_reference(one.fields, one.local_id): one.local_id for one in sought}
        earliest = min(one.written_after for one in sought) - _SLACK
        found: dict[str, Remote] = {}
        for customer in self._newest():
            created = parsed(customer.get("created_at"))
            if len(found) == len(local_ids) or (created is not None and created < earliest):
                break
            if customer.get("reference_id") in local_ids:
                found[local_ids[customer["reference_id"]]] = _remote(customer)
        for reference, local_id in local_ids.items():
            if local_id not in found:
                query = {"filter": {"reference_id": {"exact": reference}}}
                answer = self._calls.post("/v2/customers/search", {"limit": 1, "query": query})
                matches = answer.get("customers", ())
                if matches:
                    found[local_id] = _remote(matches[0])
        return found

    def _newest(self) -> Iterator[Mapping[str, Any]]:
        page: str | None = None
        while True:
            answer = self._calls.get(
                "/v2/customers", limit=_PAGE_SIZE, sort_field="CREATED_AT", sort_order="DESC", cursor=page
            )
            yield from answer.get("customers", ())
            following = answer.get("cursor") or None
            if following is None or following == page:
                return
            page = following

    def _create(self, writes: Sequence[Write]) -> list[Outcome]:
        bodies = {
            write.key: {
                "reference_id": _reference(write.fields, write.local_id),
                **nest({path: value for path, value in write.fields.items() if value is not None}),
            }
            for write in writes
        }
        answers = self._calls.post("/v2/customers/bulk-create", {"customers": bodies})["responses"]
        return [_outcome(write, answers.get(write.key, {})) for write in writes]

    def _update(self, writes: Sequence[Write]) -> list[Outcome]:
        outcomes = {write.local_id: _unknown(write) for write in writes if write.remote_id is None}
        known = {write.remote_id: write for write in writes if write.remote_id is not None}
        current = self._current([one for one, write in known.items() if _touches_address(write)])
        stale = {one for one, profile in current.items() if _is_newer(profile, known[one])}
        bodies = {one: _change(write, current.get(one)) for one, write in known.items() if one not in stale}
        answers: Mapping[str, Any] = {}
        if bodies:
            answers = self._calls.post("/v2/customers/bulk-update", {"customers": bodies})["responses"]
        stale |= {one for one in bodies if code_in(errors_in(answers.get(one, {}))) in STALE}
        outcomes |= {known[one].local_id: _outcome(known[one], answers.get(one, {})) for one in bodies.keys() - stale}
        current |= self._current([one for one in stale if one not in current])
        outcomes |= {known[one].local_id: _overtaken(known[one], current.get(one)) for one in stale}
        return [outcomes[write.local_id] for write in writes]

    def _current(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The profiles as they are now, by id; one that is gone is left out."""
        if not ids:
            return {}
        answers = self._calls.post("/v2/customers/bulk-retrieve", {"customer_ids": list(ids)})["responses"]
        return {one: answer["customer"] for one, answer in answers.items() if "customer" in answer}

    def _delete(self, writes: Sequence[Write]) -> list[Outcome]:
        known = [write.remote_id for write in writes if write.remote_id is not None]
        answers: Mapping[str, Any] = {}
        if known:
            answers = self._calls.post("/v2/customers/bulk-delete", {"customer_ids": known})["responses"]
        return [_farewell(write, errors_in(answers.get(write.remote_id or "", {}))) for write in writes]


def _remote(found: Mapping[str, Any]) -> Remote:
    return Remote(
        id=found["id"],
        record=found,
        state={"version": found.get("version")},
        updated_at=parsed(found.get("updated_at")),
    )


def _reference(fields: Mapping[str, Json], local_id: str) -> str:
    return str(fields.get("reference_id") or local_id)


def _is_newer(profile: Mapping[str, Any], write: Write) -> bool:
    """Whether the profile is another version than the one that the write was made for."""
    version = write.remote_state.get("version")
    return version is not None and profile.get("version") != version


def _overtaken(write: Write, profile: Mapping[str, Any] | None) -> Outcome:
    if profile is None:
        return refused(write, "NOT_FOUND", "Square has no such customer any more; it was deleted there.")
    if holds(profile, write.fields):
        # Our own write, whose answer was lost: an update of a profile has no idempotency key.
        return Outcome(local_id=write.local_id, remote=_remote(profile))
    return Outcome(local_id=write.local_id, overtaken=_remote(profile))


def _touches_address(write: Write) -> bool:
    return any(path.startswith("address.") for path in write.fields)


def _change(write: Write, current: Mapping[str, Any] | None) -> dict[str, Any]:
    """A sparse update: what is not sent stays, null clears (spec of UpdateCustomer)."""
    body = nest(write.fields)
    version = write.remote_state.get("version")
    if current is not None:
        version = current.get("version")
        if _touches_address(write):
            # The spec leaves open whether an address is merged or replaced; the whole of it is right either way.
            body["address"] = {**current.get("address", {}), **body["address"]}
    return body if version is None else {**body, "version": version}


def _outcome(write: Write, answer: Mapping[str, Any]) -> Outcome:
    if "customer" in answer:
        return Outcome(local_id=write.local_id, remote=_remote(answer["customer"]))
    errors = errors_in(answer)
    _raise_unsettled(errors)
    return refused_entry(write, errors)


def _farewell(write: Write, errors: Sequence[Error]) -> Outcome:
    if write.remote_id is None:
        return _unknown(write)
    _raise_unsettled(errors)
    if errors and code_in(errors) != "NOT_FOUND":
        return refused_entry(write, errors)
    return Outcome(
        local_id=write.local_id, remote=Remote(id=write.remote_id, record={"id": write.remote_id}, deleted=True)
    )


def _raise_unsettled(errors: Sequence[Error]) -> None:
    if code_in(errors) == "IDEMPOTENCY_KEY_REUSED":
        raise OutcomeUnknown("Square saw another customer under the key of one to be created; look them up first.")
    # The others of the bulk are done; the same keys, versions and ids make it harmless to do them again.
    if is_passing(errors):
        raise TransientError(
            f"Square could not write a customer ({said_in(errors)}); the batch may be repeated later.",
            told=Told("square", None, code_in(errors), family_in(errors)),
        )


def _unknown(write: Write) -> Outcome:
    return refused(write, "NO_REMOTE_ID", "The record has no id at Square yet; it must be created first.")
