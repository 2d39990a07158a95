"""The methods by HTTP method that routers and groups share."""

import pytest

from treadle_router import Router


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_shortcuts(method: str) -> None:
    router = Router[str]()
    add = getattr(router.group("/g"), f"add_{method.lower()}")
    added = add("/a", "x", name="a", note=1)
    assert (added.method, added.path, added.name, added.extra) == (method, "/g/a", "a", {"note": 1})
    assert [r.method for r in router.routes()] == [method]


def test_get_adds_head_first() -> None:
    router = Router[str]()
    added = router.add_get("/a", "x", name="a", note=1)
    assert [(r.method, r.extra) for r in router.routes()] == [
        ("HEAD", {"note": 1}),
        ("GET", {"note": 1}),
    ]
    assert added.method == "GET"
    assert len(router.resources()) == 1
    other = Router[str]()
    other.add_get("/a", "x", allow_head=False)
    assert [r.method for r in other.routes()] == ["GET"]


def test_view_takes_every_method() -> None:
    router = Router[str]()
    assert router.add_view("/a", "x").method == "*"
