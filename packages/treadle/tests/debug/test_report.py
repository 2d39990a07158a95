"""The facts of an error: its traceback, its values, the request and the route."""

import asyncio
from typing import NoReturn

import pytest

from treadle._debug.masking import HIDDEN
from treadle._debug.report import Report, make_report, request_facts
from treadle.web import (
    Application,
    BaseRequest,
    Handler,
    Request,
    Response,
    StreamResponse,
    middleware,
)
from treadle_testing import MemoryClient, make_mocked_request


def is_users(file: str) -> bool:
    return file == __file__


def report_of(error: BaseException) -> Report:
    return make_report(make_mocked_request("GET", "/a?token=hunter2"), error, is_users)


def fail(password: str) -> NoReturn:
    items = [1, 2]
    del items
    raise ValueError(f"no {password}")


def caught() -> BaseException:
    with pytest.raises(ValueError, match="no hunter2") as found:
        fail("hunter2")
    return found.value


def test_frames() -> None:
    error = caught()
    (failure,) = report_of(error).failures
    assert (failure.kind, failure.message, failure.link) == ("ValueError", "no hunter2", None)
    last = failure.frames[-1]
    assert (last.function, last.file, last.own) == ("fail", __file__, True)
    assert last.variables == (("password", HIDDEN),)
    line = next(each for each in last.source if each.number == last.line)
    assert line.text == '    raise ValueError(f"no {password}")'
    assert len(last.source) == 11


def test_frames_of_others_have_no_variables() -> None:
    import json

    with pytest.raises(ValueError, match="Expecting") as found:
        json.loads("{")
    (failure,) = report_of(found.value).failures
    others = [frame for frame in failure.frames if not frame.own]
    assert others
    assert all(frame.variables == () for frame in others)
    assert failure.kind == "json.decoder.JSONDecodeError"


def test_a_deep_recursion() -> None:
    def down(number: int) -> int:
        return 1 + down(number - 1) if number else 1 // 0

    with pytest.raises(ZeroDivisionError) as found:
        down(300)
    (failure,) = report_of(found.value).failures
    assert len(failure.frames) == 60
    assert dict(failure.frames[-1].variables)["number"] == "0"


def test_chains() -> None:
    def cause() -> None:
        try:
            fail("x")
        except ValueError as error:
            raise KeyError("y") from error

    def context() -> None:
        try:
            fail("x")
        except ValueError:
            raise KeyError("y")  # noqa: B904  # on purpose

    def quiet() -> None:
        try:
            fail("x")
        except ValueError:
            raise KeyError("y") from None

    for call, number, link in (
        (cause, 2, "It was caused by this exception:"),
        (context, 2, "While this exception was handled, it was raised:"),
        (quiet, 1, None),
    ):
        with pytest.raises(KeyError) as found:
            call()
        failures = report_of(found.value).failures
        assert [each.kind for each in failures] == ["KeyError", "ValueError"][:number]
        assert failures[0].link == link


def test_a_circle_ends() -> None:
    first, second = ValueError("1"), KeyError("2")
    first.__context__, second.__context__ = second, first
    assert [each.kind for each in report_of(first).failures] == ["ValueError", "KeyError"]


def test_a_group() -> None:
    error = ExceptionGroup("several", [ValueError("a"), KeyError("b")])
    failures = report_of(error).failures
    assert failures[0].link == "It is a group of 2, of which this is the first:"
    assert failures[1].message == "a"


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_notes_and_messages() -> None:
    error = ValueError("url=redis://a:hunter2@b")
    error.add_note("password='hunter2'")
    (failure,) = report_of(error).failures
    assert failure.message == f"url=redis://a:{HIDDEN}@b"
    assert failure.notes == (f"password={HIDDEN}",)
    (failure,) = report_of(Unprintable()).failures
    assert failure.message == "<its message cannot be shown: Unprintable.__str__ raises>"


def test_many_variables() -> None:
    names = {f"n{number}": number for number in range(60)}
    code = "def f():\n" + "".join(f"    {n} = {v}\n" for n, v in names.items()) + "    1 / 0\n"
    space: dict[str, object] = {}
    exec(compile(code, __file__, "exec"), space)  # a function with many names
    with pytest.raises(ZeroDivisionError) as found:
        space["f"]()  # type: ignore[operator]  # it is a function
    variables = report_of(found.value).failures[0].frames[-1].variables
    assert len(variables) == 41
    assert variables[-1] == ("...", "20 more")


def test_the_request() -> None:
    facts = dict(request_facts(make_mocked_request("POST", "/a?token=hunter2&b=1")))
    assert facts["Request"] == f"POST /a?token={HIDDEN}&b=1"
    assert facts["Protocol"] == "http, HTTP/1.1"


def test_the_route() -> None:
    found: list[Report] = []

    def page(request: BaseRequest, error: BaseException) -> Response:
        found.append(make_report(request, error, is_users))
        raise error

    @middleware
    async def around(request: Request, handler: Handler) -> StreamResponse:
        return await handler(request)

    async def handler(request: Request) -> StreamResponse:
        raise ValueError("x")

    async def main() -> None:
        app = Application(middlewares=[around])
        app.router.add_get("/{name}", handler, name="named")
        async with MemoryClient(app, error_page=page) as client:
            answer = await client.get("/Ada", headers={"Authorization": "hunter2", "X-A": "b"})
            assert answer.status == 500

    asyncio.run(main())
    (report,) = found
    route = dict(report.route)
    assert route["Route"] == "GET /{name} (named 'named')"
    assert route["Handler"].startswith(f"{__name__}.test_the_route.<locals>.handler ({__file__}:")
    assert route["Variables"] == "{'name': 'Ada'}"
    assert ".around (" in route["Middlewares"]
    headers = dict(report.headers)
    assert (headers["Authorization"], headers["X-A"]) == (HIDDEN, "b")
    assert report.versions.startswith("treadle-server ")
