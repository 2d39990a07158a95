"""The kinds of applications, told apart where they are mounted."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from treadle_asgi._mounts.check import check_asgi, check_wsgi
from treadle_responses import Response
from treadle_server import Application


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def asgi2(scope: Any) -> Any: ...


def wsgi(environ: Any, start_response: Any) -> Any: ...


def anything(*args: Any) -> Any: ...


class Asgi:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class Wsgi:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class WsgiClass:
    """An application that is a class: its instances are the results."""

    def __init__(self, environ: Any, start_response: Any) -> None: ...

    def __iter__(self) -> Any: ...


async def async_wsgi(environ: Any, start_response: Any) -> Any: ...


ASGI = [asgi, Asgi(), Asgi().__call__, anything, functools.partial(asgi)]
WSGI = [wsgi, Wsgi(), Wsgi().__call__, WsgiClass, anything, functools.partial(wsgi)]


@pytest.mark.parametrize("app", ASGI)
def test_asgi(app: object) -> None:
    assert check_asgi(app) is app


@pytest.mark.parametrize("app", WSGI)
def test_wsgi(app: object) -> None:
    assert check_wsgi(app) is app


REFUSED: list[tuple[Callable[[object], object], object, str]] = [
    (check_asgi, Application(), r"application of treadle: give it to app\.add_subapp\(\)"),
    (check_wsgi, Application(), r"application of treadle: give it to app\.add_subapp\(\)"),
    (check_asgi, wsgi, r"mount it with mount_wsgi\(\)"),
    (check_asgi, Wsgi(), r"mount it with mount_wsgi\(\)"),
    (check_asgi, asgi2, "ASGI 2"),
    (check_asgi, "module:app", "is not callable"),
    (check_asgi, None, "is not callable"),
    (check_wsgi, asgi, r"asynchronous.*give it to mount\(\)"),
    (check_wsgi, Asgi(), r"asynchronous.*give it to mount\(\)"),
    (check_wsgi, async_wsgi, "is asynchronous"),
    (check_wsgi, asgi2, "takes other arguments than environ and start_response"),
    (check_wsgi, lambda scope, receive, send: None, r"takes three arguments.*give it to mount\(\)"),
    (check_wsgi, "module:app", "is not callable"),
    (check_wsgi, Response(), "is not callable"),
]


@pytest.mark.parametrize(("check", "app", "text"), REFUSED)
def test_refused(check: Callable[[object], object], app: object, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        check(app)
