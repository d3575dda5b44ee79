"""A FastAPI application of the kind that pages talk to: the far end of the plain mode's tests.

It knows nothing of Keepline. Start it with `python -m uvicorn fastapi_app:app`.
"""

import asyncio
import time
from typing import Annotated

import cbor2
import msgpack
from fastapi import Cookie, FastAPI, WebSocket, WebSocketDisconnect, status
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, ValidationError

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origin_regex=".*", allow_credentials=True)

LIFE_OF_TOKENS_SECONDS = {"good": None, "short": 0.5}


class Note(BaseModel):
    """A small typed message."""

    id: int
    text: str


class Room:
    """Everybody who listens to `/broadcast`."""

    def __init__(self) -> None:
        self.members: dict[WebSocket, str] = {}

    async def say(self, text: str) -> None:
        """Send `text` to every member, the speaker included."""
        for member in list(self.members):
            await member.send_text(text)


room = Room()


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Send back each message as it came: text as text, binary as binary."""
    await socket.accept()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") is not None:
            await socket.send_text(message["text"])
        else:
            await socket.send_bytes(message["bytes"])


@app.websocket("/notes")
async def notes(socket: WebSocket) -> None:
    """Answer each note with the same note in capitals, and what is no note with an error."""
    await socket.accept()
    async for text in socket.iter_text():
        try:
            note = Note.model_validate_json(text)
        except ValidationError as error:
            await socket.send_json({"error": str(error)})
        else:
            await socket.send_json({"id": note.id, "text": note.text.upper()})


@app.websocket("/notes/msgpack")
async def notes_in_messagepack(socket: WebSocket) -> None:
    """Answer each note with the same note in capitals, both as MessagePack."""
    await socket.accept()
    async for packed in socket.iter_bytes():
        note = Note.model_validate(msgpack.unpackb(packed))
        note.text = note.text.upper()
        await socket.send_bytes(msgpack.packb(note.model_dump()))


@app.websocket("/notes/cbor")
async def notes_in_cbor(socket: WebSocket) -> None:
    """Answer each note with the same note in capitals, both as CBOR."""
    await socket.accept()
    async for packed in socket.iter_bytes():
        note = Note.model_validate(cbor2.loads(packed))
        note.text = note.text.upper()
        await socket.send_bytes(cbor2.dumps(note.model_dump()))


@app.websocket("/items/{item_id}/ws")
async def items(
    socket: WebSocket,
    item_id: str,
    session: Annotated[str | None, Cookie()] = None,
    token: str | None = None,
    q: int | None = None,
) -> None:
    """Talk about an item to whoever shows a cookie or a token, and to nobody else."""
    await socket.accept()
    credential = session or token
    if credential is None:
        await socket.close(status.WS_1008_POLICY_VIOLATION, "no session and no token")
        return
    async for text in socket.iter_text():
        await socket.send_text(f"credential: {credential}")
        if q is not None:
            await socket.send_text(f"q: {q}")
        await socket.send_text(f"item {item_id}: {text}")


@app.websocket("/guarded")
async def guarded(socket: WebSocket, token: str | None = None) -> None:
    """Echo texts to who has a token, for as long as that holds; then close with 4401."""
    await socket.accept()
    try:
        async with asyncio.timeout(LIFE_OF_TOKENS_SECONDS.get(token, 0)):
            async for text in socket.iter_text():
                await socket.send_text(text)
    except TimeoutError:
        await socket.close(4401, "the token has expired")


@app.websocket("/refused")
async def refused(socket: WebSocket) -> None:
    """Refuse before the upgrade, which a page sees as a handshake that failed."""
    await socket.close(4401, "nobody may come in")


@app.websocket("/broadcast")
async def broadcast(socket: WebSocket, name: str) -> None:
    """Pass what anybody says on to everybody, and say who left."""
    await socket.accept()
    room.members[socket] = name
    try:
        async for text in socket.iter_text():
            await room.say(text)
    finally:
        del room.members[socket]
        await room.say(f"client {name} left")


@app.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    """Send one numbered note a second for as long as somebody listens."""
    await socket.accept()
    try:
        number = 0
        while True:
            await socket.send_json({"id": number, "text": f"{time.time():.3f}"})
            number += 1
            await asyncio.sleep(1)
    except WebSocketDisconnect:
        return


@app.websocket("/silent")
async def silent(socket: WebSocket) -> None:
    """Listen, and never say a word."""
    await socket.accept()
    async for _ in socket.iter_text():
        continue


@app.websocket("/probe")
async def probe(socket: WebSocket) -> None:
    """Answer `ping` with `pong`, and nothing else with anything."""
    await socket.accept()
    async for text in socket.iter_text():
        if text == "ping":
            await socket.send_text("pong")
