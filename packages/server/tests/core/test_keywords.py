"""Misspelt keyword arguments, at every door of the server that takes keywords."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from testkit import run_on
from treadle_server import (
    Application,
    AppRunner,
    RouteTableDef,
    SockSite,
    StaticResource,
    TCPSite,
    UnixSite,
    get,
    static,
)
from treadle_server._core.config import ServerConfig
from treadle_server._core.keywords import check_keywords, keywords_of, suggest_keywords

run = run_on("asyncio")

Call = Callable[..., object]


def in_loop(call: Callable[[AppRunner], object]) -> Call:
    """Make a call with a runner that is set up, inside an event loop."""

    def do(**keywords: object) -> None:
        async def main() -> None:
            runner = AppRunner(Application())
            await runner.setup()
            try:
                call(runner)(**keywords)  # type: ignore[operator]  # a partial of a class
            finally:
                await runner.cleanup()

        run(main())

    return do


def partial(function: Callable[..., Any], *arguments: Any) -> Call:
    return lambda **keywords: function(*arguments, **keywords)


async def handler(request: object) -> Any:
    """Never called."""


# The door, a misspelt keyword, the right one, and the name of the door in the sentence.
DOORS: list[tuple[str, Call, str, str]] = [
    ("Application()", Application, "middleware", "middlewares"),
    ("Application()", Application, "client_max_sise", "client_max_size"),
    ("TCPSite()", in_loop(lambda runner: partial(TCPSite, runner)), "prot", "port"),
    ("TCPSite()", in_loop(lambda runner: partial(TCPSite, runner)), "ssl", "ssl_context"),
    ("UnixSite()", in_loop(lambda runner: partial(UnixSite, runner, "x")), "backlock", "backlog"),
    (
        "SockSite()",
        in_loop(lambda runner: partial(SockSite, runner, None)),
        "ssl_contex",
        "ssl_context",
    ),
    ("StaticResource()", partial(StaticResource, "/s", "."), "show_indx", "show_index"),
    ("static()", partial(static, "/s", "."), "follow_symlink", "follow_symlinks"),
    ("static()", partial(RouteTableDef().static, "/s", "."), "show_idx", "show_index"),
    (
        "StaticResource()",
        partial(Application().router.add_static, "/s", "."),
        "append_vers",
        "append_version",
    ),
    ("", partial(Application().router.add_get, "/", handler), "nam", "name"),
    (
        "",
        lambda **wrong: Application().add_routes([get("/", handler, **wrong)]),
        "expect_handlr",
        "expect_handler",
    ),
    (
        "ServerConfig.from_kwargs()",
        lambda **wrong: ServerConfig.from_kwargs(wrong),
        "debg",
        "debug",
    ),
]


@pytest.mark.parametrize(("where", "call", "wrong", "right"), DOORS)
def test_a_misspelt_keyword(where: str, call: Call, wrong: str, right: str) -> None:
    sentence = f"{where} got an unexpected keyword argument {wrong!r}. Did you mean {right!r}?"
    with pytest.raises(TypeError, match=re.escape(sentence)):
        call(**{wrong: 1})


def test_a_keyword_without_a_neighbour_lists_those_known() -> None:
    with pytest.raises(TypeError, match=r"f\(\) got .* 'zzz'\. Known: a, b\."):
        check_keywords(["a", "zzz"], ["b", "a"], "f()")
    check_keywords(["a"], ["a"], "f()")


def test_the_function_stays_as_it_is() -> None:
    def function(first: int, /, second: int, *rest: int, third: int = 3) -> tuple[int, ...]:
        """Return the arguments."""
        return (first, second, *rest, third)

    checked = suggest_keywords("function()")(function)
    assert keywords_of(function) == keywords_of(checked) == {"second", "third"}
    assert (checked.__doc__, checked.__name__) == ("Return the arguments.", "function")
    assert checked(1, 2, 5, third=4) == (1, 2, 5, 4)
    with pytest.raises(TypeError, match="missing 1 required"):
        checked(1)  # type: ignore[call-arg]  # the mistake under test
