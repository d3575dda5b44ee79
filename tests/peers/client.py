"""The `websockets` client against Keepline's server: `python client.py STORY http://HOST:PORT`.

Exits with 0 if the server answered as its documentation says, else with the wrong answer.
"""

import json
import sys
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

ANSWER_WITHIN = 30.0
MIB = 1024 * 1024


def say(socket: ClientConnection, **message: object) -> None:
    """Send one JSON message."""
    socket.send(json.dumps(message))


def hear(socket: ClientConnection) -> dict[str, object]:
    """Receive one JSON message."""
    return json.loads(socket.recv(ANSWER_WITHIN))


def expect(got: object, wanted: object) -> None:
    """End with a sentence if the server said something else."""
    if got != wanted:
        sys.exit(f"the server answered {got!r}, not {wanted!r}")


def expect_close(socket: ClientConnection, code: int) -> None:
    """Read to the end of the connection, and look at its close code."""
    try:
        while True:
            socket.recv(ANSWER_WITHIN)
    except ConnectionClosed as closed:
        expect(closed.rcvd.code if closed.rcvd else None, code)


def echo(server: str) -> None:
    """Text comes back as text and binary as binary, small and large."""
    with connect(f"{server}/echo", max_size=None) as socket:
        small = ["", "grüße, 世界 🦀", b"", bytes(range(256))]
        for message in [*small, "x" * MIB, b"\0" * (11 * MIB)]:
            socket.send(message)
            expect(socket.recv(ANSWER_WITHIN), message)


def chat(server: str) -> None:
    """Everybody else in the room hears who comes, what is said, and who goes."""
    with connect(f"{server}/chat/library?name=Ada") as ada:
        welcome = {"type": "welcome", "room": "library", "you": "Ada", "people": ["Ada"]}
        expect(hear(ada), welcome)
        with connect(f"{server}/chat/library?name=Bob") as bob:
            expect(hear(bob)["people"], ["Ada", "Bob"])
            expect(hear(ada), {"type": "joined", "name": "Bob"})
            say(bob, type="say", text="<b>hello</b>")
            said = hear(ada)
            expect((said["type"], said["name"], said["text"]), ("said", "Bob", "<b>hello</b>"))
        expect(hear(ada), {"type": "left", "name": "Bob"})


def task_runner(server: str) -> None:
    """A task reports until it is done; a wrong request gets an error, and the socket stays."""
    with connect(f"{server}/task-runner") as socket:
        say(socket, task="no such task", inputs={})
        expect(hear(socket)["status"], "error")
        socket.send("this is not JSON")
        expect(hear(socket)["status"], "error")
        say(socket, task="sum", inputs={"numbers": [1, 2, 3]})
        started = hear(socket)
        expect(started["status"], "started")
        expect(started["run_id"] in started["url"], True)
        update = hear(socket)
        while update["status"] == "running":
            update = hear(socket)
        expect(update["status"], "done")
        expect(update["run_id"], started["run_id"])


def too_large(server: str) -> None:
    """A message over the limit closes with 1009, and harms nobody else."""
    with connect(f"{server}/echo") as other, connect(f"{server}/echo") as socket:
        try:
            socket.send(b"\0" * (12 * MIB + 1))
        except ConnectionClosed:
            pass
        expect_close(socket, 1009)
        other.send("still here")
        expect(other.recv(ANSWER_WITHIN), "still here")


def hello(server: str) -> None:
    """A greeting, then a normal close."""
    with connect(f"{server}/hello") as socket:
        expect(bool(socket.recv(ANSWER_WITHIN)), True)
        expect_close(socket, 1000)


def items(server: str) -> None:
    """A token opens the door; without one it is closed with 1008."""
    with connect(f"{server}/items/7/ws") as stranger:
        expect_close(stranger, 1008)
    with connect(f"{server}/items/7/ws?token=secret&q=3") as guest:
        guest.send("lamp")
        answers = [guest.recv(ANSWER_WITHIN) for _ in range(3)]
        expect("3" in answers[1], True)
        expect("lamp" in answers[2] and "7" in answers[2], True)


STORIES: dict[str, Callable[[str], None]] = {
    story.__name__: story for story in (echo, chat, task_runner, too_large, hello, items)
}

if __name__ == "__main__":
    name, address = sys.argv[1:]
    STORIES[name](address.replace("http://", "ws://", 1))
