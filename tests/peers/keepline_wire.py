"""The frames and records of `keepline.v1.json`: strict decoding, and encoding.

A decoded record is a flat dictionary of its members, `type` among them.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable

SUBPROTOCOL = "keepline.v1.json"
VERSION = 1
MAX_NUMBER = 2**53 - 1
MAX_RECORDS = 8192
MAX_HELLO_BYTES = 16 * 1024
MAX_REASON_BYTES = 123
FULL_FRAME_BYTES = 32 * 1024
MOST_BEFORE_LAST_BYTES = 64 * 1024

ENDED = 1000
GOING_AWAY = 1001
CREDENTIALS_REFUSED = 4401
TOO_SLOW = 4408
TOO_MANY_SESSIONS = 4429
OTHER_VERSION = 4450
MALFORMED = 4451
SUPERSEDED = 4452
NOT_ALLOWED_HERE = 4453
TOO_LARGE = 4454
UNKNOWN_TYPE = 4455
OTHER_IDENTITY = 4456
FOREIGN_SESSION = 4500
OUT_OF_NUMBER = 4501
NEVER_SENT = 4502
BEYOND_CREDIT = 4503
IMPOSSIBLE_POSITION = 4504
LEVEL_WENT_BACK = 4505

Record = dict[str, object]


class Refusal(Exception):
    """Why a connection is closed: a close code, and a reason of at most 123 bytes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Members(list[tuple[str, object]]):
    """The members of one JSON object as they were written, doubled ones included."""


class Unfit:
    """A JSON number that is no number of this protocol."""


def malformed(reason: str) -> Refusal:
    """A refusal of a frame that cannot be read."""
    return Refusal(MALFORMED, reason)


def frame_limit(message_bytes: int) -> int:
    """The most bytes that a JSON frame to a receiver of such messages may have."""
    return 6 * (MOST_BEFORE_LAST_BYTES + message_bytes + 1024)


def utf8_size(text: str) -> int:
    """The bytes of a text that a WebSocket carried, which has no surrogates."""
    return len(text.encode())


def body_size(body: str | bytes) -> int:
    """The size of a message as the protocol counts it."""
    return utf8_size(body) if isinstance(body, str) else len(body)


# Decoding: fields


def a_number(value: object) -> int:
    """An integer from 0 to 2⁵³−1, which `True` is not."""
    if type(value) is not int:
        raise malformed("a member is not a number")
    return value


def a_flag(value: object) -> bool:
    """`true` or `false`."""
    if type(value) is not bool:
        raise malformed("a member is not a boolean")
    return value


def a_text(value: object) -> str:
    """A text without surrogates."""
    if type(value) is not str:
        raise malformed("a member is not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise malformed("a text has a lone surrogate") from None
    return value


def a_text_that_says_something(value: object) -> str:
    """A text that is not empty."""
    if not a_text(value):
        raise malformed("a member must not be empty")
    return a_text(value)


def a_reason(value: object) -> str:
    """A text of at most 123 bytes."""
    if utf8_size(a_text(value)) > MAX_REASON_BYTES:
        raise malformed("a reason is too long")
    return a_text(value)


def an_end_code(value: object) -> int:
    """1000, or a code of the application's own."""
    code = a_number(value)
    if code != ENDED and not 3000 <= code <= 4999:
        raise malformed("a code that `end` cannot have")
    return code


def a_close_code(value: object) -> int:
    """A number that a close frame can carry."""
    if a_number(value) > 0xFFFF:
        raise malformed("a code that no close has")
    return a_number(value)


def some_bytes(value: object) -> bytes:
    """Base64 with padding, in its only canonical form."""
    text = a_text(value)
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("a member is not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise malformed("a member is not canonical base64")
    return decoded


def hexadecimal(digits: int) -> Callable[[object], str]:
    """A reader of so many lower-case hexadecimal digits."""
    pattern = re.compile(f"[0-9a-f]{{{digits}}}")

    def read(value: object) -> str:
        if not pattern.fullmatch(a_text(value)):
            raise malformed(f"a member has not {digits} hexadecimal digits")
        return a_text(value)

    return read


def an_epoch(value: object) -> str:
    """Sixteen digits that are not all zero."""
    epoch = hexadecimal(16)(value)
    if epoch == "0" * 16:
        raise malformed("an epoch must not be zero")
    return epoch


REQUIRED: dict[str, dict[str, Callable[[object], object]]] = {
    "hello": {
        "version": a_number,
        "session": hexadecimal(32),
        "instance": hexadecimal(16),
        "attempt": a_number,
        "received": a_number,
        "messageBytes": a_number,
        "windowMessages": a_number,
        "windowBytes": a_number,
    },
    "greeting": {
        "epoch": an_epoch,
        "received": a_number,
        "messageBytes": a_number,
        "windowMessages": a_number,
        "windowBytes": a_number,
        "pingMs": a_number,
        "silenceMs": a_number,
        "spreadMs": a_number,
        "holdMs": a_number,
        "expiresMs": a_number,
    },
    "ack": {"taken": a_number, "credit": a_number, "creditBytes": a_number},
    "message": {"number": a_number},
    "ping": {"token": a_number},
    "pong": {"token": a_number},
    "end": {"taken": a_number, "code": an_end_code, "reason": a_reason},
    "bye": {
        "code": a_close_code,
        "again": a_flag,
        "afterMs": a_number,
        "spreadMs": a_number,
        "reason": a_reason,
    },
    "goAway": {"reachable": a_flag, "withinMs": a_number},
    "renew": {"credentials": a_text_that_says_something},
    "renewed": {"expiresMs": a_number},
}

OPTIONAL: dict[str, dict[str, Callable[[object], object]]] = {
    "hello": {"epoch": an_epoch, "credentials": a_text_that_says_something},
    "greeting": {"previousTaken": a_number, "previousSent": a_number},
    "message": {"text": a_text, "bytes": some_bytes},
}


# Decoding: frames


def read_integer(digits: str) -> object:
    """An integer in range, or what no field accepts; a sign is never needed."""
    if digits.startswith("-") or len(digits) > len(str(MAX_NUMBER)):
        return Unfit()
    return int(digits) if int(digits) <= MAX_NUMBER else Unfit()


def refuse_constant(name: str) -> object:
    """`NaN` and the infinities, which Python reads and JSON does not have."""
    raise malformed(f"{name} is not JSON")


def read_array(frame: str) -> list[object]:
    """The elements of a frame, objects as `Members`, nothing else checked."""
    try:
        value = json.loads(
            frame,
            object_pairs_hook=Members,
            parse_float=lambda _: Unfit(),
            parse_int=read_integer,
            parse_constant=refuse_constant,
        )
    except (ValueError, RecursionError):
        raise malformed("a frame is not JSON") from None
    if type(value) is not list or not value:
        raise malformed("a frame is not an array of records")
    if len(value) > MAX_RECORDS:
        raise Refusal(TOO_LARGE, "too many records in a frame")
    return value


def type_of(element: object) -> str:
    """The `type` of a record, which must have one."""
    if not isinstance(element, Members):
        raise malformed("a record is not an object")
    types = [value for name, value in element if name == "type"]
    if len(types) != 1 or type(types[0]) is not str:
        raise malformed("a record has no single type")
    return types[0]


def read_record(kind: str, members: Members) -> Record:
    """One record of a known type, every member checked."""
    record: Record = {}
    required = REQUIRED[kind]
    known = required | OPTIONAL.get(kind, {})
    for name, value in members:
        if name in record:
            raise malformed(f"a member of {kind} is doubled")
        if name == "type":
            record[name] = kind
        elif name in known:
            record[name] = known[name](value)
        else:
            raise malformed(f"{kind} has an unknown member")
    if not required.keys() <= record.keys():
        raise malformed(f"{kind} lacks a member")
    check_together(record)
    return record


def check_together(record: Record) -> None:
    """What is to be said of the members of one record with each other."""
    match record["type"]:
        case "message" if ("text" in record) == ("bytes" in record):
            raise malformed("a message needs either a text or bytes")
        case "bye" if not record["again"] and (record["afterMs"] or record["spreadMs"]):
            raise malformed("a bye says when to come back, and not to")
        case "greeting" if ("previousTaken" in record) != ("previousSent" in record):
            raise malformed("half of what became of the previous epoch")


def read_element(element: object) -> Record | None:
    """One record of a frame; nothing if it is to be skipped."""
    kind = type_of(element)
    if kind.startswith("?"):
        return None
    if kind not in REQUIRED:
        raise Refusal(UNKNOWN_TYPE, "a record of an unknown type")
    return read_record(kind, element)


def read_frame(frame: str) -> list[Record]:
    """The records of a frame without those that are to be skipped."""
    records = [read_element(element) for element in read_array(frame)]
    return [record for record in records if record is not None]


def check_version(element: object) -> None:
    """Refuse a `hello` of another version, whatever else it says."""
    if type_of(element) != "hello":
        return
    versions = [value for name, value in element if name == "version"]
    if len(versions) == 1 and a_number(versions[0]) != VERSION:
        raise Refusal(OTHER_VERSION, "only version 1 is spoken here")


def read_first_frame(frame: str) -> Record:
    """The `hello` of a frame that must have nothing else but records that are to be skipped."""
    if utf8_size(frame) > MAX_HELLO_BYTES:
        raise Refusal(TOO_LARGE, "a first frame over 16 KiB")
    for element in read_array(frame):
        check_version(element)
    records = read_frame(frame)
    if [record["type"] for record in records] != ["hello"]:
        raise Refusal(NOT_ALLOWED_HERE, "a first frame has one hello and nothing else")
    return records[0]


# Encoding


def message_record(number: int, body: str | bytes) -> Record:
    """A message under its number."""
    if isinstance(body, str):
        return {"type": "message", "number": number, "text": body}
    return {"type": "message", "number": number, "bytes": base64.b64encode(body).decode()}


class FrameBuilder:
    """A frame that grows by records until it is full."""

    def __init__(self) -> None:
        self._records: list[str] = []
        self._bytes = 0

    def add(self, record: Record) -> None:
        """Append one record."""
        encoded = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        self._records.append(encoded)
        self._bytes += utf8_size(encoded) + 1

    @property
    def full(self) -> bool:
        """Whether the next record belongs in the next frame."""
        return self._bytes >= FULL_FRAME_BYTES or len(self._records) >= MAX_RECORDS

    def text(self) -> str | None:
        """The frame; nothing if it has no record."""
        return f"[{','.join(self._records)}]" if self._records else None
