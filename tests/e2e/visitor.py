"""Somebody with a token at the doors, and a browser: everything that the API ever answers is kept for the search of secrets."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import requests

from benchmarks.doors import Doors, until

V1 = "/api/v1/integrations"


@dataclass(slots=True)
class Visitor:
    """Asks the API in the name of one person or key. `heard` is every answer, head and body."""

    doors: Doors
    token: str = field(repr=False)
    heard: list[str] = field(default_factory=list[str])

    def ask(self, method: str, path: str, **body: Any) -> requests.Response:
        """One request, whatever its answer."""
        query, content = (body, None) if method == "GET" else ({}, body)
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.doors.address}{V1}{path}"
        answer = requests.request(method, url, params=query, json=content, headers=headers, timeout=60)
        self.heard.append(f"{answer.headers}\n{answer.text}")
        return answer

    def data(self, method: str, path: str, **body: Any) -> Any:
        """What a good answer says."""
        answer = self.ask(method, path, **body)
        assert answer.status_code < 300, answer.text
        return answer.json().get("data")

    def refusal(self, method: str, path: str, **body: Any) -> str:
        """The code of an answer that is none."""
        answer = self.ask(method, path, **body)
        assert answer.status_code >= 400, answer.text
        return answer.json()["code"]

    def make_a_key(self, venue: str) -> None:
        """An API key, which is shown this once; whoever asks with it from then on is the key."""
        made = self.data("POST", "/api-keys", venueId=venue, name="till", scopes=["connections:read", "mappings:read"])
        key: str = made["key"]
        self.doors.secrets["API key"] = key.split("_", 2)[2]
        self.heard[-1] = self.heard[-1].replace(key, "")
        with_key = Visitor(self.doors, key, self.heard)
        assert len(with_key.data("GET", "", venueId=venue)) == len(self.data("GET", "", venueId=venue))

    def page(self, provider: str, venue: str, *, environment: str = "production") -> str:
        """The address at which a person lets us in."""
        answer = self.ask("POST", f"/connect/{provider}", venueId=venue, environment=environment)
        url: str = answer.json()["data"]["authUrl"]
        state = parse_qs(urlsplit(url).query)["state"][0]
        self.doors.secrets[f"{venue}/{provider}: state"] = state
        self.heard[-1] = self.heard[-1].replace(state, "")  # whom it is for may see it, this once
        return url

    def let_in(self, url: str, provider: str, venue: str, account: str) -> None:
        """The way of a person from the provider's page, by its button, back to us."""
        assert "<form" in requests.get(url, timeout=60).text
        pressed = dict(parse_qsl(urlsplit(url).query)) | {"decision": "allow", "account": account}
        back = requests.post(url.partition("?")[0], data=pressed, allow_redirects=False, timeout=60)
        assert back.status_code == 302, back.text
        address = back.headers["location"]
        self.doors.secrets[f"{venue}/{provider}: code"] = parse_qs(urlsplit(address).query)["code"][0]
        arrived = requests.get(address, headers={"Accept": "application/json"}, timeout=60)
        self.heard.append(f"{arrived.headers}\n{arrived.text}")
        assert arrived.json()["data"] == {"venueId": venue, "provider": provider}, arrived.text

    @contextlib.contextmanager
    def watching(self, venue: str) -> Iterator["Watch"]:
        """The progress of a venue's syncs as it is told by server-sent events."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.doors.address}{V1}/sync/progress"
        with requests.get(url, params={"venueId": venue}, headers=headers, stream=True, timeout=60) as stream:
            assert stream.status_code == 200
            watch = Watch(stream)
            until(lambda: bool(watch.states))
            yield watch
        watch.thread.join()
        self.heard.extend(watch.lines)


class Watch:
    """What a stream of progress has told so far."""

    def __init__(self, stream: requests.Response) -> None:
        self.lines: list[str] = []
        self.states: list[Any] = []
        self.thread = threading.Thread(target=self._read, args=(stream,))
        self.thread.start()

    def _read(self, stream: requests.Response) -> None:
        with contextlib.suppress(requests.RequestException, AttributeError):  # it was hung up on
            for told in stream.iter_lines(chunk_size=1):
                line: str = told.decode()
                self.lines.append(line)
                if line.startswith("data: "):
                    self.states.append(orjson.loads(line.removeprefix("data: ")))

    def statuses(self, ids: list[int]) -> dict[int, str]:
        """How these requests stood when one last heard of each."""
        return {one["id"]: one["status"] for state in self.states for one in state["requests"] if one["id"] in ids}
