"""What is known about a list's members without looking at each: how many there are, who has a tag, who is who."""

from collections import Counter, defaultdict

from sync_sims.mailchimp.shelf import Row, Shelf


class Rosters:
    """Counts and indexes over the members of all lists, kept up with every change."""

    def __init__(self, members: Shelf) -> None:
        self._statuses: dict[str, Counter[str]] = defaultdict(Counter)
        self._tagged: dict[str, dict[str, None]] = defaultdict(dict)
        self._contacts: dict[str, str] = {}
        members.watch(self._changed)

    def _changed(self, key: str, before: Row | None, after: Row | None) -> None:
        if before is not None:
            self._statuses[before["list_id"]][before["status"]] -= 1
            self._contacts.pop(f"{before['list_id']}/{before['contact_id']}", None)
            for segment in before["tags"]:
                self._tagged[f"{before['list_id']}/{segment}"].pop(key, None)
        if after is not None:
            self._statuses[after["list_id"]][after["status"]] += 1
            self._contacts[f"{after['list_id']}/{after['contact_id']}"] = key
            for segment in after["tags"]:
                self._tagged[f"{after['list_id']}/{segment}"][key] = None

    def counts(self, list_id: str) -> Counter[str]:
        """How many members of the list have each status."""
        return self._statuses[list_id]

    def tagged(self, segment_key: str) -> list[str]:
        """The keys of the members in a static segment, "list/segment"."""
        return list(self._tagged.get(segment_key, ()))

    def size(self, segment_key: str) -> int:
        """How many members are in a static segment."""
        return len(self._tagged.get(segment_key, ()))

    def of_contact(self, list_id: str, contact_id: str) -> str | None:
        """The key of the member with this contact id."""
        return self._contacts.get(f"{list_id}/{contact_id}")
