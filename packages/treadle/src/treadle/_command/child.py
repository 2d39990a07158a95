"""The process of ``treadle dev`` that serves: started anew after each change.

It gets the command line of ``treadle dev`` and, in an environment variable, the descriptors of the
sockets that the parent has bound. What cannot be imported or started is served as a page with the
traceback, until the next change: a request never waits for a repair without a word.
"""

import argparse
import asyncio
import functools
import json
import os
import signal
import socket
import ssl
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NoReturn, TypedDict, cast

from treadle._debug.choice import preferred
from treadle._debug.install import error_page, near_routes
from treadle._debug.pages import problem_html
from treadle.web import Application, Request, Response, html_response
from treadle_server import AppRunner
from treadle_server.interfaces import LoopName, SharedSite, new_loop, serve_with_arguments

from .check import QUICK_CHECKS, problems
from .entry import EntryError, find_entry
from .faults import complain, is_users, own_part, shown_traceback
from .life import follow
from .listing import rows_of, table
from .loader import Loader, tell
from .logs import configure_logs
from .parser import Parser
from .run import server_settings
from .source import ImportFailedError

__all__ = ["VARIABLE", "Handover", "serve_child"]

#: The environment variable with the ``Handover``.
VARIABLE: Final = "TREADLE_DEV"

#: Seconds that handlers have to end before a reload: a developer waits for it.
_STOP_TIME: Final = 2.0
#: Seconds in which the connections that are there get an answer to what they have just sent.
_LAST_REQUESTS: Final = 0.3

#: Lines of the stack that the warning of a coroutine shows.
_ORIGIN_DEPTH: Final = 3
#: Seconds after which a child is killed whose parent has ended.
_ORPHAN_TIME: Final = 5.0

#: What ``serve_with_arguments`` gives for a runner; the rest says where to listen.
_OF_RUNNERS: Final = ("trusted_proxies", "proxy_protocol")


class Handover(TypedDict):
    """What the parent tells its child."""

    #: The descriptors of the listening sockets; none where they cannot be inherited.
    fds: list[int]
    #: A descriptor to read: it ends with the parent. None where it cannot be inherited.
    life: int | None
    #: The files whose change has led to this start; [] at the first one.
    changed: list[str]
    #: The seconds since the epoch at which it was seen.
    since: float
    address: str
    #: A sentence that is served in place of the application: the last child has ended by itself.
    problem: str | None


def _announce(
    handover: Handover, made: list[Application], problem: str | None, folder: Path
) -> Callable[[str], None]:
    def say(_text: str) -> None:
        took = time.time() - handover["since"]
        out = sys.stderr
        if handover["changed"]:
            what = ", ".join(_short(path, folder) for path in handover["changed"][:3])
            more = len(handover["changed"]) - 3
            what += f" and {more} more" if more > 0 else ""
            result = "waiting for its repair" if problem else f"reloaded in {took:.2f} s"
            out.write(f"{what} changed: {result}\n")
        elif handover["problem"] is None:
            out.write(f"Serving on {handover['address']} (Ctrl+C stops it)\n")
        if made and not handover["changed"]:
            for line in table(rows_of(made[0], folder)):
                out.write(f"  {line}\n")
        for app in made:
            for line in problems(app, QUICK_CHECKS):
                out.write(f"  ! {line}\n")
        out.flush()

    return say


def _short(path: str, folder: Path) -> str:
    return path.removeprefix(str(folder) + os.sep)


def _problem_app(text: str) -> Application:
    """An application that answers everything with what is wrong."""

    async def answer(request: Request) -> Response:
        if preferred(request.headers.get("Accept")) == "text/html":
            return html_response(problem_html(text), status=500)
        return Response(status=500, text=f"The application does not start:\n\n{text}")

    app = Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def serve_child(parser: Parser, options: argparse.Namespace, rest: list[str]) -> NoReturn:
    """Serve until a signal; what the application raises is served, not raised."""
    handover = cast("Handover", json.loads(os.environ[VARIABLE]))
    if handover["life"] is not None:
        follow(handover["life"], _ORPHAN_TIME)
    access_format = configure_logs(options.log, options.log_level)
    folder = options.app_dir.resolve()
    made: list[Application] = []

    def make() -> Application | Awaitable[Application]:
        source = Loader(parser.prog, find_entry(options.entry, folder), rest).make()
        if isinstance(source, Application):
            made.append(source)
            return source
        return wait(source)

    async def wait(source: Awaitable[Application]) -> Application:
        made.append(await source)
        return made[0]

    settings = server_settings(options, access_format)
    problem = handover["problem"]
    _show_hidden_mistakes()
    try:
        if problem is None:
            say = _announce(handover, made, None, folder)
            _serve(parser, options, handover, settings, make(), say)
        else:
            complain(parser.prog, problem)
    except EntryError as error:
        if str(error).startswith("unrecognized") and not handover["changed"]:
            # Exits: no change of a file mends the command line.
            parser.refuse_unknown(rest)
        tell(parser.prog, error)
        problem = f"{_traceback_of(error)}{error}"
    except Exception as error:  # noqa: BLE001  # whatever the start raises is shown
        raised = error.__cause__ if isinstance(error, _StartError) else error
        problem = shown_traceback(raised or error, folder)
        sys.stderr.write(problem)
        complain(parser.prog, "the application does not start")
    if problem is not None:
        say = _announce(handover, [], problem, folder)
        _serve(parser, options, handover, settings, _problem_app(problem), say)
    parser.exit()


def _show_hidden_mistakes() -> None:
    """Have Python tell of mistakes that it hides from users of a program: they are developers."""
    # A coroutine that was never awaited is told with the line that has made it.
    sys.set_coroutine_origin_tracking_depth(_ORIGIN_DEPTH)
    if not sys.warnoptions:
        warnings.filterwarnings("default", "A handler returned ", DeprecationWarning)


def _traceback_of(error: EntryError) -> str:
    if isinstance(error, ImportFailedError) and not isinstance(error.error, SystemExit):
        return shown_traceback(error.error) + "\n"
    return ""


def _serve(
    parser: Parser,
    options: argparse.Namespace,
    handover: Handover,
    settings: dict[str, Any],
    source: Application | Awaitable[Application],
    say: Callable[[str], None],
) -> None:
    settings = {
        "shutdown_timeout": _STOP_TIME,
        "debug": True,
        "error_page": error_page(is_users),
        **settings,
    }
    # A site closes what it gets, and the page of a problem needs the sockets again.
    sockets = [socket.socket(fileno=os.dup(fd)) for fd in handover["fds"]]
    run = functools.partial(_run, source, settings, sockets, say)
    serve_with_arguments(parser, options, run)


def _run(
    source: Application | Awaitable[Application],
    settings: dict[str, Any],
    sockets: list[socket.socket],
    say: Callable[[str], None],
    *,
    loop: LoopName | None = None,
    ssl_context: ssl.SSLContext | None = None,
    **given: Any,
) -> None:
    more = {name: value for name, value in given.items() if name in _OF_RUNNERS}
    try:
        with asyncio.Runner(loop_factory=functools.partial(new_loop, loop)) as runner:
            runner.run(_until_signal(source, settings | more, sockets, ssl_context, say))
    except (ValueError, ModuleNotFoundError, OSError) as error:
        if own_part(error) is not None:
            # ``serve_with_arguments`` takes these for mistakes of the command line.
            raise _StartError from error
        raise
    finally:
        for sock in sockets:
            sock.close()


async def _until_signal(
    source: Application | Awaitable[Application],
    settings: dict[str, Any],
    sockets: list[socket.socket],
    ssl_context: ssl.SSLContext | None,
    say: Callable[[str], None],
) -> None:
    app = source if isinstance(source, Application) else await source
    if not app.frozen:
        app.middlewares.insert(0, near_routes(_routes))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = AppRunner(app, **settings)
    try:
        await runner.setup()
        for sock in sockets:
            await SharedSite(runner, sock, ssl_context=ssl_context).start()
        say("")
        await stop.wait()
        await runner.retire(_LAST_REQUESTS)
    finally:
        await runner.cleanup()


def _routes(app: Application) -> list[tuple[str, str]]:
    return [
        (f"{','.join(row.methods)} {row.path}", row.handler if row.place is None else row.place)
        for row in rows_of(app)
    ]


class _StartError(Exception):
    """The application raised when it was started."""
