"""Warnings of what looks like the syntax of another framework, and silence for valid uses."""

import warnings
from collections.abc import Callable

import pytest

from treadle_router import Converter, Resource, Router, RouterWarning

# A path, the part that is found, and what to write for a variable and for the text.
FOREIGN = [
    ("/users/<id>", "'<id>'", "{id}", "'%3Cid%3E'"),
    ("/users/<int:id>", "'<int:id>'", "{id!int}", "'%3Cint:id%3E'"),
    ("/users/<id:int>", "'<id:int>'", "{id!int}", "'%3Cid:int%3E'"),
    ("/users/<string:id>/x", "'<string:id>'", "{id}", "'%3Cstring:id%3E'"),
    ("/users/<path:rest>", "'<path:rest>'", "{rest!path}", "'%3Cpath:rest%3E'"),
    ("/users/<int(min=1):id>", "'<int(min=1):id>'", "{id!int}", "'%3Cint(min=1):id%3E'"),
    ("/users/<hex:id>", "'<hex:id>'", "{id!hex}", "'%3Chex:id%3E'"),
    ("/users/<id:[a-z]+>", "'<id:[a-z]+>'", "{id}", "'%3Cid:[a-z]+%3E'"),
    ("/users/:id", "':id'", "{id}", "'%3Aid'"),
    ("/:id/{x}", "':id'", "{id}", "'%3Aid'"),
    ("/users/:id?", "':id?'", "{id}", "'%3Aid?'"),
    ("/users/:id(\\d+)", "':id(\\\\d+)'", "{id}", "'%3Aid(\\\\d+)'"),
    ("/users/{id:int}", "{id:int}", "{id!int}", "{id:(?:int)}"),
    ("/users/{id:hex}", "{id:hex}", "{id!hex}", "{id:(?:hex)}"),
    ("/users/{id:str}", "{id:str}", "{id}", "{id:(?:str)}"),
    ("/users/{id:int(2)}", "{id:int(2)}", "{id!int}", "{id:(?:int(2))}"),
    ("/files/{rest:path}", "{rest:path}", "{rest!path}", "{rest:(?:path)}"),
    ("/users/{id:int(min=1)}", "{id:int(min=1)}", "{id!int}", "{id:(?:int(min=1))}"),
]
VALID = [
    "/users/{id}",
    "/users/{id!int}",
    "/users/{id:[0-9]+}",
    "/users/{id!int:[0-9]{4}}",
    "/users/{kind:int|str}",
    "/users/{kind:(?:int)}",
    "/users/{kind:date(s|time)}",
    "/users/{kind:integers}",
    "/users/{word:hello}",
    "/users/%3Cid%3E",
    "/users/%3Aid",
    "/users/{id}:activate",
    "/items:search",
    "/items/a:b",
    "/{a}:{b}",
    "/at/12:30",
    "/at/:30",
    "/:",
    "/a<b",
    "/a>b<c",
    "/<>",
    "/< id >",
    "/urn:isbn:{number}",
    "/http://example.com/",
    "/http://{host}/x",
]
HEX = {"hex": Converter("[0-9a-f]+", lambda text: int(text, 16), lambda value: f"{value:x}")}


@pytest.mark.parametrize(("path", "found", "variable", "text"), FOREIGN)
def test_foreign_syntax(path: str, found: str, variable: str, text: str) -> None:
    router = Router[str](converters=HEX)
    with pytest.warns(RouterWarning) as caught:
        router.add_get(path, "handler")
    (message,) = [str(warning.message) for warning in caught]
    assert message.startswith(f"{found} in the path {path!r} is ")
    assert message.endswith(f"For a variable write {variable}, for the text itself {text}.")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("path", [*VALID, *(row[2] for row in FOREIGN)])
def test_valid_uses_are_no_false_alarm(path: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        router = Router[str](converters=HEX)
        router.add_get("/x/" + path.removeprefix("/"), "handler")
    assert caught == []


# The second advice of a warning, and a path that it matches.
ITSELF = [
    ("/%3Cid%3E", "/<id>"),
    ("/%3Cid%3E", "/%3cid%3e"),
    ("/%3Aid", "/:id"),
    ("/{id:(?:int)}", "/int"),
]


@pytest.mark.parametrize(("path", "asked"), ITSELF)
def test_the_text_itself_is_silent_and_matches(path: str, asked: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        router = Router[str]()
        router.add_get(path, "handler")
    assert router.match("GET", asked)


DECLARE: dict[str, Callable[[Router[str]], object]] = {
    "group": lambda router: router.group("/a/<id>").add_get("/x", "handler"),
    "mount": lambda router: router.mount("/a/<id>", Router[str]()),
    "enclose": lambda router: router.enclose("/a/<id>", Router[str]()),
    "prefix": lambda router: router.add_prefix("/a/<id>"),
    "resource": lambda router: router.register_resource(Resource[str]("/a/<id>")),
}


@pytest.mark.parametrize("declare", DECLARE.values(), ids=list(DECLARE))
def test_each_way_to_declare_warns(declare: Callable[[Router[str]], object]) -> None:
    with pytest.warns(RouterWarning, match="'<id>' in the path '/a/<id>") as caught:
        declare(Router[str]())
    assert {warning.filename for warning in caught} == {__file__}
