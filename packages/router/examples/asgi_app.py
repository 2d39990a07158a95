"""An ASGI application on the router: 404, 405 with Allow, OPTIONS, a redirect to a final slash.

pip install uvicorn
uvicorn asgi_app:app
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from treadle_router import Match, MethodNotAllowed, NotFound, Router

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Handler = Callable[["Match[Any]"], str]

router = Router[Handler]()
router.add_get("/users/{id!int}", lambda match: f"user {match.param('id', int)}\n", name="user")
router.add_get("/", lambda _: f"try {router.url_for('user', id=7)}\n")
router.add_get("/docs/", lambda _: "documents\n")
tenants = Router[Handler]()
tenants.add_get("/", lambda match: f"tenant {match.param('tenant', str)}\n")
router.add_host("{tenant}.localhost", tenants)
matcher = router.freeze()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    headers = dict(scope["headers"])
    # ``raw_path``, because ``path`` is decoded: an escaped slash would split a segment.
    found = matcher.match(
        scope["method"],
        scope["raw_path"].decode("ascii", "replace"),
        host=headers.get(b"host", b"").decode("latin-1"),
    )
    match found:
        case Match(handler):
            status, more, text = 200, [], handler(found)
        case MethodNotAllowed(allowed):
            status = 204 if scope["method"] == "OPTIONS" else 405
            more, text = [(b"allow", ", ".join(sorted(allowed)).encode())], ""
        case NotFound(redirect=str(path)):
            query = scope["query_string"]
            location = path.encode() + (b"?" + query if query else b"")
            status, more, text = 308, [(b"location", location)], ""
        case _:
            status, more, text = 404, [], "not found\n"
    fields = [(b"content-type", b"text/plain; charset=utf-8"), *more]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": text.encode()})
