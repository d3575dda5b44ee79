"""The server's side of one session: positions, credit, and messages, without IO or time."""

import os
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Protocol

import keepline_wire as wire

SLOWEST_BYTES_A_MS = 64 * 1024 / 1000
PATIENCE_BEYOND_PING_MS = 1000

Body = str | bytes
SessionKey = tuple[str, str]


@dataclass(frozen=True)
class Settings:
    """What a server may be told in the environment, as `KEEPLINE_` and the name in capitals."""

    hold_ms: int = 3_600_000
    hello_ms: int = 10_000
    end_ms: int = 5_000
    ping_ms: int = 10_000
    silence_ms: int = 15_000
    client_silence_ms: int = 25_000
    ack_ms: int = 50
    spread_ms: int = 0
    expires_ms: int = 0
    after_ms: int = 0
    grace_ms: int = 0
    message_bytes: int = 256 * 1024
    window_messages: int = 4096
    window_bytes: int = 1024 * 1024
    outbox_messages: int = 2048
    outbox_bytes: int = 1024 * 1024
    sessions: int = 1000
    detached: int = 500
    tombstones: int = 10_000
    tombstone_ms: int = 24 * 3_600_000

    @classmethod
    def from_environment(cls) -> "Settings":
        """The defaults, with what the environment says instead."""
        names = [(field.name, f"KEEPLINE_{field.name.upper()}") for field in fields(cls)]
        return cls(**{name: int(os.environ[key]) for name, key in names if key in os.environ})

    @property
    def patience_ms(self) -> float:
        """How long a client may be silent: long enough for the largest message on a slow line."""
        largest_ms = self.message_bytes / SLOWEST_BYTES_A_MS
        return max(self.client_silence_ms, self.ping_ms + largest_ms + PATIENCE_BEYOND_PING_MS)


class Application(Protocol):
    """What is served over a session."""

    def pump(self, session: "Session") -> None:
        """Take what came, and send what is to be sent, as far as there is room."""


ApplicationFactory = Callable[[], Application]


@dataclass(frozen=True)
class Ending:
    """How a side ends a session."""

    code: int
    reason: str


@dataclass(frozen=True)
class Previous:
    """What became of an epoch that is over."""

    epoch: str
    taken: int
    sent: int


@dataclass
class Levels:
    """What an `ack` says."""

    taken: int
    credit: int
    credit_bytes: int

    def went_back_from(self, earlier: "Levels") -> bool:
        """Whether any level is below an earlier one."""
        return (
            self.taken < earlier.taken
            or self.credit < earlier.credit
            or self.credit_bytes < earlier.credit_bytes
        )

    def raise_to(self, later: "Levels") -> None:
        """Let each level rise, and none go back."""
        self.taken = max(self.taken, later.taken)
        self.credit = max(self.credit, later.credit)
        self.credit_bytes = max(self.credit_bytes, later.credit_bytes)


class Incoming:
    """The direction from the client: what was received, taken, and granted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inbox: deque[Body] = deque()
        self.received = 0
        self._received_bytes = 0
        self.taken = 0
        self.taken_bytes = 0
        self.granted = Levels(0, settings.window_messages, settings.window_bytes)

    def receive(self, number: int, body: Body) -> None:
        """Keep the next message, if it is within the credit."""
        size = wire.body_size(body)
        if number > self.granted.credit or self._received_bytes + size > self.granted.credit_bytes:
            raise wire.Refusal(wire.BEYOND_CREDIT, f"message {number} is beyond the credit")
        self.received = number
        self._received_bytes += size
        self._inbox.append(body)

    def take(self) -> Body | None:
        """Hand the next message over for good; nothing if there is none."""
        if not self._inbox:
            return None
        body = self._inbox.popleft()
        self.taken += 1
        self.taken_bytes += wire.body_size(body)
        return body

    def grant(self) -> Levels:
        """The levels of an `ack` that now goes out: a whole window above what was taken."""
        window = self._settings
        self.granted = Levels(
            self.taken,
            min(self.taken + window.window_messages, wire.MAX_NUMBER),
            min(self.taken_bytes + window.window_bytes, wire.MAX_NUMBER),
        )
        return self.granted

    def discard(self) -> None:
        """Give up what was received and not taken."""
        self._inbox.clear()


class Outgoing:
    """The direction to the client: what waits, what is not acknowledged, and credit."""

    def __init__(self, hello: wire.Record) -> None:
        self._unsent: deque[Body] = deque()
        self._kept: deque[Body] = deque()
        self._first_kept = 1
        self.begin_epoch(hello)

    def begin_epoch(self, hello: wire.Record) -> None:
        """Begin at number 1, within the limits of a client to which the epoch is new."""
        self._largest = min(hello["messageBytes"], hello["windowBytes"])
        waiting = [*self._kept, *self._unsent]
        self._unsent = deque(body for body in waiting if wire.body_size(body) <= self._largest)
        self._waiting_bytes = sum(wire.body_size(body) for body in self._unsent)
        self._kept.clear()
        self.sent = 0
        self._sent_bytes = 0
        self.levels = Levels(0, hello["windowMessages"], hello["windowBytes"])

    @property
    def waiting(self) -> int:
        """The messages that are kept, sent or not."""
        return len(self._unsent) + len(self._kept)

    @property
    def waiting_bytes(self) -> int:
        """The sizes of the messages that are kept."""
        return self._waiting_bytes

    def send(self, body: Body) -> bool:
        """Queue a message; a client that does not take one so large never gets it."""
        size = wire.body_size(body)
        if size > self._largest:
            return False
        self._unsent.append(body)
        self._waiting_bytes += size
        return True

    def sent_before(self, number: int) -> Body | None:
        """A message to be sent again; nothing if the number was not given yet."""
        return self._kept[number - self._first_kept] if number <= self.sent else None

    def number_next(self) -> Body | None:
        """Give the next message its number, if there is one within the credit."""
        if not self._unsent:
            return None
        size = wire.body_size(self._unsent[0])
        within = self.sent < self.levels.credit
        if not within or self._sent_bytes + size > self.levels.credit_bytes:
            return None
        body = self._unsent.popleft()
        self.sent += 1
        self._sent_bytes += size
        self._kept.append(body)
        return body

    def check_taken(self, taken: int) -> None:
        """Refuse an acknowledgement of what was never sent."""
        if taken > self.sent:
            raise wire.Refusal(wire.NEVER_SENT, f"message {taken} was never sent")

    def settle(self, taken: int) -> None:
        """Believe the client's last word on what it has taken, as far as that was sent."""
        self.levels.taken = max(self.levels.taken, min(taken, self.sent))
        self.forget()

    def forget(self) -> None:
        """Drop messages that are acknowledged."""
        while self._first_kept <= self.levels.taken:
            self._waiting_bytes -= wire.body_size(self._kept.popleft())
            self._first_kept += 1


class Session:
    """One session in one epoch, as the server keeps it."""

    def __init__(
        self,
        key: SessionKey,
        hello: wire.Record,
        identity: str | None,
        application: Application,
        settings: Settings,
    ) -> None:
        self.key = key
        self.identity = identity
        self.instance: str = hello["instance"]
        self.attempt: int = hello["attempt"]
        self.epoch = draw_epoch()
        self.previous: Previous | None = None
        self.incoming = Incoming(settings)
        self.outgoing = Outgoing(hello)
        self.detached_at: float | None = None
        self.end_asked: Ending | None = None
        self._application = application
        self._settings = settings

    @property
    def untouched(self) -> bool:
        """Whether nothing has passed in this epoch, so that its client may know only another."""
        return self.incoming.received == 0 and self.outgoing.levels.taken == 0

    @property
    def standings(self) -> list[Previous]:
        """How it stands, for who asks when it is over, whichever epoch it has heard of."""
        own = Previous(self.epoch, self.incoming.taken, self.outgoing.sent)
        return [own, self.previous] if self.untouched and self.previous else [own]

    def check_position(self, received: int) -> None:
        """Refuse to resume where the client cannot stand."""
        if received > self.outgoing.sent:
            raise wire.Refusal(wire.IMPOSSIBLE_POSITION, f"nobody can have received {received}")

    def room(self) -> int:
        """How many more messages the outbox has room for."""
        if self.outgoing.waiting_bytes >= self._settings.outbox_bytes:
            return 0
        return self._settings.outbox_messages - self.outgoing.waiting

    def half_empty(self) -> bool:
        """Whether less than half of the outbox is used, so that an unasked message may go in."""
        return (
            self.room() * 2 > self._settings.outbox_messages
            and self.outgoing.waiting_bytes * 2 < self._settings.outbox_bytes
        )

    def end(self, code: int, reason: str) -> None:
        """End the session once all is acknowledged."""
        self.end_asked = Ending(code, reason)

    def pump(self) -> None:
        """Let the application work."""
        self._application.pump(self)


def draw_epoch() -> str:
    """64 random bits that are not zero."""
    return f"{secrets.randbelow(2**64 - 1) + 1:016x}"
