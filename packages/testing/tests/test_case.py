"""``AioHTTPTestCase`` under unittest's own runner."""

import unittest

from treadle_responses import Response
from treadle_server import Application, Request
from treadle_testing import AioHTTPTestCase


def _run(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


async def hello(request: Request) -> Response:
    return Response(text="hello")


class Passing(AioHTTPTestCase):
    __test__ = False

    async def get_application(self) -> Application:
        app = Application()
        app.router.add_get("/", hello)
        return app

    async def test_answer(self) -> None:
        response = await self.client.get("/")
        assert await response.text() == "hello"
        assert self.client.server is self.server
        assert self.client.app is self.app
        assert self.loop.is_running()


class Failing(Passing):
    async def test_answer(self) -> None:
        response = await self.client.get("/nowhere")
        assert response.status == 200, response.status


class WithoutApplication(AioHTTPTestCase):
    __test__ = False

    async def test_nothing(self) -> None:
        self.fail("it does not get here")


class Obsolete(AioHTTPTestCase):
    """Overrides what aiohttp had before ``get_application``."""

    __test__ = False
    order: list[str]

    def get_app(self) -> Application:
        return Application()

    async def setUpAsync(self) -> None:
        await super().setUpAsync()
        self.order = ["set up"]

    async def tearDownAsync(self) -> None:
        await super().tearDownAsync()
        type(self).order = [*self.order, "torn down"]

    async def test_order(self) -> None:
        assert self.order == ["set up"]
        assert (await self.client.get("/")).status == 404


def test_passes() -> None:
    result = _run(Passing)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


def test_fails() -> None:
    result = _run(Failing)
    assert (len(result.failures), result.errors) == (1, [])
    assert "AssertionError: 404" in result.failures[0][1]


def test_says_what_is_missing() -> None:
    result = _run(WithoutApplication)
    assert "Did you forget to define get_application()?" in result.errors[0][1]


def test_old_names() -> None:
    result = _run(Obsolete)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    assert Obsolete.order == ["set up", "torn down"]
