"""The server's end of one connection as pure state: frames in and out, with the time passed in."""

from collections.abc import Callable
from dataclasses import dataclass

import keepline_wire as wire
from keepline_registry import Greeted, Registry, Tombstone
from keepline_session import ApplicationFactory, Ending, Levels, Session, Settings

RECORDS_BEFORE_MESSAGES = 4096
REFUSED_SECRET = "refused"


@dataclass(frozen=True)
class Close:
    """How a connection is closed."""

    code: int
    reason: str


def identity_of(credentials: str | None) -> str | None:
    """The subject of credentials, which is what stands before the first colon."""
    if credentials is None:
        return None
    subject, _, secret = credentials.partition(":")
    if secret == REFUSED_SECRET:
        raise wire.Refusal(wire.CREDENTIALS_REFUSED, "these credentials are refused")
    return subject


class Connection:
    """Speaks the protocol on one connection, from `hello` to the close."""

    def __init__(
        self,
        registry: Registry,
        path: str,
        factory: ApplicationFactory,
        settings: Settings,
        on_change: Callable[[], None],
        now: float,
    ) -> None:
        self._registry = registry
        self._path = path
        self._factory = factory
        self._settings = settings
        self._on_change = on_change
        self._opened_at = now
        self._heard_at = now
        self._said_at = now
        self._pinged_at = now
        self._control: list[wire.Record] = []
        self._pings = 0
        self._session: Session | None = None
        self._greeted = False
        self._ended_at: float | None = None
        self._leaving = False
        self._expires_at: float | None = None
        self._ack_at: float | None = None
        self._told_taken = 0
        self._told_bytes = 0
        self._heard_levels: Levels | None = None
        self._last_in = 0
        self._last_out = 0
        self.closing: Close | None = None

    # Coming in

    def receive(self, frame: str | None, now: float) -> None:
        """Handle one frame; `None` stands for one that was not text."""
        if self.closing:
            return
        self._heard_at = now
        try:
            if frame is None:
                raise wire.malformed("a frame is not text")
            if self._greeted:
                self._continue(frame, now)
            else:
                self._open(frame, now)
        except wire.Refusal as refusal:
            self._refuse(refusal, now)
        self._on_change()

    def lost(self, now: float) -> None:
        """The connection is gone."""
        self._let_go(now)

    def _open(self, frame: str, now: float) -> None:
        hello = wire.read_first_frame(frame)
        if self._leaving:
            raise wire.Refusal(wire.GOING_AWAY, "the server goes away")
        identity = identity_of(hello.get("credentials"))
        answer = self._registry.hello(self._path, hello, identity, self._factory, now)
        if isinstance(answer, Tombstone):
            standing = answer.of(hello.get("epoch"))
            self._say_end(standing.taken if standing else 0, answer.ending)
            self._close(wire.ENDED, "the session has ended", now)
        else:
            self._attach(answer, hello, now)

    def _attach(self, greeted: Greeted, hello: wire.Record, now: float) -> None:
        session = greeted.session
        self._registry.attach(session, self._superseded)
        self._session = session
        self._greeted = True
        self._last_in = session.incoming.received
        self._last_out = hello["received"] if greeted.resumed else 0
        self._expires_at = now + self._settings.expires_ms if self._settings.expires_ms else None
        self._ack_at = now if greeted.resumed else None
        known = None if greeted.resumed else hello.get("epoch")
        self._control.append(self._greeting(session, known))
        session.pump()

    def _greeting(self, session: Session, lost_epoch: str | None) -> wire.Record:
        settings = self._settings
        greeting: wire.Record = {
            "type": "greeting",
            "epoch": session.epoch,
            "received": session.incoming.received,
            "messageBytes": settings.message_bytes,
            "windowMessages": settings.window_messages,
            "windowBytes": settings.window_bytes,
            "pingMs": settings.ping_ms,
            "silenceMs": settings.silence_ms,
            "spreadMs": settings.spread_ms,
            "holdMs": settings.hold_ms,
            "expiresMs": settings.expires_ms,
        }
        if session.previous and session.previous.epoch == lost_epoch:
            greeting["previousTaken"] = session.previous.taken
            greeting["previousSent"] = session.previous.sent
        return greeting

    def _continue(self, frame: str, now: float) -> None:
        if wire.utf8_size(frame) > wire.frame_limit(self._settings.message_bytes):
            raise wire.Refusal(wire.TOO_LARGE, "a frame is too large")
        for record in wire.read_frame(frame):
            self._handle(record, now)
            if self.closing:
                return
        if self._ended_at is None:
            self._session.pump()
            self._plan_ack(now)
        if len(self._control) > 2 * wire.MAX_RECORDS:
            raise wire.Refusal(wire.TOO_SLOW, "answers are not read")

    def _handle(self, record: wire.Record, now: float) -> None:
        match record["type"]:
            case "message":
                self._message(record)
            case "ack":
                self._ack(record)
            case "ping":
                self._control.append({"type": "pong", "token": record["token"]})
            case "pong":
                pass
            case "end":
                self._end(record, now)
            case "renew":
                self._renew(record, now)
            case kind:
                raise wire.Refusal(wire.NOT_ALLOWED_HERE, f"{kind} is not allowed here")

    def _message(self, record: wire.Record) -> None:
        if self._ended_at is not None:
            return
        number = record["number"]
        body = record["text"] if "text" in record else record["bytes"]
        if wire.body_size(body) > self._settings.message_bytes:
            raise wire.Refusal(wire.TOO_LARGE, f"message {number} is too large")
        incoming = self._session.incoming
        if not self._last_in < number <= max(self._last_in, incoming.received) + 1:
            raise wire.Refusal(wire.OUT_OF_NUMBER, f"message {number} after {self._last_in}")
        self._last_in = number
        if number > incoming.received:
            incoming.receive(number, body)

    def _ack(self, record: wire.Record) -> None:
        if self._ended_at is not None:
            return
        levels = Levels(record["taken"], record["credit"], record["creditBytes"])
        outgoing = self._session.outgoing
        outgoing.check_taken(levels.taken)
        if self._heard_levels and levels.went_back_from(self._heard_levels):
            raise wire.Refusal(wire.LEVEL_WENT_BACK, "a level of an ack went back")
        self._heard_levels = levels
        outgoing.levels.raise_to(levels)
        outgoing.forget()

    def _end(self, record: wire.Record, now: float) -> None:
        session = self._session
        session.outgoing.settle(record["taken"])
        if self._ended_at is None:
            session.pump()
            self._say_end(session.incoming.taken, Ending(wire.ENDED, ""))
            self._registry.finish(session, Ending(record["code"], record["reason"]), now)
        self._close(wire.ENDED, "the session has ended", now)

    def _renew(self, record: wire.Record, now: float) -> None:
        if identity_of(record["credentials"]) != self._session.identity:
            raise wire.Refusal(wire.OTHER_IDENTITY, "these credentials are somebody else's")
        expires_ms = self._settings.expires_ms
        self._expires_at = now + expires_ms if expires_ms else None
        self._control.append({"type": "renewed", "expiresMs": expires_ms})

    # Going out

    def next_frame(self, now: float) -> str | None:
        """All that may leave now, as far as one frame holds it."""
        self._end_if_asked(now)
        frame = wire.FrameBuilder()
        for record in self._control[:RECORDS_BEFORE_MESSAGES]:
            frame.add(record)
        del self._control[:RECORDS_BEFORE_MESSAGES]
        if self._session and self._ended_at is None and not self.closing:
            self._add_ack_and_messages(frame, now)
        text = frame.text()
        if text is not None:
            self._said_at = now
        return text

    def _add_ack_and_messages(self, frame: wire.FrameBuilder, now: float) -> None:
        first = self._next_message()
        due = self._ack_at is not None and self._ack_at <= now
        if due or (self._ack_at is not None and (first or frame.text())):
            frame.add(self._ack_record())
        while first:
            frame.add(first)
            first = None if frame.full else self._next_message()

    def _ack_record(self) -> wire.Record:
        levels = self._session.incoming.grant()
        self._ack_at = None
        self._told_taken = levels.taken
        self._told_bytes = self._session.incoming.taken_bytes
        return {
            "type": "ack",
            "taken": levels.taken,
            "credit": levels.credit,
            "creditBytes": levels.credit_bytes,
        }

    def _next_message(self) -> wire.Record | None:
        outgoing = self._session.outgoing
        number = max(self._last_out, outgoing.levels.taken) + 1
        body = outgoing.sent_before(number)
        if body is None and not self._leaving:
            body = outgoing.number_next()
        if body is None:
            return None
        self._last_out = number
        return wire.message_record(number, body)

    def _plan_ack(self, now: float) -> None:
        incoming = self._session.incoming
        messages = incoming.taken - self._told_taken
        size = incoming.taken_bytes - self._told_bytes
        if messages == 0:
            return
        if self._ack_at is None:
            self._ack_at = now + self._settings.ack_ms
        settings = self._settings
        if messages * 4 >= settings.window_messages or size * 4 >= settings.window_bytes:
            self._ack_at = now

    # Time

    def deadline(self) -> float:
        """When `tick` has something to do next."""
        return min(moment for moment in self._moments() if moment is not None)

    def _moments(self) -> list[float | None]:
        settings = self._settings
        if not self._greeted:
            return [self._opened_at + settings.hello_ms]
        return [
            self._heard_at + settings.patience_ms,
            self._ping_at(),
            self._ack_at,
            self._expires_at,
            None if self._ended_at is None else self._ended_at + settings.end_ms,
        ]

    def _ping_at(self) -> float:
        """When nothing was said for long enough, or nothing heard, whatever was said meanwhile."""
        unheard_since = max(self._heard_at, self._pinged_at)
        return min(self._said_at, unheard_since) + self._settings.ping_ms

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self.closing:
            return
        settings = self._settings
        if not self._greeted:
            if self._opened_at + settings.hello_ms <= now:
                self._close(wire.TOO_SLOW, "no hello in time", now)
        elif self._heard_at + settings.patience_ms <= now:
            self._close(wire.TOO_SLOW, "nothing was heard for too long", now)
        elif self._expires_at is not None and self._expires_at <= now:
            self._close(wire.CREDENTIALS_REFUSED, "the credentials have expired", now)
        elif self._ended_at is not None and self._ended_at + settings.end_ms <= now:
            self._close(wire.ENDED, "the session has ended", now)
        elif self._ping_at() <= now:
            self._pinged_at = now
            self._pings += 1
            self._control.append({"type": "ping", "token": self._pings})

    # Ending, leaving, closing

    def _end_if_asked(self, now: float) -> None:
        asked = self._session.end_asked if self._session else None
        if asked is None or self._ended_at is not None or self.closing:
            return
        if self._session.outgoing.waiting:
            return
        self._ended_at = now
        self._ack_at = None
        self._say_end(self._session.incoming.taken, asked)
        self._registry.finish(self._session, asked, now)

    def go_away(self, within_ms: int) -> None:
        """Say that the server will stop, and send no new messages."""
        self._leaving = True
        if self._greeted:
            self._control.append({"type": "goAway", "reachable": False, "withinMs": within_ms})
        self._on_change()

    def bye(self, code: int, reason: str, now: float) -> None:
        """Say when to come back, and close."""
        if self.closing:
            return
        self._control.append(
            {
                "type": "bye",
                "code": code,
                "again": True,
                "afterMs": self._settings.after_ms,
                "spreadMs": self._settings.spread_ms,
                "reason": reason,
            }
        )
        self._close(code, reason, now)

    def too_slow(self, now: float) -> None:
        """Close, for the other side does not read."""
        self._close(wire.TOO_SLOW, "frames are not read", now)

    def _say_end(self, taken: int, ending: Ending) -> None:
        self._control.append(
            {"type": "end", "taken": taken, "code": ending.code, "reason": ending.reason}
        )

    def _refuse(self, refusal: wire.Refusal, now: float) -> None:
        if refusal.code in (wire.TOO_MANY_SESSIONS, wire.GOING_AWAY):
            self.bye(refusal.code, refusal.reason, now)
        else:
            self._close(refusal.code, refusal.reason, now)

    def _superseded(self) -> None:
        self._session = None
        self._control.clear()
        self.closing = Close(wire.SUPERSEDED, "a later attempt has this session")
        self._on_change()

    def _close(self, code: int, reason: str, now: float) -> None:
        if self.closing is None:
            self.closing = Close(code, reason)
        self._let_go(now)
        self._on_change()

    def _let_go(self, now: float) -> None:
        if self._session is not None:
            self._registry.detach(self._session, now)
            self._session = None
