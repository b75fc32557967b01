"""A member as the API shows it.

Recorded answers leave out what a list does not use (interest groups, marketing permissions, notes), and write an empty
string where other services write null.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.shelf import Row

_INNER = frozenset({"tags", "merge_fields", "barred", "location", "unsubscribe_reason"})
_LOCATION = {
    "latitude": 0,
    "longitude": 0,
    "gmtoff": 0,
    "dstoff": 0,
    "country_code": "",
    "timezone": "",
    "region": "",
}
MOST_TAGS = 50


class MemberView:
    """Shows members of one list; what they share is looked up once."""

    def __init__(self, call: Call, list_id: str) -> None:
        self._call = call
        self._list_id = list_id
        self._blank = {row["tag"]: "" for row in call.books.merge_fields.family(list_id).values()}
        self._currency = next(
            (store["currency_code"] for store in call.books.stores.rows.values() if store["list_id"] == list_id), "USD"
        )

    def __call__(self, row: Row) -> Row:
        """One member."""
        values = {tag: row["merge_fields"].get(tag, "") for tag in self._blank}
        answer = {name: value for name, value in row.items() if name not in _INNER}
        answer["full_name"] = " ".join(str(values[tag]) for tag in ("FNAME", "LNAME") if values.get(tag))
        answer["merge_fields"] = values
        answer["location"] = {**_LOCATION, **row["location"]}
        answer["stats"] = {
            "avg_open_rate": 0,
            "avg_click_rate": 0,
            "ecommerce_data": {"total_revenue": 0, "number_of_orders": 0, "currency_code": self._currency},
        }
        answer["tags_count"] = len(row["tags"])
        answer["tags"] = [self._tag(segment) for segment in list(row["tags"])[:MOST_TAGS]]
        if row["status"] == "unsubscribed":
            answer["unsubscribe_reason"] = row["unsubscribe_reason"]
        return self._call.linked(answer, f"/lists/{self._list_id}/members/{row['id']}", "Lists/Members")

    def _tag(self, segment: str) -> Row:
        named = self._call.books.segments.rows[f"{self._list_id}/{segment}"]
        return {"id": named["id"], "name": named["name"]}
