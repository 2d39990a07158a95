"""Exceptions: each status from 200 to 511 has one, and raising it ends the request with it."""

import inspect

from treadle import web


def make(name: str) -> web.HTTPException:
    """Return an exception by its class name, with the arguments that its class needs."""
    cls = getattr(web, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, web.HTTPException)) or cls.status_code < 0:
        return web.HTTPNotFound(text=f"There is no exception called {name}")
    if issubclass(cls, web.HTTPMove):
        return cls("/moved")
    if issubclass(cls, web.HTTPMethodNotAllowed):
        return cls("GET", ["POST", "PUT"])
    if issubclass(cls, web.HTTPRequestEntityTooLarge):
        return cls(1024, 2048)
    if issubclass(cls, web.HTTPUnavailableForLegalReasons):
        return cls("https://example.org/ruling")
    error: web.HTTPException = cls()
    return error


async def raise_it(request: web.Request) -> web.Response:
    raise make(request.match_info["name"])


async def own_text(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(
        text="Members only", reason="Sorry", headers={"X-Join": "/join"}, content_type="text/plain"
    )


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/raise/{name}", raise_it), web.get("/own", own_text)])
    return app
