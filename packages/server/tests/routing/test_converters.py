"""Converters of an application: in all its paths, and in no other application."""

from pathlib import Path

import pytest

from treadle_responses import Response
from treadle_router import Converter, Match, PathError
from treadle_server import (
    Application,
    DynamicResource,
    PrefixedSubAppResource,
    PrefixResource,
    Request,
    RouteTableDef,
    StaticResource,
    UrlDispatcher,
    get,
)

HEX: Converter[object] = Converter("[0-9a-f]+", lambda text: int(text, 16), "{:x}".format)
# The same name for something else.
UPPER: Converter[object] = Converter("[0-9A-F]+", lambda text: -int(text, 16), str)


async def handler(request: Request) -> Response:
    return Response()


def params(app: Application, path: str) -> dict[str, object] | None:
    found = app.router.match("GET", path)
    return found.params if isinstance(found, Match) else None


def test_every_way_to_declare_a_path(tmp_path: Path) -> None:
    app = Application(converters={"hex": HEX})
    routes = RouteTableDef()
    routes.get("/table/{x!hex}")(handler)
    app.router.add_get("/get/{x!hex}", handler, name="get")
    app.router.add_resource("/resource/{x!hex}").add_route("GET", handler)
    app.add_routes([get("/definition/{x!hex}", handler), *routes])
    app.router.add_static("/static/{x!hex}", tmp_path, name="static")
    own = PrefixResource("/prefix/{x!hex}", converters=app.router.converters)
    own.add_route("GET", handler)
    app.router.register_resource(own)
    app.router.register_resource(DynamicResource("/made/{x!hex}", converters={"hex": HEX}))
    app.router.add_get("/made/{x!hex}", handler)
    for way in ("table", "get", "resource", "definition", "made"):
        assert params(app, f"/{way}/ff") == {"x": 255}
        assert params(app, f"/{way}/FF") is None
    assert params(app, "/static/ff/a.css") == {"x": 255, "filename": "a.css"}
    assert params(app, "/prefix/ff/b") == {"x": 255, "tail": "b"}
    assert str(app.router["get"].url_for(x=255)) == "/get/ff"
    assert str(app.router["static"].url_for(x=255, filename="a.css")) == "/static/ff/a.css"


def test_a_name_of_the_package_is_replaced_in_this_application_only() -> None:
    mine, other = Application(converters={"int": HEX}), Application()
    for app in (mine, other):
        app.router.add_get("/{x!int}", handler)
    assert (params(mine, "/10"), params(other, "/10")) == ({"x": 16}, {"x": 10})
    assert set(mine.router.converters) == set(other.router.converters)


def test_a_prefix_belongs_to_the_application_around() -> None:
    top, sub, deep = Application(converters={"hex": HEX}), Application(), Application()
    sub = Application(converters={"hex": UPPER})
    deep.router.add_get("/d", handler, name="d")
    sub.router.add_get("/s/{y!hex}", handler, name="s")
    sub.add_subapp("/{z!hex}", deep)
    top.add_subapp("/{x!hex}", sub)
    assert params(top, "/ff/s/FF") == {"x": 255, "y": -255}
    assert params(top, "/ff/s/ff") is None
    assert params(top, "/FF/s/FF") is None
    assert params(top, "/ff/0A/d") == {"x": 255, "z": -10}
    assert str(sub.router["s"].url_for(x=255, y="A")) == "/ff/s/A"
    assert str(deep.router["d"].url_for(x=255, z="A")) == "/ff/A/d"


def test_a_subapplication_does_not_see_the_converters_around() -> None:
    top, sub = Application(converters={"hex": HEX}), Application()
    with pytest.raises(PathError, match=r"unknown converter 'hex'.*known are date, float, int"):
        sub.router.add_get("/{x!hex}", handler)
    with pytest.raises(PathError, match="unknown converter 'hex'"):
        sub.add_subapp("/{x!hex}", top)
    with pytest.raises(PathError, match="unknown converter 'hex'"):
        PrefixedSubAppResource("/{x!hex}", sub)


@pytest.mark.parametrize(
    ("converters", "error", "message"),
    [
        ({"he-x": HEX}, ValueError, r"'he-x' is not a name.*\{variable!hex\}"),
        ({"": HEX}, ValueError, "'' is not a name"),
        ({5: HEX}, ValueError, "5 is not a name"),
        ({"hex": int}, TypeError, r"The converter 'hex' is <class 'int'>, not a Converter.*regex"),
    ],
)
def test_bad_converters(
    converters: dict[str, Converter[object]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Application(converters=converters)
    with pytest.raises(error, match=message):
        UrlDispatcher(converters=converters)


def test_the_error_for_an_unknown_converter_says_how_to_add_it() -> None:
    app = Application(converters={"hex": HEX})
    with pytest.raises(PathError, match=r"'hx' at character 4.*hex, int.*\{'hx': Converter") as e:
        app.router.add_get("/{x!hx}", handler)
    assert e.value.position == 4
    with pytest.raises(PathError, match="unknown converter 'hex'"):
        StaticResource("/{x!hex}", ".")
