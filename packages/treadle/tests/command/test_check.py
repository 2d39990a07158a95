"""`treadle check`: each mistake in the wiring has its sentence."""

import asyncio
import functools
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from treadle._command.check import CHECKS, problems
from treadle._command.main import main
from treadle.web import AppKey, Application, Request, Response, View

Write = Callable[..., Path]


async def hello(request: Request) -> Response:
    return Response()


def plain(request: Request) -> Response:
    return Response()


async def without_request() -> Response:
    return Response()


class Empty(View):
    pass


class Plain(View):
    def get(self) -> Response:
        return Response()


class Templates:
    """The part of a Jinja environment that is looked at."""

    class loader:
        searchpath = ("/nonexistent",)

    def list_templates(self) -> list[str]:
        return ["good.html", "bad.html"]

    def get_template(self, name: str) -> None:
        if name == "bad.html":
            raise ValueError("line 3")


class Unlisted(Templates):
    def list_templates(self) -> list[str]:
        raise TypeError("this loader cannot iterate over all templates")


KEY = AppKey("KEY", object)


def in_thread(function: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(function)
    async def handle(request: Request) -> Response:
        return await asyncio.to_thread(function, request)

    return handle


def test_a_good_application(tmp_path: Path) -> None:
    (tmp_path / "a.css").touch()
    app = Application()
    app.router.add_get("/", hello)
    # What is inside of a decorator is its own matter.
    app.router.add_get("/thread", in_thread(plain))
    app.router.add_static("/static", tmp_path)
    assert problems(app) == []


def test_mistakes(tmp_path: Path) -> None:
    app = Application()
    app.router.add_get("/{a}", hello)
    app.router.add_get("/{b}", hello)
    app.router.add_view("/x/empty", Empty)
    app.router.add_view("/x/plain", Plain)
    with pytest.warns(DeprecationWarning, match="use async ones"):
        app.router.add_get("/x/y", plain)  # type: ignore[arg-type]  # the mistake
    app.router.add_get("/x/none", without_request)  # type: ignore[arg-type]  # the mistake
    (tmp_path / "gone").mkdir()
    (tmp_path / "empty").mkdir()
    app.router.add_static("/gone", tmp_path / "gone")
    app.router.add_static("/files", tmp_path / "empty")
    shutil.rmtree(tmp_path / "gone")
    app[KEY] = Templates()
    found = problems(app)
    for sentence in (
        "no request finds GET /{b} (",
        "the view",
        "at /x/empty has no method such as get() or post()",
        "the method get() of the view Plain is not async",
        "the handler plain (",
        "the route /x/none: a handler is called with one argument, the request, but this one is ",
        f"static files at /gone: there is no folder {tmp_path / 'gone'}",
        f"static files at /files: the folder {tmp_path / 'empty'} is empty",
        "there is no folder of templates /nonexistent",
        "the template 'bad.html' cannot be used: ValueError: line 3",
    ):
        assert any(sentence in line for line in found), (sentence, found)
    assert len(found) == 9


def test_an_application_without_routes() -> None:
    assert problems(Application()) == [
        "the application has no routes: did you forget app.add_routes()?"
    ]


def test_templates_that_cannot_be_listed() -> None:
    app = Application()
    app.router.add_get("/", hello)
    app[KEY] = Unlisted()
    assert problems(app) == ["there is no folder of templates /nonexistent"]


def test_a_decorator_that_says_what_it_returns() -> None:
    from collections.abc import Awaitable

    def later(request: Request) -> Awaitable[Response]:
        return hello(request)

    app = Application()
    with pytest.warns(DeprecationWarning, match="use async ones"):
        app.router.add_get("/", later)
    assert problems(app) == []


def test_each_check_says_what_it_looks_for() -> None:
    assert all(check.__doc__ for check in CHECKS)


APP = """
from treadle import web
async def hello(request): ...
async def start(app): {}
app = web.Application()
app.router.add_get("/", hello)
app.on_startup.append(start)
"""


@pytest.mark.parametrize(
    ("body", "arguments", "status", "text"),
    [
        ("1 / 0", (), 0, "no mistakes found in 1 route\n"),
        ("pass", ("--start",), 0, "no mistakes found in 1 route\n"),
        ("1 / 0", ("--start",), 1, "! it does not start: ZeroDivisionError: division by zero\n"),
    ],
)
def test_the_command(
    write: Write,
    capsys: pytest.CaptureFixture[str],
    body: str,
    arguments: tuple[str, ...],
    status: int,
    text: str,
) -> None:
    write("app.py", APP.format(body))
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    assert caught.value.code == status
    out = capsys.readouterr()
    assert out.out == text
    assert ('File "app.py", line 4, in start' in out.err) is (status == 1)
