"""A clock that moves by hand, a local keyring, and a KMS that speaks the real protocol over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3.session
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from sync_core.vault.local import LocalKeyring


class HandClock:
    """A clock whose seconds pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def local_keyring(tmp_path: Path) -> LocalKeyring:
    return LocalKeyring(tmp_path / "master.key", environment="development")


@pytest.fixture
def moto_server() -> Iterator[ThreadedMotoServer]:
    """A KMS on 127.0.0.1 that a test may stop and start again."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """host, port -> a boto3 KMS client that gives up at once; closed after the test."""
    with ExitStack() as clients:

        def make(host: str, port: int, read_timeout: float = 10) -> Any:
            config = Config(connect_timeout=2, read_timeout=read_timeout, retries={"total_max_attempts": 1})
            client = boto3.session.Session().client(
                "kms",
                region_name="eu-central-1",
                endpoint_url=f"http://{host}:{port}",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=config,
            )
            clients.callback(client.close)
            return client

        yield make


@pytest.fixture
def kms_client(moto_server: ThreadedMotoServer, connect: Callable[..., Any]) -> Any:
    return connect(*moto_server.get_host_and_port())


@pytest.fixture
def kms_key_id(kms_client: Any) -> str:
    return kms_client.create_key(Description="venue-sync tests")["KeyMetadata"]["KeyId"]


@pytest.fixture
def failing_kms(connect: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """status, code -> a client of a KMS that answers every request with this error."""
    with ExitStack() as servers:

        def make(status: int, code: str) -> Any:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(status, code))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.server_close)
            servers.callback(server.shutdown)
            return connect("127.0.0.1", server.server_address[1])

        yield make


@pytest.fixture
def silent_kms(connect: Callable[..., Any]) -> Iterator[Any]:
    """A client of a KMS that takes the request and never answers."""
    done = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            done.wait(30)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield connect("127.0.0.1", server.server_address[1], 0.3)
    done.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _answering(status: int, code: str) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"__type": code, "message": "User: arn:aws:iam::111122223333:user/ops is not"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
            pass

    return Answering
