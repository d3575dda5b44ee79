"""Stories of the session protocol against `keepline_server.py`: `python test_keepline_server.py`.

Ends with a line that counts, and with 0 only if every story went as the specification says.
"""

import asyncio
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from keepline_connection import Connection
from keepline_registry import Registry
from keepline_session import Session, Settings

HERE = Path(__file__).parent
ANSWER_WITHIN = 20.0
SUBPROTOCOL = "keepline.v1.json"
MESSAGE_BYTES = 256 * 1024
PATIENT: dict[str, str] = {}
HASTY = {
    "KEEPLINE_HOLD_MS": "300",
    "KEEPLINE_HELLO_MS": "400",
    "KEEPLINE_PING_MS": "200",
    "KEEPLINE_CLIENT_SILENCE_MS": "700",
    "KEEPLINE_MESSAGE_BYTES": "1024",
    "KEEPLINE_SESSIONS": "3",
}
CROWDED = {"KEEPLINE_DETACHED": "2"}
NARROW = {"KEEPLINE_WINDOW_MESSAGES": "100"}
SHORT_TRUST = {"KEEPLINE_PING_MS": "200", "KEEPLINE_EXPIRES_MS": "1000"}
LEAVING = {"KEEPLINE_GRACE_MS": "5000", "KEEPLINE_AFTER_MS": "70", "KEEPLINE_SPREAD_MS": "80"}

Record = dict[str, object]
Story = Callable[[str], Awaitable[None]]
STORIES: list[tuple[dict[str, str], Story]] = []


def story(environment: dict[str, str]) -> Callable[[Story], Story]:
    """Tell a story to a server with this environment."""

    def add(told: Story) -> Story:
        STORIES.append((environment, told))
        return told

    return add


def expect(got: object, wanted: object) -> None:
    """Fail if the server said something else."""
    if got != wanted:
        raise AssertionError(f"the server said {got!r}, not {wanted!r}")


class Raw:
    """A connection that says what it is told to, right or wrong."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._heard: list[Record] = []
        self.frames: list[str] = []

    async def say(self, *records: Record) -> None:
        """Send records in one frame."""
        await self.say_text(json.dumps(records))

    async def say_text(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        await self._socket.send(frame)

    async def hear(self) -> Record:
        """The next record, whatever it is."""
        while not self._heard:
            async with asyncio.timeout(ANSWER_WITHIN):
                frame = await self._socket.recv()
            self.frames.append(frame)
            self._heard.extend(json.loads(frame))
        return self._heard.pop(0)

    async def hear_of(self, *kinds: str) -> Record:
        """The next record of these types."""
        while (record := await self.hear())["type"] not in kinds:
            pass
        return record

    async def expect_close(self, code: int) -> str:
        """Read to the close, look at its code, and return the reason."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed as closed:
            expect(closed.rcvd.code if closed.rcvd else None, code)
            return closed.rcvd.reason

    async def expect_open(self) -> None:
        """Hear a `pong` to a `ping`."""
        await self.say({"type": "ping", "token": 77})
        expect(await self.hear_of("pong"), {"type": "pong", "token": 77})

    def cut(self) -> None:
        """Cut the TCP connection without a word."""
        self._socket.transport.abort()

    async def close(self) -> None:
        """Close without `end`."""
        await self._socket.close()


@asynccontextmanager
async def raw(server: str, path: str = "/session") -> AsyncIterator[Raw]:
    """A connection that has said nothing yet."""
    address = server.replace("http://", "ws://", 1) + path
    async with connect(address, subprotocols=[SUBPROTOCOL], max_size=None) as opened:
        expect(opened.subprotocol, SUBPROTOCOL)
        yield Raw(opened)


def hello(**members: object) -> Record:
    """The `hello` of a new session, with these members instead."""
    usual = {
        "type": "hello",
        "version": 1,
        "session": secrets.token_hex(16),
        "instance": secrets.token_hex(8),
        "attempt": 1,
        "received": 0,
        "messageBytes": MESSAGE_BYTES,
        "windowMessages": 4096,
        "windowBytes": 1024 * 1024,
    }
    return usual | members


def again(first: Record, epoch: str | None, **members: object) -> Record:
    """The next `hello` of the same session."""
    known = {"epoch": epoch} if epoch else {}
    return first | {"attempt": first["attempt"] + 1} | known | members


def text(number: int, body: str) -> Record:
    """A text message."""
    return {"type": "message", "number": number, "text": body}


def ack(taken: int, credit: int = 4096, credit_bytes: int = 1024 * 1024) -> Record:
    """An acknowledgement."""
    return {"type": "ack", "taken": taken, "credit": credit, "creditBytes": credit_bytes}


def without(record: Record, name: str) -> Record:
    """The same record without a member."""
    return {key: value for key, value in record.items() if key != name}


async def greeted(line: Raw, first: Record) -> Record:
    """Say `hello`, and return the greeting."""
    await line.say(first)
    greeting = await line.hear()
    expect(greeting["type"], "greeting")
    return greeting


async def refused(
    server: str, first: Record | str | bytes, code: int, path: str = "/session"
) -> str:
    """A connection whose first frame is answered with a close."""
    async with raw(server, path) as line:
        await line.say_text(json.dumps([first]) if isinstance(first, dict) else first)
        return await line.expect_close(code)


async def breaks(server: str, code: int, *records: Record, path: str = "/session") -> None:
    """A greeted session whose connection these records close, and which is then resumed."""
    first = hello()
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        await line.say(*records)
        if not await line.expect_close(code):
            raise AssertionError("a close without a reason")
    async with raw(server, path) as line:
        resumed = await greeted(line, again(first, greeting["epoch"]))
        expect(resumed["epoch"], greeting["epoch"])


class Timed:
    """A greeted connection without a network, to which the time is told, and its application."""

    def __init__(self, settings: Settings) -> None:
        self.now = 0.0
        self.session: Session | None = None
        registry = Registry(settings)
        self._connection = Connection(registry, "", lambda: self, settings, lambda: None, self.now)
        self.say(hello())
        expect(self.hear(), ["greeting"])

    def pump(self, session: Session) -> None:
        """Take nothing."""
        self.session = session

    def say(self, *records: Record) -> None:
        """Send records in one frame."""
        self._connection.receive(json.dumps(records), self.now)

    def hear(self) -> list[str]:
        """The types of all records that are due now."""
        self._connection.tick(self.now)
        heard: list[str] = []
        while (frame := self._connection.next_frame(self.now)) is not None:
            heard += [record["type"] for record in json.loads(frame)]
        return heard

    @property
    def close_code(self) -> int | None:
        """The code that the connection is closed with, if it is."""
        return self._connection.closing.code if self._connection.closing else None


# A client that keeps a session


class Line:
    """A client that keeps one session over connections that break."""

    def __init__(self, server: str, path: str) -> None:
        self._server = server
        self._path = path
        self._hello = hello(attempt=0, windowMessages=64, windowBytes=MESSAGE_BYTES)
        self._epoch: str | None = None
        self._unacknowledged: dict[int, str] = {}
        self._given = 0
        self._given_bytes = 0
        self._acknowledged = 0
        self._credit = 0
        self._credit_bytes = 0
        self._next_out = 1
        self._taken_bytes = 0
        self.taken: list[str] = []
        self.unsent: list[str] = []
        self.sent_again = 0

    async def until(self, done: Callable[[], bool]) -> None:
        """Talk, and come back whenever the connection breaks, until all is said and heard."""
        while not done():
            with suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):
                async with raw(self._server, self._path) as line:
                    await self._open(line)
                    await self._talk(line, done)

    async def _open(self, line: Raw) -> None:
        self._hello["attempt"] += 1
        known = {"epoch": self._epoch} if self._epoch else {}
        greeting = await greeted(line, self._hello | known | {"received": len(self.taken)})
        if self._epoch is None:
            self._epoch = greeting["epoch"]
            self._credit = greeting["windowMessages"]
            self._credit_bytes = greeting["windowBytes"]
        expect(greeting["epoch"], self._epoch)
        self._next_out = greeting["received"] + 1

    async def _talk(self, line: Raw, done: Callable[[], bool]) -> None:
        while not done():
            await self._send(line)
            self._handle(await line.hear())

    async def _send(self, line: Raw) -> None:
        records = [self._ack()]
        while len(records) < 50 and (message := self._next_message()):
            records.append(message)
        await line.say(*records)

    def _ack(self) -> Record:
        taken = len(self.taken)
        return ack(taken, taken + 64, self._taken_bytes + MESSAGE_BYTES)

    def _next_message(self) -> Record | None:
        number = self._next_out
        self.sent_again += number <= self._given
        if number > self._given and not self._give():
            return None
        self._next_out += 1
        return text(number, self._unacknowledged[number])

    def _give(self) -> bool:
        if not self.unsent or self._given >= self._credit:
            return False
        size = len(self.unsent[0].encode())
        if self._given_bytes + size > self._credit_bytes:
            return False
        self._given += 1
        self._given_bytes += size
        self._unacknowledged[self._given] = self.unsent.pop(0)
        return True

    def _handle(self, record: Record) -> None:
        match record["type"]:
            case "message":
                expect(record["number"], len(self.taken) + 1)
                self.taken.append(record["text"])
                self._taken_bytes += len(record["text"].encode())
            case "ack":
                self._credit = max(self._credit, record["credit"])
                self._credit_bytes = max(self._credit_bytes, record["creditBytes"])
                self._acknowledged = max(self._acknowledged, record["taken"])

    @property
    def all_delivered(self) -> bool:
        """Whether the server has taken all that was to be said."""
        return not self.unsent and self._acknowledged == self._given


# A network that breaks


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int) -> None:
    """Pass so many bytes on, some of them always under way; what is read last is lost."""
    while (data := await reader.read(4096)) and most > 0:
        await asyncio.sleep(0.003)
        writer.write(data[:most])
        most -= len(data)


@asynccontextmanager
async def tunnel(server: str, most: Callable[[], int]) -> AsyncIterator[str]:
    """A way to the server on which each connection is cut after so many bytes in one direction."""
    port = int(server.rpartition(":")[2])

    async def carry_both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ways = {
            asyncio.create_task(carry(reader, far_writer, most())),
            asyncio.create_task(carry(far_reader, writer, most())),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, far_writer):
            end.transport.abort()

    entrance = await asyncio.start_server(carry_both, "127.0.0.1", 0)
    async with entrance:
        yield f"http://127.0.0.1:{entrance.sockets[0].getsockname()[1]}"


# Stories


@story(PATIENT)
async def echo_of_text_and_bytes(server: str) -> None:
    """Every message comes back, and is acknowledged within the time for it."""
    async with raw(server) as line:
        await greeted(line, hello())
        bodies = [{"text": ""}, {"text": 'grüße 🦀\u0000"\\'}, {"bytes": ""}, {"bytes": "AP8Q"}]
        messages = [
            {"type": "message", "number": number, **body} for number, body in enumerate(bodies, 1)
        ]
        await line.say(*messages)
        expect((await line.hear_of("ack"))["taken"], 4)
        expect([await line.hear_of("message") for _ in messages], messages)
        expect(len(line.frames), 2)


@story(PATIENT)
async def largest_message(server: str) -> None:
    """A message of the largest size comes back even if it is all escapes."""
    async with raw(server) as line:
        await greeted(line, hello())
        await line.say(text(1, "\u0001" * MESSAGE_BYTES))
        expect(len((await line.hear_of("message"))["text"]), MESSAGE_BYTES)
        await line.say(text(2, "x" * (MESSAGE_BYTES + 1)))
        await line.expect_close(4454)


@story(PATIENT)
async def an_ack_alone(server: str) -> None:
    """What is taken without an answer is told in about 50 ms."""
    async with raw(server, "/session/count") as line:
        await greeted(line, hello())
        async with asyncio.timeout(2):
            await line.say(text(1, "one"), text(2, "three"))
            expect(await line.hear(), ack(2, 4098, 1024 * 1024 + 8))


@story(PATIENT)
async def count_in_few_frames(server: str) -> None:
    """What is ready at once leaves in few frames, and no more than the credit."""
    async with raw(server, "/session/count?to=1000") as line:
        await greeted(line, hello(windowMessages=300))
        heard = [(await line.hear_of("message"))["text"] for _ in range(300)]
        expect(heard, [str(number) for number in range(300)])
        expect(len(line.frames), 1)
        await line.expect_open()
        await line.say(ack(300, 1000))
        heard = [(await line.hear_of("message"))["text"] for _ in range(700)]
        expect(heard, [str(number) for number in range(300, 1000)])


@story(PATIENT)
async def credit_in_bytes(server: str) -> None:
    """The sum of sizes stops the server too."""
    async with raw(server, "/session/count?to=100") as line:
        await greeted(line, hello(messageBytes=2, windowBytes=14))
        heard = [(await line.hear_of("message"))["text"] for _ in range(12)]
        expect(heard[-1], "11")
        await line.expect_open()
        await line.say(ack(12, 4096, 16))
        expect((await line.hear_of("message"))["text"], "12")


@story(PATIENT)
async def a_window_smaller_than_a_message(server: str) -> None:
    """The largest message is what the window holds; a larger one is not sent, then or later."""
    path = "/session/count?to=12"
    first = hello(windowBytes=1)
    async with raw(server, path) as line:
        await greeted(line, first)
        expect(await line.hear(), text(1, "0"))
        await line.say(ack(0, 4096, 100))
        expect([await line.hear() for _ in range(9)], [text(i + 1, str(i)) for i in range(1, 10)])
        await line.say({"type": "ping", "token": 1})
        expect((await line.hear())["type"], "pong")


@story(PATIENT)
async def a_window_that_narrows(server: str) -> None:
    """What is too large for the window of a later `hello` is not sent, though it was before."""
    path = "/session/count?to=12"
    first = hello()
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        expect([(await line.hear())["text"] for _ in range(12)][-1], "11")
    async with raw(server, path) as line:
        second = await greeted(line, again(first, None, messageBytes=1))
        expect(second["epoch"], greeting["epoch"])
        expect([(await line.hear())["text"] for _ in range(10)][-1], "9")
        await line.say({"type": "ping", "token": 1})
        expect((await line.hear())["type"], "pong")


@story(PATIENT)
async def a_window_of_no_message(server: str) -> None:
    """Nothing is sent until there is credit for it."""
    async with raw(server, "/session/count?to=1") as line:
        await greeted(line, hello(windowMessages=0))
        await line.say({"type": "ping", "token": 1})
        expect((await line.hear())["type"], "pong")
        await line.say(ack(0, 1))
        expect(await line.hear(), text(1, "0"))


@story(NARROW)
async def cut_with_both_directions_in_flight(server: str) -> None:
    """Nothing is lost, doubled or reordered in either direction, however often the line is cut."""
    count = 3000
    chance = random.Random(7)
    async with tunnel(server, lambda: chance.randrange(40_000)) as shaky:
        line = Line(shaky, f"/session/both?to={count}")
        line.unsent = [f"up {number}" for number in range(count)]
        await line.until(lambda: line.all_delivered and len(line.taken) == count)
        line.unsent = ["report"]
        await line.until(lambda: len(line.taken) == count + 1)
    expect(line.sent_again > 0, True)
    expect(line.taken[:-1], [f"down {number}" for number in range(count)])
    expect(json.loads(line.taken[-1]), {"taken": count, "in_order": True, "doubled": 0})


@story(PATIENT)
async def resumed_with_an_ack(server: str) -> None:
    """A resumed session is greeted with an acknowledgement, and sent what was not received."""
    first = hello()
    async with raw(server) as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "one"), text(2, "two"))
        await line.hear_of("message")
        line.cut()
    async with raw(server) as line:
        resumed = await greeted(line, again(first, greeting["epoch"], received=1))
        expect((resumed["epoch"], resumed["received"]), (greeting["epoch"], 2))
        expect(await line.hear(), ack(2, 4098, 1024 * 1024 + 6))
        expect(await line.hear(), text(2, "two"))
        await line.say(text(3, "three"))
        expect(await line.hear_of("message"), text(3, "three"))


@story(PATIENT)
async def lost_greeting(server: str) -> None:
    """A state that nothing has passed in is kept; one that was used is given up."""
    first = hello()
    path = "/session/count?to=3"
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        expect((await line.hear_of("message"))["number"], 1)
        await line.say(ack(0, 5000))
        await line.expect_open()
        line.cut()
    async with raw(server, path) as line:
        second = await greeted(line, again(first, None, attempt=2, received=9, windowMessages=2))
        expect(second["epoch"], greeting["epoch"])
        expect([(await line.hear_of("message"))["number"] for _ in range(2)], [1, 2])
        await line.say({"type": "ping", "token": 1}, ack(0))
        expect((await line.hear())["type"], "pong")
        expect((await line.hear())["number"], 3)
        await line.say(ack(1))
        await line.expect_open()
        line.cut()
    async with raw(server, path) as line:
        third = await greeted(line, again(first, None, attempt=3))
        expect(third["epoch"] == greeting["epoch"], False)
        expect((third["received"], "previousTaken" in third), (0, False))
        expect((await line.hear_of("message"))["number"], 1)


@story(PATIENT)
async def superseded(server: str) -> None:
    """A later attempt takes the session, and neither an old one nor another instance does."""
    first = hello()
    async with raw(server) as older, raw(server) as newer:
        greeting = await greeted(older, first)
        await greeted(newer, again(first, greeting["epoch"]))
        await older.expect_close(4452)
        await refused(server, first | {"epoch": greeting["epoch"]}, 4452)
        await refused(server, again(first, greeting["epoch"]), 4452)
        copy = again(first, greeting["epoch"], attempt=9, instance=secrets.token_hex(8))
        await refused(server, copy, 4452)
        await newer.say(text(1, "still here"))
        expect((await newer.hear_of("message"))["text"], "still here")


@story(PATIENT)
async def superseded_by_one_that_knows_no_epoch(server: str) -> None:
    """An older connection goes too when its state is given up."""
    first = hello()
    async with raw(server) as older, raw(server) as newer:
        greeting = await greeted(older, first)
        await older.say(text(1, "one"))
        await older.hear_of("message")
        fresh = await greeted(newer, again(first, None))
        expect(fresh["epoch"] == greeting["epoch"], False)
        await older.expect_close(4452)
        await newer.say(text(1, "anew"))
        expect((await newer.hear_of("message"))["text"], "anew")


@story(PATIENT)
async def foreign_session(server: str) -> None:
    """Somebody else's session is refused, and nothing of it is touched."""
    first = hello(credentials="ada:1")
    async with raw(server) as line:
        greeting = await greeted(line, first)
        later = again(first, greeting["epoch"])
        await refused(server, later | {"credentials": "bob:1"}, 4500)
        await refused(server, without(later, "credentials"), 4500)
        await line.expect_open()
        async with raw(server) as renewed:
            await greeted(renewed, later | {"credentials": "ada:2"})
        await refused(server, hello(credentials="ada:refused"), 4401)


@story(PATIENT)
async def another_path(server: str) -> None:
    """A session belongs to the path it was opened on."""
    first = hello()
    async with raw(server, "/session/echo") as line, raw(server, "/session") as other:
        greeting = await greeted(line, first)
        elsewhere = await greeted(other, again(first, greeting["epoch"]))
        expect(elsewhere["epoch"] == greeting["epoch"], False)
        await line.expect_open()


@story(HASTY)
async def expiry_with_tombstone(server: str) -> None:
    """A client that comes too late learns what became of its messages, as often as it asks."""
    first = hello()
    path = "/session/count?to=3"
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "one"), text(2, "two"))
        await line.hear_of("ack")
        line.cut()
    await asyncio.sleep(0.6)
    await refused(server, again(first, greeting["epoch"], credentials="eve:1"), 4500, path)
    await refused(server, first | {"epoch": greeting["epoch"]}, 4452, path)
    epochs = set()
    for attempt in (2, 3):
        late = again(first, greeting["epoch"], attempt=attempt, received=3)
        async with raw(server, path) as line:
            fresh = await greeted(line, late)
            expect((fresh["previousTaken"], fresh["previousSent"]), (2, 3))
            expect(fresh["received"], 0)
            expect((await line.hear_of("message"))["number"], 1)
            epochs.add(fresh["epoch"])
    expect(len(epochs - {greeting["epoch"]}), 1)


@story(HASTY)
async def expiry_before_the_new_epoch_is_heard_of(server: str) -> None:
    """A state in which nothing has passed leaves what is known of the epoch before it as well."""
    first = hello()
    async with raw(server) as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "one"))
        await line.hear_of("ack")
        line.cut()
    for attempt in (2, 3):
        await asyncio.sleep(0.6)
        async with raw(server) as line:
            late = again(first, greeting["epoch"], attempt=attempt)
            fresh = await greeted(line, late)
            expect((fresh["previousTaken"], fresh["previousSent"]), (1, 1))
            line.cut()
    await asyncio.sleep(0.6)
    async with raw(server) as line:
        latest = await greeted(line, again(first, fresh["epoch"], attempt=4))
        expect((latest["previousTaken"], latest["previousSent"]), (0, 0))


@story(HASTY)
async def ended_before_anything_has_passed(server: str) -> None:
    """Who comes back is told how the session stood in the epoch that it has heard of."""
    first = hello()
    async with raw(server) as line:
        older = await greeted(line, first)
        await line.say(text(1, "one"))
        await line.hear_of("ack")
        line.cut()
    await asyncio.sleep(0.6)
    async with raw(server) as line:
        newer = await greeted(line, again(first, older["epoch"]))
        await line.say({"type": "end", "taken": 0, "code": 4321, "reason": "enough"})
        await line.expect_close(1000)
    epochs = [(older["epoch"], 1), (newer["epoch"], 0), (None, 0)]
    for attempt, (epoch, taken) in enumerate(epochs, 3):
        async with raw(server) as line:
            await line.say(again(first, epoch, attempt=attempt))
            ending = {"type": "end", "taken": taken, "code": 4321, "reason": "enough"}
            expect(await line.hear(), ending)
            await line.expect_close(1000)


@story(HASTY)
async def tombstone_of_another_epoch(server: str) -> None:
    """Only who names the epoch of the tombstone is told of it."""
    first = hello()
    async with raw(server) as line:
        await greeted(line, first)
    await asyncio.sleep(0.6)
    async with raw(server) as line:
        fresh = await greeted(line, again(first, "0123456789abcdef"))
        expect("previousTaken" in fresh or "previousSent" in fresh, False)


@story(HASTY)
async def too_many_sessions(server: str) -> None:
    """A full server says when to come back, and closes with 4429."""
    async with raw(server) as one, raw(server) as two, raw(server) as three, raw(server) as four:
        for line in (one, two, three):
            await greeted(line, hello())
        await four.say(hello())
        bye = await four.hear()
        expect((bye["type"], bye["code"], bye["again"]), ("bye", 4429, True))
        await four.expect_close(4429)
        await one.expect_open()


@story(CROWDED)
async def too_many_detached(server: str) -> None:
    """Of too many detached sessions the one detached longest is given up."""
    firsts = [hello() for _ in range(3)]
    epochs = []
    for first in firsts:
        async with raw(server) as line:
            epochs.append((await greeted(line, first))["epoch"])
    await asyncio.sleep(0.1)
    kept = []
    for first, epoch in zip(reversed(firsts), reversed(epochs), strict=True):
        async with raw(server) as line:
            kept.append((await greeted(line, again(first, epoch)))["epoch"] == epoch)
    expect(kept, [True, True, False])


@story(HASTY)
async def silence(server: str) -> None:
    """The server pings, gives up who is silent, and who says no hello."""
    first = hello()
    async with raw(server) as mute, raw(server) as line:
        greeting = await greeted(line, first)
        expect((greeting["pingMs"], greeting["holdMs"]), (200, 300))
        for _ in range(5):
            ping = await line.hear_of("ping")
            await line.say({"type": "pong", "token": ping["token"]})
        await mute.expect_close(4408)
        await line.expect_close(4408)
    async with raw(server) as line:
        expect((await greeted(line, again(first, greeting["epoch"])))["epoch"], greeting["epoch"])


@story(PATIENT)
async def pinged_while_spoken_to(_: str) -> None:
    """The server pings who says nothing, though it sends itself; a `pong` keeps it connected."""
    line = Timed(Settings())
    pinged_at = []
    while line.now < 120_000:
        line.now += 5_000
        line.session.outgoing.send("tick")
        heard = line.hear()
        expect(heard[-1:], ["message"])
        if "ping" in heard:
            pinged_at.append(line.now)
            line.say({"type": "pong", "token": len(pinged_at)})
    expect(pinged_at, [10_000 * number for number in range(1, 13)])


@story(PATIENT)
async def pinged_once_in_a_while(_: str) -> None:
    """Who does not answer is pinged every `pingMs`, not more often, and given up then."""
    line = Timed(Settings())
    pinged_at = []
    while line.close_code is None:
        line.now += 1_000
        line.session.outgoing.send("tick")
        if "ping" in line.hear():
            pinged_at.append(line.now)
    expect((line.close_code, line.now, pinged_at), (4408, 25_000, [10_000, 20_000]))


@story(PATIENT)
async def silent_while_a_large_message_may_come(_: str) -> None:
    """The silence that is borne allows for the largest message at 64 KiB a second."""
    line = Timed(Settings(message_bytes=4 * 1024 * 1024))
    line.now = 10_000 + 64_000 + 1_000 - 1
    expect((line.hear(), line.close_code), (["ping"], None))
    line.now += 1
    expect((line.hear(), line.close_code), ([], 4408))


@story(SHORT_TRUST)
async def credentials(server: str) -> None:
    """Renewed credentials hold anew; others are refused, and what expires closes."""
    first = hello(credentials="ada:1")
    async with raw(server) as line:
        expect((await greeted(line, first))["expiresMs"], 1000)
        await line.say({"type": "renew", "credentials": "ada:2"})
        expect(await line.hear_of("renewed"), {"type": "renewed", "expiresMs": 1000})
        await line.say({"type": "renew", "credentials": "bob:2"})
        await line.expect_close(4456)
    async with raw(server) as line:
        await greeted(line, first | {"attempt": 2})
        await line.say({"type": "renew", "credentials": "ada:refused"})
        await line.expect_close(4401)
    async with raw(server) as line:
        await greeted(line, first | {"attempt": 3})
        try:
            while True:
                await line.hear_of("ping")
                await line.say({"type": "pong", "token": 0})
        except ConnectionClosed as closed:
            expect(closed.rcvd.code, 4401)


@story(PATIENT)
async def wrong_acknowledgements(server: str) -> None:
    """An `ack` of what was never sent, or with a level that goes back, closes."""
    await breaks(server, 4502, ack(1))
    await breaks(server, 4505, ack(0, 4096), ack(0, 4095))
    await breaks(server, 4505, ack(0, 4096, 2000000), ack(0, 4096, 1999999))
    counting = "/session/count?to=1"
    first = hello()
    async with raw(server, counting) as line:
        await greeted(line, first)
        await line.hear_of("message")
        await line.say(ack(1), ack(0))
        await line.expect_close(4505)


@story(PATIENT)
async def a_first_ack_below_an_older_connection(server: str) -> None:
    """A level below what an older connection brought is ignored."""
    first = hello(windowMessages=1)
    async with raw(server, "/session/count?to=3") as line:
        greeting = await greeted(line, first)
        await line.say(ack(0, 2))
        expect((await line.hear_of("message"))["text"], "0")
        expect((await line.hear_of("message"))["text"], "1")
        line.cut()
    async with raw(server, "/session/count?to=3") as line:
        await greeted(line, again(first, greeting["epoch"], received=2))
        await line.say(ack(1, 1, 5))
        await line.expect_open()
        await line.say(ack(2, 3, 1024 * 1024))
        expect((await line.hear_of("message"))["text"], "2")


@story(PATIENT)
async def wrong_numbers(server: str) -> None:
    """A gap, a number twice and a number of an older connection close."""
    await breaks(server, 4501, text(2, "two"))
    await breaks(server, 4501, text(0, "none"))
    first = hello()
    async with raw(server) as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "one"))
        await line.hear_of("message")
        await line.say(text(1, "one"))
        await line.expect_close(4501)
    async with raw(server) as line:
        expect((await greeted(line, again(first, greeting["epoch"])))["received"], 1)
        await line.say(text(1, "one"))
        await line.expect_close(4501)


@story(PATIENT)
async def beyond_credit(server: str) -> None:
    """More than the window at once closes, in messages and in bytes."""
    many = [text(number, "") for number in range(1, 4098)]
    await breaks_beyond_credit(server, many)
    large = [text(number, "x" * MESSAGE_BYTES) for number in range(1, 5)]
    await breaks_beyond_credit(server, [*large, text(5, "x")])


async def breaks_beyond_credit(server: str, messages: list[Record]) -> None:
    """Send more than is granted to a server that has taken none of it yet."""
    async with raw(server) as line:
        await greeted(line, hello(messageBytes=MESSAGE_BYTES))
        await line.say(*messages)
        await line.expect_close(4503)


@story(PATIENT)
async def impossible_positions(server: str) -> None:
    """A position above what was sent closes, and touches nothing."""
    first = hello()
    path = "/session/count?to=2"
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        await line.hear_of("message")
        await line.hear_of("message")
        await line.say(ack(1))
        await line.expect_open()
        await refused(server, again(first, greeting["epoch"], received=3), 4504, path)
        await line.expect_open()
    async with raw(server, path) as line:
        await greeted(line, again(first, greeting["epoch"], received=1))
        expect((await line.hear_of("message"))["number"], 2)


@story(PATIENT)
async def a_position_below_what_was_acknowledged(server: str) -> None:
    """Of a client that moves: what is acknowledged is passed over."""
    first = hello()
    path = "/session/count?to=3"
    async with raw(server, path) as line:
        greeting = await greeted(line, first)
        while (await line.hear_of("message"))["number"] < 3:
            pass
        await line.say(ack(2))
        await line.expect_open()
    async with raw(server, path) as line:
        await greeted(line, again(first, greeting["epoch"], received=0))
        expect((await line.hear_of("message"))["number"], 3)


@story(PATIENT)
async def malformed_frames(server: str) -> None:
    """Whatever cannot be read closes with 4451, and touches nothing."""
    for frame in MALFORMED_FRAMES:
        async with raw(server) as line:
            await greeted(line, hello())
            await line.say_text(frame)
            try:
                await line.expect_close(4451)
            except AssertionError as wrong:
                raise AssertionError(f"{frame[:80]!r}: {wrong}") from None


MALFORMED_FRAMES: list[str | bytes] = [
    "",
    "[]",
    "{}",
    "null",
    "[1]",
    "[[]]",
    "[{}]",
    b'[{"type":"ping","token":1}]',
    '{"type":"ping","token":1}',
    '[{"type":"ping","token":1},]',
    '[{"type":"ping","token":1}] x',
    '[{"type":"ping"}]',
    '[{"type":"ping","token":1,"token":1}]',
    '[{"type":"ping","type":"ping","token":1}]',
    '[{"type":"ping","token":1,"more":1}]',
    '[{"type":1,"token":1}]',
    '[{"type":"ping","token":null}]',
    '[{"type":"ping","token":"1"}]',
    '[{"type":"ping","token":true}]',
    '[{"type":"ping","token":[1]}]',
    '[{"type":"ping","token":{"a":1}}]',
    '[{"type":"ping","token":1.0}]',
    '[{"type":"ping","token":1e2}]',
    '[{"type":"ping","token":-1}]',
    '[{"type":"ping","token":-0}]',
    '[{"type":"ping","token":NaN}]',
    '[{"type":"ping","token":01}]',
    '[{"type":"ping","token":9007199254740992}]',
    '[{"type":"ping","token":' + "9" * 5000 + "}]",
    '[{"type":"message","number":1}]',
    '[{"type":"message","number":1,"text":"a","bytes":"AA=="}]',
    '[{"type":"message","number":1,"text":null,"bytes":"AA=="}]',
    '[{"type":"message","number":1,"text":"\\ud800"}]',
    '[{"type":"message","number":1,"text":"\\udc00\\ud800"}]',
    '[{"type":"message","number":1,"text":"a\nb"}]',
    '[{"type":"message","number":1,"bytes":"AA"}]',
    '[{"type":"message","number":1,"bytes":"AA="}]',
    '[{"type":"message","number":1,"bytes":"AB=="}]',
    '[{"type":"message","number":1,"bytes":"A A="}]',
    '[{"type":"message","number":1,"bytes":"_w=="}]',
    '[{"type":"message","number":1,"bytes":"\u00e9"}]',
    '[{"type":"end","taken":0,"code":1001,"reason":""}]',
    '[{"type":"end","taken":0,"code":1000,"reason":"' + "x" * 124 + '"}]',
    '[{"type":"renew","credentials":""}]',
    "[" * 100_000,
    '[{"type":"ping","token":' + "[" * 100_000 + "]" * 100_000 + "}]",
]


@story(PATIENT)
async def malformed_hellos(server: str) -> None:
    """A first frame that is no good `hello` closes with the code that says why."""
    good = hello()
    for name in without(good, "type"):
        await refused(server, without(good, name), 4451)
    wrong: list[Record] = [
        {"session": "AB" * 16},
        {"session": "ab" * 15},
        {"instance": "0" * 17},
        {"epoch": None},
        {"epoch": "0" * 16},
        {"windowMessages": -1},
        {"version": "1"},
        {"version": True},
        {"credentials": 1},
    ]
    for members in wrong:
        await refused(server, good | members, 4451)
    await refused(server, {"type": "ping", "token": 1}, 4453)
    await refused(server, json.dumps([good, {"type": "ping", "token": 1}]), 4453)
    await refused(server, json.dumps([good, good]), 4453)
    await refused(server, {"type": "?new"}, 4453)
    await refused(server, good | {"credentials": "x" * 16 * 1024}, 4454)


@story(PATIENT)
async def other_versions(server: str) -> None:
    """Another version closes with 4450, whatever else its `hello` says."""
    await refused(server, hello(version=2), 4450)
    await refused(server, {"type": "hello", "version": 0, "manner": {"new": [1.5]}}, 4450)


@story(PATIENT)
async def too_much_in_a_frame(server: str) -> None:
    """Too many records or bytes close with 4454; as many as allowed do not."""
    ping = {"type": "ping", "token": 1}
    async with raw(server) as line:
        await greeted(line, hello())
        await line.say(*[ping] * 8192)
        for _ in range(8192):
            await line.hear_of("pong")
        await line.say(*[ping] * 8193)
        await line.expect_close(4454)
    await breaks(server, 4454, {"type": "?", "filling": "x" * 6 * (MESSAGE_BYTES + 65 * 1024)})


@story(PATIENT)
async def records_out_of_place(server: str) -> None:
    """A record that is not the client's to send, or a second `hello`, closes with 4453."""
    await breaks(server, 4453, hello())
    await breaks(server, 4453, {"type": "renewed", "expiresMs": 0})
    await breaks(server, 4453, {"type": "goAway", "reachable": True, "withinMs": 0})
    bye = {"type": "bye", "code": 1000, "again": False, "afterMs": 0, "spreadMs": 0, "reason": ""}
    await breaks(server, 4453, bye)


@story(PATIENT)
async def unknown_types(server: str) -> None:
    """A type with a question mark is skipped with whatever it has; another closes with 4455."""
    await breaks(server, 4455, {"type": "shout", "text": "hey"})
    async with raw(server) as line:
        skipped = '{"type":"?new","type2":[1.5,-0,{"a":null,"a":1e999}],"b":"\\ud800","b":0}'
        first = json.dumps(hello())
        await line.say_text(f"[{skipped},{first},{skipped}]")
        expect((await line.hear())["type"], "greeting")
        await line.say_text(f'[{skipped},{{"type":"message","number":1,"text":"seen"}},{skipped}]')
        expect((await line.hear_of("message"))["text"], "seen")


@story(PATIENT)
async def ended_by_the_client(server: str) -> None:
    """The server answers `end`, and says it again to who comes back as if it were not heard."""
    first = hello()
    async with raw(server) as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "a"), {"type": "end", "taken": 0, "code": 4321, "reason": "bye"})
        expect(await line.hear_of("end"), {"type": "end", "taken": 1, "code": 1000, "reason": ""})
        await line.expect_close(1000)
    for attempt, epoch, taken in ((2, greeting["epoch"], 1), (3, None, 0)):
        async with raw(server) as line:
            await line.say(again(first, epoch, attempt=attempt))
            ending = {"type": "end", "taken": taken, "code": 4321, "reason": "bye"}
            expect(await line.hear(), ending)
            await line.expect_close(1000)
    async with raw(server) as line:
        fresh = await greeted(line, again(first, "0123456789abcdef", attempt=4))
        expect("previousTaken" in fresh or "previousSent" in fresh, False)


@story(PATIENT)
async def ended_by_the_server(server: str) -> None:
    """The server waits for the answer to its `end`, and says it again to who comes back.

    Who names no epoch has sent nothing in it, of which nothing was taken.
    """
    first = hello()
    ending = {"type": "end", "taken": 1, "code": 4000, "reason": "as asked"}
    async with raw(server, "/session/both") as line:
        greeting = await greeted(line, first)
        await line.say(text(1, "end"))
        expect(await line.hear_of("end"), ending)
        await line.say(text(2, "up 0"))
        await line.expect_open()
        line.cut()
    for attempt, epoch, taken in ((2, greeting["epoch"], 1), (3, None, 0)):
        async with raw(server, "/session/both") as line:
            await line.say(again(first, epoch, attempt=attempt))
            expect(await line.hear(), ending | {"taken": taken})
            await line.expect_close(1000)
    async with raw(server, "/session/both") as line:
        await greeted(line, again(first, "0123456789abcdef", attempt=4))
        await line.say(text(1, "end"))
        await line.hear_of("end")
        await line.say({"type": "end", "taken": 0, "code": 1000, "reason": ""})
        await line.expect_close(1000)


@story(PATIENT)
async def an_end_above_what_was_sent(server: str) -> None:
    """An `end` that has taken more than was sent has taken all of it."""
    async with raw(server, "/session/count?to=2") as line:
        await greeted(line, hello(windowMessages=1))
        expect(await line.hear(), text(1, "0"))
        await line.say({"type": "end", "taken": 7, "code": 1000, "reason": ""})
        expect(await line.hear(), {"type": "end", "taken": 0, "code": 1000, "reason": ""})
        await line.expect_close(1000)
    line = Timed(Settings())
    line.session.outgoing.send("one")
    expect(line.hear(), ["message"])
    line.say({"type": "end", "taken": 7, "code": 1000, "reason": ""})
    expect((line.close_code, line.session.outgoing.levels.taken), (1000, 1))


@story(PATIENT)
async def an_end_without_an_answer(_: str) -> None:
    """The server waits for 5 s, then it closes."""
    line = Timed(Settings())
    line.session.end(4000, "enough")
    expect(line.hear(), ["end"])
    line.now = 4_999
    expect((line.hear(), line.close_code), ([], None))
    line.now = 5_000
    expect((line.hear(), line.close_code), ([], 1000))


@story(PATIENT)
async def no_subprotocol(server: str) -> None:
    """Who offers another subprotocol is not let in."""
    address = server.replace("http://", "ws://", 1) + "/session"
    for offered in (["keepline.v1"], None):
        try:
            async with connect(address, subprotocols=offered):
                raise AssertionError("the connection was opened")
        except InvalidStatus as refusal:
            expect(refusal.response.status_code, 403)


async def stopping(server: str, process: subprocess.Popen[bytes]) -> None:
    """The server says that it goes away, lets one session end, and says `bye` to the other."""
    async with raw(server) as ends, raw(server) as stays, raw(server) as late:
        await greeted(ends, hello())
        await greeted(stays, hello())
        process.send_signal(signal.SIGTERM)
        for line in (ends, stays):
            away = await line.hear_of("goAway")
            expect((away["reachable"], away["withinMs"]), (False, 5000))
        await ends.say({"type": "end", "taken": 0, "code": 1000, "reason": ""})
        await ends.expect_close(1000)
        await late.say(hello())
        expect((await late.hear())["type"], "bye")
        await late.expect_close(1001)
        bye = await stays.hear_of("bye")
        told = (bye["code"], bye["again"], bye["afterMs"], bye["spreadMs"])
        expect(told, (1001, True, 70, 80))
        await stays.expect_close(1001)


# Running


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def wait_until_up(port: int) -> None:
    """Wait until the server listens."""
    async with asyncio.timeout(ANSWER_WITHIN):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def running(
    environment: dict[str, str],
) -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of its own with this environment."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "keepline_server:app", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=HERE, env=os.environ | environment)
    try:
        await wait_until_up(port)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(ANSWER_WITHIN)


async def tell(name: str, told: Awaitable[None]) -> bool:
    """Tell one story, and say how it went."""
    try:
        async with asyncio.timeout(120):
            await told
    except Exception:
        traceback.print_exc()
        print(f"failed  {name}")
        return False
    print(f"passed  {name}")
    return True


async def tell_patient_stories() -> list[bool]:
    """Tell one server every story that needs nothing of its own."""
    stories = [told for environment, told in STORIES if environment is PATIENT]
    async with running(PATIENT) as (server, _):
        return [await tell(told.__name__, told(server)) for told in stories]


async def tell_other_stories() -> list[bool]:
    """Tell each of the other stories to a server of its own."""
    results = []
    for environment, told in STORIES:
        if environment is not PATIENT:
            async with running(environment) as (server, _):
                results.append(await tell(told.__name__, told(server)))
    async with running(LEAVING) as (server, process):
        results.append(await tell("stopping", stopping(server, process)))
    return results


async def main() -> int:
    """Tell every story, and count."""
    results = await tell_patient_stories() + await tell_other_stories()
    passed, failed = results.count(True), results.count(False)
    # As Rust's tests say it, for whoever counts them all.
    verdict = "FAILED" if failed else "ok"
    print(f"test result: {verdict}. {passed} passed; {failed} failed; 0 ignored")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
