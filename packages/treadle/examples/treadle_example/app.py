"""Notes with logins: an application that shows the parts of treadle together.

    treadle run treadle_example.app:init_func
    treadle dev treadle_example.app:init_func

It needs Jinja2, and Flask for its admin. With ``--workers 2 --redis redis://localhost:6379/0`` all
workers share live updates, the chat and the limits; they share the database in any case.
"""

import argparse
import os
from pathlib import Path

from treadle import channels, limits, web

from . import accounts, admin, api, attachments, chat, guard, live, notes, sharing, tour
from .errors import error_pages
from .login import know_user
from .pages import TEMPLATES, environment
from .passwords import Passwords
from .store.attachments import FILES
from .store.database import DATABASE, Database, keep_open

__all__ = ["default_database", "init_func", "make_app"]

_STATIC = Path(__file__).parent / "static"


def default_database() -> Path:
    """Return the file for a program without ``--database``: one in the data folder of the user."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "treadle-example" / "notes.sqlite"


def make_app(*, database: Path | None = None, redis: str | None = None) -> web.Application:
    """Return a new application.

    ``database`` is the file of SQLite; the files of notes are in a folder beside it. ``redis`` is
    the URL of the Redis that carries live updates and counts for limits; None keeps both in this
    process.
    """
    # The first one is the outermost: it has a page for the errors of all others.
    app = web.Application(middlewares=[error_pages, guard.same_origin, know_user])
    app.on_response_prepare.append(guard.add_fields)
    path = database or default_database()
    app[DATABASE] = Database(path)
    app[FILES] = path.with_name(path.name + ".files")
    app[TEMPLATES] = environment()
    app[accounts.PASSWORDS] = Passwords()
    # Opened in this order, and closed in the other one.
    app.cleanup_ctx.append(keep_open)
    channels.setup(app, channels.RedisPubSubBackend(redis) if redis else channels.MemoryBackend())
    app.cleanup_ctx.append(chat.keep_history)
    limits.setup(app, limits.RedisStore(redis) if redis else limits.MemoryStore())
    for part in (accounts, live, notes, attachments, sharing, api, chat, tour):
        app.add_routes(part.routes)
    admin.setup(app)
    app.add_routes(_health().routes())
    # Browsers keep the files, and ask each time if they have changed.
    app.router.add_static("/static", _STATIC, name="static", cache_control="no-cache")
    return app


def _health() -> web.Health:
    async def database(app: web.Application) -> None:
        await app[DATABASE].read(lambda connection: connection.execute("SELECT 1").fetchone())

    health = web.Health()
    health.add_check("database", database)
    return health


def init_func(arguments: list[str]) -> web.Application:  # the CLI's signature
    """Return the application for a command line."""
    parser = argparse.ArgumentParser(prog="treadle_example")
    parser.add_argument(
        "--database", metavar="PATH", type=Path, default=default_database(),
        help="the file of SQLite, by default %(default)s",
    )  # fmt: skip
    parser.add_argument("--redis", metavar="URL", help="live updates and limits of all workers")
    options = parser.parse_args(arguments)
    return make_app(database=options.database, redis=options.redis)
