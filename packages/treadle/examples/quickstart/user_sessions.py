"""User sessions: the library ``aiohttp_session``, with what it stores in an encrypted cookie.

    pip install 'aiohttp_session[secure]'

The library is written for aiohttp. ``compat.install()`` gives it treadle instead.
"""

import time

from cryptography import fernet

from treadle import compat, web

compat.install()

from aiohttp_session import get_session, setup  # noqa: E402  # behind ``compat.install()``
from aiohttp_session.cookie_storage import EncryptedCookieStorage  # noqa: E402  # as above


async def visit(request: web.Request) -> web.Response:
    # Type checkers see the library's own annotations, which name aiohttp's classes.
    session = await get_session(request)  # type: ignore[arg-type]  # see above
    last_visit = session.get("last_visit")
    session["last_visit"] = time.time()
    return web.Response(text="First visit" if last_visit is None else "Welcome back")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    # A program that is started twice must use the same key, or its sessions end.
    storage = EncryptedCookieStorage(fernet.Fernet(fernet.Fernet.generate_key()))
    setup(app, storage)  # type: ignore[arg-type]  # as above
    app.add_routes([web.get("/", visit)])
    return app
