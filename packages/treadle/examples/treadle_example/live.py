"""Live updates: the list of notes as an event stream, and an open note as a WebSocket.

The windows of one user are told, over channels: in this process, or through a Redis in all workers.
A page that hears nothing is not wrong, only old: a loss is no reason to refuse a change.

A list hears that it has changed, and loads itself again. The windows of a note send each other what
is typed, as ``{"title": "...", "text": "..."}``, and are told

- ``{"you": "..."}`` first, and ``{"from": "...", "title": "...", "text": "..."}`` of the others
- ``{"windows": 2}`` when one is opened or closed
- ``{"saved": 3}``: the new version, with its title and text, and ``{"deleted": true}``
"""

import contextlib
import json
import secrets

from treadle import channels, web

from .login import users_only
from .store import notes
from .store.database import DATABASE
from .store.users import User

__all__ = ["routes", "tell_deleted", "tell_list", "tell_saved"]

routes = web.RouteTableDef()


async def _tell(request: web.Request, topic: str, value: object) -> None:
    # The change is saved already: if Redis is gone, pages are only out of date.
    with contextlib.suppress(channels.ChannelsError):
        await channels.of(request).publish_json(topic, value)


async def tell_list(request: web.Request, user_id: int) -> None:
    """Tell the lists of a user that they have changed."""
    await _tell(request, f"notes:{user_id}", {})


async def tell_saved(request: web.Request, note: notes.Note) -> None:
    """Tell the windows of a note what was saved."""
    saved = {"saved": note.version, "title": note.title, "text": note.text}
    await _tell(request, f"note:{note.id}", saved)
    await tell_list(request, note.user_id)


async def tell_deleted(request: web.Request, note: notes.Note) -> None:
    """Tell the windows of a note that it is gone."""
    await _tell(request, f"note:{note.id}", {"deleted": True})
    await tell_list(request, note.user_id)


@routes.get("/notes/events", name="events_of_notes")
@users_only
async def events(request: web.Request, user: User) -> web.EventSourceResponse:
    """Send an event when the list of the user has changed."""
    return channels.of(request).event_stream(request, f"notes:{user.id}", event="changed")


@routes.get("/notes/{note:[0-9]{1,15}}/live", name="live")
@users_only
async def live(request: web.Request, user: User) -> web.WebSocketResponse:
    """Connect the windows of a note until this one is closed."""
    note = await request.app[DATABASE].read(notes.find, user.id, int(request.match_info["note"]))
    if note is None:
        raise web.HTTPNotFound
    window = web.WebSocketResponse(
        # Only pages of this site may connect, and a heartbeat finds windows that have vanished.
        origins=web.AllowedOrigins(same_host=True),
        heartbeat=30,
        max_msg_size=8 * notes.MAX_TEXT,
    )
    await window.prepare(request)
    name, topic = secrets.token_hex(8), f"note:{note.id}"
    room = channels.of(request)
    await window.send_json({"you": name})
    await room.join(window, topic)
    try:
        async with room.present(topic, name):
            await _tell_windows(room, topic)
            async for message in window:
                typed = _typed(message)
                if typed is None:
                    await window.close(code=web.WSCloseCode.UNSUPPORTED_DATA, message=b"not ours")
                    break
                await room.publish_json(topic, {"from": name, **typed})
    finally:
        # The application may stop, or Redis be gone.
        with contextlib.suppress(channels.ChannelsError):
            await _tell_windows(room, topic)
    return window


async def _tell_windows(room: channels.WebChannels, topic: str) -> None:
    await room.publish_json(topic, {"windows": len(await room.members(topic))})


def _typed(message: web.WSMessage) -> dict[str, str] | None:
    """Return what is typed in another window; None if our page did not send it."""
    if message.type is not web.WSMsgType.TEXT:
        return None
    try:
        said = json.loads(message.data)
        title, text = said["title"], said["text"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(title, str) or not isinstance(text, str):
        return None
    return {"title": title[: notes.MAX_TITLE], "text": text[: notes.MAX_TEXT]}
