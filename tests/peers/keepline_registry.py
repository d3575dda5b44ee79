"""All sessions of a server, attached and detached, and the tombstones of those that are over."""

from collections.abc import Callable
from dataclasses import dataclass

import keepline_wire as wire
from keepline_session import (
    ApplicationFactory,
    Ending,
    Previous,
    Session,
    SessionKey,
    Settings,
)


@dataclass
class Tombstone:
    """What is left of a session."""

    instance: str
    attempt: int
    identity: str | None
    standings: list[Previous]
    ending: Ending | None
    until: float

    def of(self, epoch: str | None) -> Previous | None:
        """How it stood in this epoch, if that is known."""
        known = (standing for standing in self.standings if standing.epoch == epoch)
        return next(known, None)


@dataclass
class Greeted:
    """A `hello` that was accepted."""

    session: Session
    resumed: bool


class Registry:
    """Finds the session of a `hello`, and gives up what was held for too long."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[SessionKey, Session] = {}
        self._tombstones: dict[SessionKey, Tombstone] = {}
        self._supersede: dict[SessionKey, Callable[[], None]] = {}

    @property
    def sessions(self) -> int:
        """How many sessions are held."""
        return len(self._sessions)

    @property
    def tombstones(self) -> int:
        """How many sessions are remembered."""
        return len(self._tombstones)

    def hello(
        self,
        path: str,
        hello: wire.Record,
        identity: str | None,
        factory: ApplicationFactory,
        now: float,
    ) -> Greeted | Tombstone:
        """Find or create the session; a tombstone is the answer if a side has ended it."""
        self.expire(now)
        key = (path, hello["session"])
        session = self._sessions.get(key)
        tombstone = self._tombstones.get(key)
        if known := session or tombstone:
            self._check_owner(known, hello, identity)
        if session is not None:
            return self._known(session, hello, factory)
        if tombstone is not None and self._answers_with_end(tombstone, hello):
            self.supersede(key)
            tombstone.attempt = hello["attempt"]
            return tombstone
        self._check_room()
        return self._create(key, hello, identity, factory)

    def attach(self, session: Session, supersede: Callable[[], None]) -> None:
        """Bind a session to a new connection, and take it from an older one."""
        self.supersede(session.key)
        session.detached_at = None
        self._supersede[session.key] = supersede

    def supersede(self, key: SessionKey) -> None:
        """Take a session from the connection that has it, if any."""
        if take_away := self._supersede.pop(key, None):
            take_away()

    def detach(self, session: Session, now: float) -> None:
        """Hold a session whose connection is gone."""
        self._supersede.pop(session.key, None)
        if self._sessions.get(session.key) is session:
            session.pump()
            session.detached_at = now

    def finish(self, session: Session, ending: Ending | None, now: float) -> None:
        """Give a session up, and remember how it stood, and how it was ended unless it expired."""
        if self._sessions.get(session.key) is not session:
            return
        del self._sessions[session.key]
        session.incoming.discard()
        self._tombstones[session.key] = Tombstone(
            session.instance,
            session.attempt,
            session.identity,
            session.standings,
            ending,
            now + self._settings.tombstone_ms,
        )
        while len(self._tombstones) > self._settings.tombstones:
            del self._tombstones[next(iter(self._tombstones))]

    def expire(self, now: float) -> None:
        """Give up sessions detached for too long or too many, and tombstones that are old."""
        detached = [held for held in self._sessions.values() if held.detached_at is not None]
        detached.sort(key=lambda held: held.detached_at)
        excess = max(0, len(detached) - self._settings.detached)
        for place, session in enumerate(detached):
            if place < excess or session.detached_at + self._settings.hold_ms <= now:
                self.finish(session, None, now)
        for key in [key for key, stone in self._tombstones.items() if stone.until <= now]:
            del self._tombstones[key]

    def _answers_with_end(self, tombstone: Tombstone, hello: wire.Record) -> bool:
        if tombstone.ending is None:
            return False
        return "epoch" not in hello or tombstone.of(hello["epoch"]) is not None

    def _check_owner(
        self, known: Session | Tombstone, hello: wire.Record, identity: str | None
    ) -> None:
        if known.identity != identity:
            raise wire.Refusal(wire.FOREIGN_SESSION, "this session belongs to somebody else")
        if known.instance != hello["instance"]:
            raise wire.Refusal(wire.SUPERSEDED, "another instance has this session")
        if hello["attempt"] <= known.attempt:
            raise wire.Refusal(wire.SUPERSEDED, "a later attempt has this session")

    def _known(self, session: Session, hello: wire.Record, factory: ApplicationFactory) -> Greeted:
        if hello.get("epoch") == session.epoch:
            session.check_position(hello["received"])
            session.attempt = hello["attempt"]
            return Greeted(session, resumed=True)
        if session.untouched:
            session.attempt = hello["attempt"]
            session.outgoing.begin_epoch(hello)
            return Greeted(session, resumed=False)
        self.supersede(session.key)
        session.incoming.discard()
        return self._create(session.key, hello, session.identity, factory)

    def _create(
        self,
        key: SessionKey,
        hello: wire.Record,
        identity: str | None,
        factory: ApplicationFactory,
    ) -> Greeted:
        session = Session(key, hello, identity, factory(), self._settings)
        tombstone = self._tombstones.pop(key, None)
        if tombstone is not None:
            session.previous = tombstone.of(hello.get("epoch"))
        self._sessions[key] = session
        return Greeted(session, resumed=False)

    def _check_room(self) -> None:
        if len(self._sessions) >= self._settings.sessions:
            raise wire.Refusal(wire.TOO_MANY_SESSIONS, "too many sessions")
