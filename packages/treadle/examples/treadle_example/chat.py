"""A chat: each tab has a WebSocket, and a message of one tab goes to all.

Tabs send and receive JSON objects like ``{"name": "Ada", "text": "Hello"}``. They also receive
``{"online": 2}`` when a tab joins or leaves.
"""

import json
from collections import deque

from treadle import web

from . import pages

__all__ = ["HISTORY", "TABS", "routes"]

#: The open WebSockets.
TABS = web.AppKey("tabs", set[web.WebSocketResponse])
#: The last messages, for tabs that join later; bounded, because any visitor may write.
HISTORY = web.AppKey("history", deque[str])

_MAX_LENGTH = 500

routes = web.RouteTableDef()


@routes.get("/chat", name="chat")
async def chat(request: web.Request) -> web.Response:
    """Show the page; its script opens the WebSocket below."""
    return web.Response(
        text=pages.chat_page(str(request.app.router["talk"].url_for())), content_type="text/html"
    )


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
    tabs, history = request.app[TABS], request.app[HISTORY]
    for line in history:
        await tab.send_str(line)
    tabs.add(tab)
    try:
        await _tell(tabs, json.dumps({"online": len(tabs)}))
        async for message in tab:
            if message.type is not web.WSMsgType.TEXT:
                continue
            said = _line(message.data)
            if said is None:
                await tab.close(code=web.WSCloseCode.UNSUPPORTED_DATA, message="not our JSON")
                break
            history.append(said)
            await _tell(tabs, said)
    finally:
        tabs.discard(tab)
        await _tell(tabs, json.dumps({"online": len(tabs)}))
    return tab


async def _tell(tabs: set[web.WebSocketResponse], line: str) -> None:
    # A slow tab is closed; its script reconnects and gets the history.
    await web.broadcast(tabs, line, slow="close")


def _line(text: str) -> str | None:
    """Return the message of a tab as it is forwarded; None if our page did not send it."""
    try:
        said = json.loads(text)
        name, words = said["name"], said["text"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(name, str) or not isinstance(words, str):
        return None
    return json.dumps({"name": name[:_MAX_LENGTH] or "nobody", "text": words[:_MAX_LENGTH]})
