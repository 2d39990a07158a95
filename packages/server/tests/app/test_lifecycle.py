"""The freezing of an application at its start, and the order of start and end."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import Application, Handler, Request


async def middleware(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


async def receiver(*_: object) -> None:
    pass


async def hello(request: Request) -> Response:
    return Response()


ADDITIONS: list[tuple[str, Callable[[Application], object]]] = [
    ("middleware", lambda app: app.middlewares.append(middleware)),
    ("on_startup", lambda app: app.on_startup.append(receiver)),
    ("on_shutdown", lambda app: app.on_shutdown.append(receiver)),
    ("on_cleanup", lambda app: app.on_cleanup.append(receiver)),
    ("on_response_prepare", lambda app: app.on_response_prepare.append(receiver)),
    ("route", lambda app: app.router.add_get("/", hello)),
    ("sub-application", lambda app: app.add_subapp("/sub", Application())),
]


@pytest.mark.parametrize("add", [row[1] for row in ADDITIONS], ids=[row[0] for row in ADDITIONS])
@pytest.mark.parametrize("inner", [False, True], ids=["itself", "inside another"])
def test_nothing_is_added_behind_freeze(add: Callable[[Application], object], inner: bool) -> None:
    app = Application()
    top = app
    if inner:
        top = Application()
        top.add_subapp("/inner", app)
    top.freeze()
    assert app.frozen
    assert app.pre_frozen
    with pytest.raises(RuntimeError):
        add(app)
    # Freezing is done once and asked for often.
    top.freeze()
    top.pre_freeze()


def test_a_tree_starts_and_ends_in_order() -> None:
    told: list[str] = []

    def application(name: str) -> Application:
        app = Application()

        async def context(_: Application) -> AsyncIterator[None]:
            told.append(f"{name} enters")
            yield
            told.append(f"{name} leaves")

        def note(what: str) -> Callable[[Application], object]:
            async def tell(given: Application) -> None:
                assert given is app
                told.append(f"{name} {what}")

            return tell

        app.cleanup_ctx.append(context)
        app.on_startup.append(note("starts"))  # type: ignore[arg-type]  # async, as note's type does not say
        app.on_shutdown.append(note("stops"))  # type: ignore[arg-type]  # as above
        app.on_cleanup.append(note("cleans"))  # type: ignore[arg-type]  # as above
        return app

    async def main() -> None:
        top, inner = application("top"), application("inner")
        top.add_subapp("/inner", inner)
        await top.startup()
        await top.shutdown()
        await top.cleanup()

    asyncio.run(main())
    starts = ["top enters", "top starts", "inner enters", "inner starts"]
    assert [step for step in told if step in starts] == starts
    assert told[4:6] == ["top stops", "inner stops"]
    assert set(told[6:]) == {"top leaves", "top cleans", "inner leaves", "inner cleans"}
    assert told.index("top leaves") < told.index("top cleans")
    assert told.index("inner leaves") < told.index("inner cleans")


def test_the_contexts_are_receivers_of_the_signals() -> None:
    app = Application()
    assert (len(app.on_startup), len(app.on_cleanup), len(app.on_shutdown)) == (1, 1, 0)
    app.on_startup.append(receiver)
    assert app.on_startup[1] is receiver


def test_after_a_failed_start_the_contexts_are_left_only() -> None:
    seen: list[str] = []

    async def context(app: Application) -> AsyncIterator[None]:
        yield
        seen.append("left")

    async def fail(app: Application) -> None:
        raise OSError("no database")

    async def clean(app: Application) -> None:
        raise AssertionError("it expects what the start would have made")

    async def main() -> None:
        app = Application()
        app.cleanup_ctx.append(context)
        app.on_startup.append(fail)
        app.on_cleanup.append(clean)
        with pytest.raises(OSError, match="no database"):
            await app.startup()
        await app.cleanup()

    asyncio.run(main())
    assert seen == ["left"]


def test_one_application_for_two_domains() -> None:
    top, sub = Application(), Application()
    started: list[Application] = []

    async def start(app: Application) -> None:
        started.append(app)

    sub.on_startup.append(start)
    top.add_domain("a.org", sub)
    top.add_domain("b.org", sub)
    with pytest.raises(RuntimeError, match="is part of"):
        top.add_subapp("/sub", sub)
    with pytest.raises(RuntimeError, match="is part of"):
        Application().add_domain("c.org", sub)
    asyncio.run(top.startup())
    assert started == [sub]
    assert len(top.router.resources()) == 2
