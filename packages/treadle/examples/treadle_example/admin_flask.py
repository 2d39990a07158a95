"""The admin as an application of Flask: it lists users and notes, and deletes them.

It knows nothing of treadle. Its functions run in threads, so each request has a connection to
SQLite of its own, and uses the same functions as the rest of the application.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask, Response, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

import treadle_asgi  # noqa: F401  # without it there is no mount for this application

from .store import attachments, notes, users
from .store.database import connect, transaction
from .store.users import User

__all__ = ["make_admin"]


def make_admin(
    database: Path, files: Path, url: Callable[[str], str], who: Callable[[], User]
) -> Flask:
    """Return the application.

    ``url`` makes the addresses of the pages around it, and ``who`` returns the admin who asks.
    """
    app = Flask(__name__)

    @contextlib.contextmanager
    def connected() -> Iterator[sqlite3.Connection]:
        with contextlib.closing(connect(database)) as connection, transaction(connection):
            yield connection

    @app.context_processor
    def names() -> dict[str, object]:
        return {"url": url, "user": who()}

    @app.after_request
    def keep_out_of_caches(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def lists() -> str:
        with connected() as connection:
            values = {"users": users.listed(connection), "notes": notes.all_titles(connection)}
        return render_template("admin.html", url_in_admin=url_for, path="/admin", **values)

    @app.post("/users/<int:number>/delete")
    def delete_user(number: int) -> BaseResponse:
        if number == who().id:
            abort(409, "You cannot delete yourself")
        with connected() as connection:
            gone = users.delete(connection, number)
        attachments.remove_files(files, gone)
        return redirect(url_for("lists"), 303)

    @app.post("/notes/<int:number>/delete")
    def delete_note(number: int) -> BaseResponse:
        with connected() as connection:
            gone = notes.delete(connection, number)
        attachments.remove_files(files, gone)
        return redirect(url_for("lists"), 303)

    return app
