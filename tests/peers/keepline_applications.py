"""What the server serves over its sessions."""

import json
import re

from keepline_session import Session

UP = re.compile("up ([0-9]{1,15})")


class Echo:
    """Sends every message back."""

    def pump(self, session: Session) -> None:
        """Take a message only when its echo has room."""
        while session.room() > 0 and (body := session.incoming.take()) is not None:
            session.outgoing.send(body)


class Count:
    """Sends the texts "0" to "N-1", and takes whatever comes."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._next = 0

    def pump(self, session: Session) -> None:
        """Take everything, and fill the outbox by half."""
        while session.incoming.take() is not None:
            pass
        while self._next < self._to and session.half_empty():
            session.outgoing.send(str(self._next))
            self._next += 1


class Both:
    """Sends the texts "down 0" to "down N-1", checks the texts "up i", and reports when asked.

    The text "end" ends the session with code 4000 once all is acknowledged.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._next = 0
        self._taken = 0
        self._last = -1
        self._in_order = True
        self._doubled = 0
        self._seen: set[int] = set()

    def pump(self, session: Session) -> None:
        """Take while an answer has room, and fill the outbox by half."""
        while session.room() > 0 and (body := session.incoming.take()) is not None:
            self._take(session, body)
        while self._next < self._to and session.half_empty():
            session.outgoing.send(f"down {self._next}")
            self._next += 1

    def _take(self, session: Session, body: str | bytes) -> None:
        if body == "report":
            session.outgoing.send(self._report())
        elif body == "end":
            session.end(4000, "as asked")
        elif isinstance(body, str) and (up := UP.fullmatch(body)):
            self._record(int(up[1]))

    def _record(self, number: int) -> None:
        self._taken += 1
        if number in self._seen:
            self._doubled += 1
        elif number < self._last:
            self._in_order = False
        self._seen.add(number)
        self._last = max(self._last, number)

    def _report(self) -> str:
        report = {"taken": self._taken, "in_order": self._in_order, "doubled": self._doubled}
        return json.dumps(report)
