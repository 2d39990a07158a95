"""One limit as requests meet it: what counts, and what the client is told."""

import asyncio
from typing import Any

import pytest

from testkit.engines import Redis
from treadle_limits import RedisStore
from treadle_limits._web.applied import AppliedLimit
from treadle_limits.web import rate_limit
from treadle_responses import Response
from treadle_server import Application, Request
from treadle_testing import MemoryClient, MemoryResponse


async def hello(_request: Request) -> Response:
    return Response(text="hello")


def application(*rates: Any, **options: Any) -> Application:
    options.setdefault("key", lambda _request: "all")
    app = Application(middlewares=[rate_limit(*rates, **options)])
    app.router.add_get("/", hello)
    return app


async def ask(app: Application, number: int) -> list[MemoryResponse]:
    async with MemoryClient(app) as client:
        return [await client.get("/") for _ in range(number)]


def told(response: MemoryResponse) -> tuple[int, str | None, str | None, str | None]:
    fields = response.headers
    return (
        response.status, fields.get("RateLimit-Policy"), fields.get("RateLimit"),
        fields.get("Retry-After"),
    )  # fmt: skip


def test_one_rate() -> None:
    answers = asyncio.run(ask(application("2/hour"), 3))
    policy = '"default";q=2;w=3600'
    assert list(map(told, answers)) == [
        (200, policy, '"default";r=1;t=1800', None),
        (200, policy, '"default";r=0;t=3600', None),
        (429, policy, '"default";r=0;t=3600', "1800"),
    ]


def test_several_rates_and_a_name() -> None:
    answers = asyncio.run(ask(application(["2/hour", "5/day"], name="a"), 3))
    assert [told(answer)[:3] for answer in answers[1:]] == [
        (status, '"a-1";q=2;w=3600, "a-2";q=5;w=86400', '"a-1";r=0;t=3600, "a-2";r=3;t=34560')
        for status in (200, 429)
    ]


def test_without_fields_and_with_a_cost() -> None:
    answers = asyncio.run(ask(application("4/hour", fields=False, cost=2), 3))
    assert list(map(told, answers)) == [
        (200, None, None, None), (200, None, None, None), (429, None, None, "1800"),
    ]  # fmt: skip


def test_a_key_of_none_is_not_limited() -> None:
    answers = asyncio.run(ask(application("1/hour", key=lambda _request: None), 3))
    assert list(map(told, answers)) == [(200, None, None, None)] * 3


@pytest.mark.parametrize(("fail", "status"), [("open", 200), ("closed", 503)])
def test_without_its_store(fail: Any, status: int) -> None:
    store = RedisStore("redis://127.0.0.1:1")
    answers = asyncio.run(ask(application("1/hour", store=store, fail=fail), 3))
    wait = None if status == 200 else "1"
    assert list(map(told, answers)) == [(status, None, None, wait)] * 3


def test_two_applications_with_one_redis_count_together(redis: Redis) -> None:
    async def main() -> list[int]:
        store = RedisStore(redis.url)
        try:
            apps = [application("3/hour", store=store) for _ in range(2)]
            found = [await ask(app, 2) for app in apps]
            return [answer.status for answers in found for answer in answers]
        finally:
            await store.aclose()

    assert asyncio.run(main()) == [200, 200, 200, 429]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"rate": "often"}, ValueError, "'often'"),
    ({"key": "user"}, TypeError, "not 'user'"),
    ({"cost": 3}, ValueError, "cost 3 never passes"),
    ({"fail": "no"}, ValueError, "'no'"),
    ({"timeout": -1}, ValueError, "-1"),
    ({"name": 'a"'}, ValueError, "name of a limit"),
    ({"store": 5}, TypeError, "not 5"),
]


@pytest.mark.parametrize(("options", "kind", "text"), BAD)
def test_options_that_cannot_be_meant(
    options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        AppliedLimit(**{"rate": "2/s", **options})
