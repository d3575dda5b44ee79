"""A second implementation of the session protocol, written from its specification alone.

It serves `keepline.v1.json` only, and knows nothing of Keepline's own code. Start it with
`python -m uvicorn keepline_server:app`; `Settings` names what the environment may say.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

import keepline_wire as wire
from keepline_applications import Both, Count, Echo
from keepline_connection import Connection
from keepline_registry import Registry
from keepline_session import ApplicationFactory, Settings

FORGET_EVERY_SECONDS = 0.05
LAST_WORDS_MS = 1000

settings = Settings.from_environment()
registry = Registry(settings)


def now_ms() -> float:
    """The time that all timers go by, in milliseconds."""
    return time.monotonic() * 1000


class Doorway:
    """All connections of this process, and how they are seen off."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.leaving = False

    def enter(self, connection: Connection) -> None:
        """Remember a connection; one that comes while the server leaves is told so."""
        self.connections.add(connection)
        if self.leaving:
            connection.go_away(0)

    async def see_off(self) -> None:
        """Let sessions end within the time for it, then say `bye` to those that stayed."""
        self.leaving = True
        if settings.grace_ms:
            for connection in list(self.connections):
                connection.go_away(settings.grace_ms)
            await self._wait_until_empty(settings.grace_ms)
        for connection in list(self.connections):
            connection.bye(wire.GOING_AWAY, "the server goes away", now_ms())
        await self._wait_until_empty(LAST_WORDS_MS)

    async def _wait_until_empty(self, within_ms: float) -> None:
        until = now_ms() + within_ms
        while self.connections and now_ms() < until:
            await asyncio.sleep(FORGET_EVERY_SECONDS)


doorway = Doorway()


def see_off_before_stopping() -> None:
    """Put the farewell before what uvicorn does on a signal."""
    loop = asyncio.get_running_loop()
    farewells: set[asyncio.Task[None]] = set()

    def wrap(number: signal.Signals) -> None:
        stop = signal.getsignal(number)

        async def farewell(frame: FrameType | None) -> None:
            await doorway.see_off()
            stop(number, frame)

        def on_signal(_: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(lambda: farewells.add(loop.create_task(farewell(frame))))

        signal.signal(number, on_signal)

    wrap(signal.SIGTERM)
    wrap(signal.SIGINT)


async def forget_now_and_then() -> None:
    """Give up sessions and tombstones whose time is over."""
    while True:
        await asyncio.sleep(FORGET_EVERY_SECONDS)
        registry.expire(now_ms())


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Forget while the server runs, and see everybody off before it stops."""
    see_off_before_stopping()
    forgetting = asyncio.create_task(forget_now_and_then())
    yield
    forgetting.cancel()


app = FastAPI(lifespan=lifespan)


async def read(socket: WebSocket, connection: Connection) -> None:
    """Hand over what comes until either side closes."""
    while not connection.closing:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        connection.receive(message.get("text"), now_ms())


async def send_all(socket: WebSocket, connection: Connection) -> None:
    """Send the frames that are ready, and wait for a reader that is slow, but not forever."""
    while (frame := connection.next_frame(now_ms())) is not None:
        try:
            async with asyncio.timeout(settings.patience_ms / 1000):
                await socket.send_text(frame)
        except TimeoutError:
            connection.too_slow(now_ms())
            return


async def close(socket: WebSocket, connection: Connection) -> None:
    """Close as the protocol says; one that does not read is left to its fate."""
    with suppress(TimeoutError):
        async with asyncio.timeout(settings.hello_ms / 1000):
            await socket.close(connection.closing.code, connection.closing.reason)


async def write(socket: WebSocket, connection: Connection, changed: asyncio.Event) -> None:
    """Send whatever is ready or due until the connection is to be closed, and close it."""
    while True:
        changed.clear()
        connection.tick(now_ms())
        await send_all(socket, connection)
        if connection.closing:
            await close(socket, connection)
            return
        try:
            async with asyncio.timeout(max(0, connection.deadline() - now_ms()) / 1000):
                await changed.wait()
        except TimeoutError:
            continue


async def serve(socket: WebSocket, factory: ApplicationFactory) -> None:
    """Speak the protocol on one connection."""
    if wire.SUBPROTOCOL not in socket.scope["subprotocols"]:
        await socket.close()
        return
    await socket.accept(wire.SUBPROTOCOL)
    changed = asyncio.Event()
    connection = Connection(registry, socket.url.path, factory, settings, changed.set, now_ms())
    doorway.enter(connection)
    try:
        with suppress(WebSocketDisconnect):
            await converse(socket, connection, changed)
    finally:
        connection.lost(now_ms())
        doorway.connections.discard(connection)


async def converse(socket: WebSocket, connection: Connection, changed: asyncio.Event) -> None:
    """Read and write at once; what is closed from here is written to its end."""
    reader = asyncio.create_task(read(socket, connection))
    writer = asyncio.create_task(write(socket, connection, changed))
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if connection.closing:
            await writer
    finally:
        reader.cancel()
        writer.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)


@app.get("/health")
async def health() -> dict[str, int]:
    """Say that the server runs, and how much it holds."""
    return {
        "connections": len(doorway.connections),
        "sessions": registry.sessions,
        "tombstones": registry.tombstones,
    }


@app.websocket("/session")
@app.websocket("/session/echo")
async def echo(socket: WebSocket) -> None:
    """Every message comes back."""
    await serve(socket, Echo)


@app.websocket("/session/count")
async def count(socket: WebSocket, to: int = 0) -> None:
    """The server counts aloud."""
    await serve(socket, lambda: Count(to))


@app.websocket("/session/both")
async def both(socket: WebSocket, to: int = 0) -> None:
    """Numbered texts go both ways, and the server checks those that come."""
    await serve(socket, lambda: Both(to))
