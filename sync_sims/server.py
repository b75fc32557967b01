"""HTTP in front of simulators: a bare ASGI application on uvicorn, one event loop for all.

The order at the door is the providers' own: the request is counted, then limited, then handled; faults happen between.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sync_sims.calls import Calls
from sync_sims.control import PREFIX, Control
from sync_sims.faults import Fault, Faults
from sync_sims.limits import Limiter
from sync_sims.messenger import Messenger
from sync_sims.wire import Request, Response, Simulator

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
_DROP = "sync_sims.drop"
_LAST_WORDS = 2.0


def app_for(
    simulator: Simulator, *, faults: Faults, limits: Limiter, calls: Calls, messenger: Messenger
) -> Application:
    """The ASGI application that serves one simulator and its control endpoints."""
    control = Control(simulator, faults=faults, limiter=limits, calls=calls, messenger=messenger)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body_of(receive)
        if body is None:
            return
        request = _request(scope, body)
        if request.path.startswith(PREFIX):
            await _answer(send, control.answer(request))
            return
        account = simulator.account_of(request)
        endpoint = simulator.endpoint(request)
        source = request.headers.get("x-request-source", "")
        calls.count(account, endpoint, write=simulator.is_write(request), source=source)
        reason = limits.take(account, endpoint)
        if reason is not None:
            calls.answered(account, 429)
            await _answer(send, simulator.throttled(reason))
            return
        limits.begin(account)
        try:
            await admitted(request, account, scope, send)
        finally:
            limits.end(account)

    async def admitted(request: Request, account: str | None, scope: Scope, send: Send) -> None:
        plan = faults.plan(request, account)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        for edit in plan.edits:
            if account is not None and edit.collection is not None:
                simulator.seed(account, edit.collection, edit.rows)
        if plan.fault is not None and plan.fault.kind in _CONNECTION_FAULTS:
            await _break(simulator, request, fault=plan.fault, scope=scope, send=send)
            return
        response = simulator.handle(request) if plan.fault is None else await _spoilt(simulator, request, plan.fault)
        calls.answered(account, response.status)
        await _answer(send, response)

    return _telling(application, messenger)


def _telling(application: Application, messenger: Messenger) -> Application:
    """The application, and after each request the webhooks of what it changed."""

    async def telling(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        finally:
            messenger.notice()

    return telling


_CONNECTION_FAULTS = frozenset({"drop_before", "drop_after", "half_answer"})


async def _spoilt(simulator: Simulator, request: Request, fault: Fault) -> Response:
    """The answer of a request that an error or lateness befalls."""
    match fault.kind:
        case "throttle":
            return simulator.throttled("account")
        case "refuse":
            return simulator.refused(request, fault.body)
        case "late_answer":
            response = simulator.handle(request)
            await asyncio.sleep(fault.seconds)
            return response
        case "error_after":
            response = simulator.handle(request)
            if response.status >= 400:
                return response
            failure = simulator.failed(fault.status)
            simulator.overrule(request, failure)
            return failure
        case _:
            failure = simulator.failed(fault.status)
            return failure if fault.body is None else Response(fault.status, fault.body, failure.headers)


async def _break(simulator: Simulator, request: Request, *, fault: Fault, scope: Scope, send: Send) -> None:
    """Close the connection before an answer, or in the middle of it."""
    if fault.kind != "drop_before":
        response = simulator.handle(request)
        if fault.kind == "half_answer":
            payload = _payload(response)
            await send(
                {"type": "http.response.start", "status": response.status, "headers": _headers(response, payload)}
            )
            await send({"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True})
    scope["extensions"][_DROP]["now"]()
    # The transport reports its end on a later turn of the loop; until then uvicorn would answer 500 for us.
    await asyncio.sleep(0.01)


async def _body_of(receive: Receive) -> bytes | None:
    """The whole request body; None when the client went away first."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Request:
    query = scope["query_string"]
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=tuple(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else (),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


def _payload(response: Response) -> bytes:
    if response.body is None:
        return b""
    return response.body if isinstance(response.body, bytes) else orjson.dumps(response.body)


def _headers(response: Response, payload: bytes) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-length", str(len(payload)).encode())]
    if "content-type" not in response.headers:
        headers.append((b"content-type", b"application/json"))
    headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items())
    return headers


async def _answer(send: Send, response: Response) -> None:
    payload = _payload(response)
    await send({"type": "http.response.start", "status": response.status, "headers": _headers(response, payload)})
    await send({"type": "http.response.body", "body": payload})


class _Connection(HttpToolsProtocol):
    """A connection that the application can drop, which ASGI has no word for, and that logs no requests.

    uvicorn's own switch for the access log changes the logger of the whole process, which is not ours to change.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.access_log = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_DROP: {"now": self.transport.close}}


class _Server(uvicorn.Server):
    """A server that says when it listens, stops at once when told to, and leaves signals to whoever runs it.

    uvicorn itself looks every tenth of a second whether it should stop, and waits as long again before it does:
    too long for a test suite that starts a server per test.
    """

    def __init__(self, config: uvicorn.Config, *, listening: threading.Event, messenger: Messenger) -> None:
        super().__init__(config)
        self.messenger = messenger
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self._listening.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = asyncio.get_running_loop().time() + _LAST_WORDS
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)
            if asyncio.get_running_loop().time() > deadline:
                break
        for task in self.server_state.tasks:
            task.cancel()
        for listener in sockets or []:
            listener.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """End the main loop; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


def _server_for(simulator: Simulator, listening: threading.Event) -> _Server:
    messenger = Messenger(simulator)
    application = app_for(
        simulator, faults=Faults(), limits=Limiter(simulator.limits), calls=Calls(), messenger=messenger
    )
    config = uvicorn.Config(
        application,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        # Longer than any test pauses: a connection closed while idle would look like an injected fault.
        timeout_keep_alive=300,
    )
    return _Server(config, listening=listening, messenger=messenger)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def running(simulator: Simulator, *, port: int = 0) -> Iterator[str]:
    """Serve the simulator in a thread of this process and yield its base address, "http://127.0.0.1:PORT".

    Raises:
        OSError: The port is taken.
        RuntimeError: The server ended before it listened.
    """
    listener = _listen(port)
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    listening = threading.Event()
    server = _server_for(simulator, listening)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"{simulator.name}-simulator")
    thread.start()
    try:
        while not listening.wait(0.5):
            if not thread.is_alive():
                raise RuntimeError(f"The {simulator.name} simulator ended before it listened; see its traceback.")
        yield address
    finally:
        server.stop()
        thread.join()
        listener.close()
        server.messenger.close()
        simulator.close()


def serve(simulators: Mapping[str, tuple[Simulator, int]]) -> None:
    """Serve several simulators, each on its port, on one event loop until SIGTERM or SIGINT; blocks.

    Raises:
        OSError: A port is taken.
    """
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(_listen(port)) for _, port in simulators.values()]
        servers = [_server_for(simulator, threading.Event()) for simulator, _ in simulators.values()]
        for server, (simulator, _) in zip(servers, simulators.values(), strict=True):
            stack.callback(simulator.close)
            stack.callback(server.messenger.close)
        with asyncio.Runner(loop_factory=servers[0].config.get_loop_factory()) as runner:
            runner.run(_serve_all(servers, listeners))


async def _serve_all(servers: list[_Server], listeners: list[socket.socket]) -> None:
    def stop() -> None:
        for server in servers:
            server.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(
        *(server.serve(sockets=[listener]) for server, listener in zip(servers, listeners, strict=True))
    )
