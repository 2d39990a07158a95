"""Applications of ASGI 3 are taken; others are refused with a sentence that says what they are."""

import functools
from typing import Any

import pytest

from treadle_asgi import Receive, Scope, Send, WebSocketSettings
from treadle_asgi._serving.check import as_application
from treadle_server import Application


async def function(scope: Scope, receive: Receive, send: Send) -> None: ...


async def anything(*args: Any) -> None: ...


class Instance:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    async def method(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def wsgi(self, environ: object, start_response: object) -> None: ...


class Endpoint:
    """As Starlette's endpoints: awaiting an instance runs it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Double:
    """An application of ASGI 2."""

    def __init__(self, scope: Scope) -> None: ...

    async def __call__(self, receive: Receive, send: Send) -> None: ...


async def with_more(scope: Scope, receive: Receive, send: Send, more: int = 0) -> None: ...


GOOD = [
    function, anything, Instance(), Instance().method, Endpoint, with_more,
    functools.partial(with_more, more=1),
]  # fmt: skip


@pytest.mark.parametrize("app", GOOD)
def test_good(app: object) -> None:
    assert as_application(app) is app


BAD = [
    (Application(), "is an application of treadle, not of ASGI: serve it with web.run_app()"),
    (None, "None is not callable, so it is no ASGI application"),
    ("module:app", "'module:app' is not callable"),
    (
        Instance().wsgi,
        "takes two arguments, as a WSGI application does: mount it with mount_wsgi()",
    ),
    (Double, "takes one argument, as an application of ASGI 2 does: wrap it with asgiref"),
    (Instance, "takes no argument: if it is a function that returns the application, give"),
    (lambda a, b, c, d: None, "takes other arguments than scope, receive and send: (a, b, c, d)"),
    (WebSocketSettings().count, "takes one argument"),
]


@pytest.mark.parametrize(("app", "text"), BAD)
def test_bad(app: object, text: str) -> None:
    with pytest.raises(TypeError) as raised:
        as_application(app)
    assert text in str(raised.value)
