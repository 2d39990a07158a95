"""Routers with mounts: the package that mounts, and what runs with the application."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from testkit import Run
from treadle_responses import Response
from treadle_server import Application, AppRunner, MountResource, Request, UrlDispatcher
from treadle_server.interfaces import MountedPath


async def answer(request: Request, path: MountedPath) -> Response:
    return Response()


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


@pytest.mark.parametrize("method", ["mount", "mount_wsgi"])
def test_without_the_package(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # None in this table is what a package that is not installed looks like.
    monkeypatch.setitem(sys.modules, "treadle_asgi", None)
    router = Application().router
    with pytest.raises(
        ModuleNotFoundError, match=r"needs treadle-asgi: pip install treadle\[asgi\]"
    ):
        getattr(router, method)("/api", asgi)
    assert router.resources() == ()


def noting(seen: list[str], name: str) -> Any:
    async def context(app: object) -> AsyncIterator[None]:
        seen.append(f"enter {name}")
        yield
        seen.append(f"leave {name}")

    return context


def test_a_mount_runs_with_the_application(run: Run) -> None:
    seen: list[str] = []

    async def main() -> None:
        app = Application()
        app.cleanup_ctx.append(noting(seen, "first"))
        app.router.register_mount(MountResource("/a", "app", answer), noting(seen, "mount"))
        app.router.register_mount(MountResource("/b", "app", answer), None)
        app.cleanup_ctx.append(noting(seen, "last"))
        runner = AppRunner(app)
        await runner.setup()
        await runner.cleanup()
        assert len(app.router.resources()) == 2

    run(main())
    assert seen == [
        "enter first", "enter mount", "enter last", "leave last", "leave mount", "leave first",
    ]  # fmt: skip


def test_a_router_that_gets_its_application_later(run: Run) -> None:
    seen: list[str] = []
    router = UrlDispatcher()
    router.register_mount(MountResource("/a", "app", answer), noting(seen, "mount"))
    with pytest.warns(DeprecationWarning, match="router argument"):
        app = Application(router=router)
    router.register_mount(MountResource("/b", "app", answer), noting(seen, "other"))
    assert len(app.cleanup_ctx) == 2
    assert seen == []


def test_what_cannot_be_registered_does_not_run() -> None:
    app = Application()
    app.router.register_mount(MountResource("/a", "app", answer, name="n"), None)
    with pytest.raises(ValueError, match="'n'"):
        app.router.register_mount(MountResource("/b", "app", answer, name="n"), noting([], "x"))
    assert list(app.cleanup_ctx) == []
    assert len(app.router.resources()) == 1
