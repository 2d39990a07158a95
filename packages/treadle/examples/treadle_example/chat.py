"""A chat for everyone: each tab has a WebSocket, and a message of one tab goes to all.

Tabs send and receive JSON objects like ``{"name": "Ada", "text": "Hello"}``. They also receive
``{"online": 2}`` when a tab joins or leaves. Messages go over channels: with the backend in memory
these are the tabs of one process; with Redis, those of all workers and machines. A browser without
JavaScript sends a form, and sees what was said when it loads the page.
"""

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator

from treadle import channels, limits, web

from .forms import texts
from .pages import page

__all__ = ["HISTORY", "keep_history", "routes"]

#: The last messages that this process has seen, for tabs that join later; bounded, because any
#: visitor may write.
HISTORY = web.AppKey("history", deque[str])

_ROOM = "chat"
_MAX_LENGTH = 500
_MAX_HISTORY = 100

routes = web.RouteTableDef()


async def keep_history(app: web.Application) -> AsyncIterator[None]:
    """Listen to the chat: a cleanup context, for behind the setup of the channels."""
    history = app[HISTORY] = deque(maxlen=_MAX_HISTORY)

    async def keep() -> None:
        async for item in messages:
            # A gap, or who is online, is of no use later.
            if isinstance(item, channels.Message) and _line(item.data) is not None:
                history.append(str(item.data))

    async with channels.of(app).subscribe(_ROOM) as messages:
        task = asyncio.create_task(keep())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@routes.get("/chat", name="chat")
async def show(request: web.Request) -> web.Response:
    """Show the page; its script opens the WebSocket below."""
    history = request.app[HISTORY]
    lines = [json.loads(line) for line in reversed(history)]
    backend = channels.of(request).backend.description
    return page(request, "chat.html", lines=lines, backend=backend)


@routes.post("/chat")
@limits.limited("30/minute", name="chat")
async def say(request: web.Request) -> web.Response:
    """Say what a form has, for browsers without scripts."""
    name, text = await texts(request, "name", "text")
    if text:
        said = _line(json.dumps({"name": name, "text": text}))
        try:
            await channels.of(request).publish(_ROOM, said or "")
        except channels.ChannelsError as error:
            raise web.HTTPServiceUnavailable(
                text="503: the chat has lost its Redis. Try again in a minute"
            ) from error
    raise web.HTTPSeeOther(request.app.router["chat"].url_for())


@routes.get("/chat/talk", name="talk")
async def talk(request: web.Request) -> web.WebSocketResponse:
    """Forward the messages of this tab until it leaves."""
    tab = web.WebSocketResponse(
        # Only pages of this site may connect, and a heartbeat finds peers that have left.
        origins=web.AllowedOrigins(same_host=True),
        heartbeat=30,
        max_msg_size=16 * 1024,
    )
    await tab.prepare(request)
    room = channels.of(request)
    history = request.app[HISTORY]
    earlier = list(history)
    # A tab that does not read is closed; its script reconnects and gets the history.
    await room.join(tab, _ROOM)
    for line in earlier:
        await tab.send_str(line)
    try:
        async with room.present(_ROOM, secrets.token_hex(8)):
            await _tell_online(room)
            async for message in tab:
                if message.type is not web.WSMsgType.TEXT:
                    continue
                said = _line(message.data)
                if said is None:
                    await tab.close(code=web.WSCloseCode.UNSUPPORTED_DATA, message=b"not our JSON")
                    break
                await room.publish(_ROOM, said)
    finally:
        # The application may stop, or Redis be gone.
        with contextlib.suppress(channels.ChannelsError):
            await _tell_online(room)
    return tab


async def _tell_online(room: channels.WebChannels) -> None:
    await room.publish_json(_ROOM, {"online": len(await room.members(_ROOM))})


def _line(text: str | bytes) -> str | None:
    """Return the message of a tab as it is forwarded; None if our page did not send it."""
    try:
        said = json.loads(text)
        name, words = said["name"], said["text"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(name, str) or not isinstance(words, str):
        return None
    return json.dumps({"name": name[:_MAX_LENGTH] or "nobody", "text": words[:_MAX_LENGTH]})
