"""A guest list at the door, as a service over HTTP: the provider that nobody has declared yet.

It has what most providers have in some form: keys, pages of changes, idempotent creates, partial updates, deletions
that can be read, and a rule of its own (no guest without a name). Stays true: it shares nothing with the client in
docs/how-to/add-a-provider.md.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

Guest = dict[str, Any]
Answer = tuple[int, Any]
TOKEN = "gl_door_1"
PER_PAGE = 2


@dataclass(slots=True)
class GuestList:
    """One account's guests by id. The next request with the method `lose_answer_to` is carried out, and the connection breaks."""

    guests: dict[str, Guest] = field(default_factory=dict[str, Guest])
    lose_answer_to: str | None = None
    answered: dict[str, Answer] = field(default_factory=dict[str, Answer])
    revision: int = 0

    def write(self, name: str, **values: Any) -> Guest:
        """Change a guest, or let one in, as a person at the door does."""
        self.revision += 1
        guest = self.guests.setdefault(name, {"id": name, "removed": False})
        guest.update(values, revision=self.revision, changed_at=datetime.now(UTC).isoformat())
        return guest

    def answer(self, method: str, target: str, *, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        """What the service says: status and body."""
        place = urlsplit(target)
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "unknown token"}
        match method, place.path:
            case "GET", "/account":
                return 200, {"id": "door-1", "name": "Front door"}
            case "GET", "/guests":
                return 200, self._listed(dict(parse_qsl(place.query)))
            case "POST", "/guests":
                key = headers.get("Idempotency-Key", "")
                if key not in self.answered:
                    self.answered[key] = self._let_in(body)
                return self.answered[key]
            case _:
                return self._changed(method, place.path.removeprefix("/guests/"), body)

    def _changed(self, method: str, name: str, body: Mapping[str, Any]) -> Answer:
        guest = self.guests.get(name)
        if guest is None or guest["removed"]:
            return 404, {"error": "no such guest"}
        if method == "GET":
            return 200, guest
        if method == "DELETE":
            return 200, self.write(guest["id"], removed=True)
        patched = _merged(guest, body)
        guest.clear()
        return 200, self.write(patched["id"], **patched)

    def _listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        if "reference" in query:
            found = [g for g in self.guests.values() if g.get("reference") == query["reference"] and not g["removed"]]
        else:
            changed = [g for g in self.guests.values() if g["revision"] > int(query["after"])]
            found = sorted(changed, key=lambda guest: guest["revision"])
        return {"guests": found[:PER_PAGE], "more": len(found) > PER_PAGE}

    def _let_in(self, body: Mapping[str, Any]) -> Answer:
        if not body.get("first_name") and not body.get("last_name"):
            return 422, {"error": "a guest needs a name"}
        return 201, self.write(f"guest-{len(self.guests) + 1}", **_merged({}, body))


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396): objects are merged, null takes a value away."""
    nested = {name: _merged(old.get(name) or {}, part) for name, part in patch.items() if isinstance(part, dict)}
    return {name: value for name, value in ({**old, **patch, **nested}).items() if value is not None}


@contextmanager
def serving(guest_list: GuestList) -> Iterator[str]:
    """The service's address while it runs, with one request at a time inside."""
    turn = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = orjson.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            with turn:
                status, said = guest_list.answer(self.command, self.path, headers=dict(self.headers), body=body)
                if guest_list.lose_answer_to == self.command:
                    guest_list.lose_answer_to = None
                    self.close_connection = True
                    return
            payload = orjson.dumps(said)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the server calls them by these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the server
            """Nobody reads the door's log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="guest-list")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
