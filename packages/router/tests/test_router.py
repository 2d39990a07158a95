"""Router and Group: declaring, composing, freezing, and wrong use."""

import pickle
from collections.abc import Callable

import pytest

from treadle_router import (
    Converter,
    Enclosure,
    FrozenError,
    HandlerError,
    HostError,
    HostPattern,
    Match,
    MethodNotAllowed,
    NotFound,
    PathError,
    Resource,
    ResourceNameError,
    Router,
)


def handler_of(router: Router[str], method: str, path: str, host: str | None = None) -> str | None:
    match = router.match(method, path, host=host)
    return match.handler if isinstance(match, Match) else None


# Declaring


def test_consecutive_additions_are_one_resource() -> None:
    router = Router[str]()
    first = router.add_resource("/a", name="a")
    assert router.add_resource("/a", name="a") is first
    other = router.add_resource("/a")
    assert other is not first
    assert router.add_resource("/b") is not other
    assert router.add_resource("/a") is not other
    assert [r.path for r in router.resources()] == ["/a", "/a", "/b", "/a"]


def test_prefix_is_never_merged() -> None:
    router = Router[str]()
    prefix = router.add_prefix("/a")
    assert router.add_resource("/a") is not prefix
    assert router.add_prefix("/a") is not prefix


def test_prefix_takes_its_place_in_the_order() -> None:
    router = Router[str]()
    router.add_route("GET", "/{x:.*}", "rest")
    router.add_route("GET", "/a/b", "fixed")
    router.add_prefix("/a").add_route("GET", "prefix")
    router.add_route("GET", "/a/{x}", "late")
    asked = ["/a", "/a/", "/a/b", "/a/c", "/ab", "/a/c/d"]
    assert [handler_of(router, "GET", path) for path in asked] == [
        "prefix", "prefix", "fixed", "prefix", "rest", "prefix",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a", "a.b", "a:b-c", "_x1", "é"])
def test_good_names(name: str) -> None:
    router = Router[str]()
    resource = router.add_resource("/a", name=name)
    assert router.named_resources() == {name: resource}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "sequence of python identifiers"),
        ("a b", "'a b' is not one"),
        ("a..b", "sequence"),
        ("1a", "sequence"),
        ("a.class", "python keywords cannot be used.*replace 'class'"),
        (5, "must be a str"),
    ],
)
def test_bad_names(name: str, message: str) -> None:
    with pytest.raises(ResourceNameError, match=message) as caught:
        Router[str]().add_resource("/a", name=name)
    assert caught.value.name == name
    assert isinstance(caught.value, ValueError)


def test_duplicate_name_shows_its_holder() -> None:
    router = Router[str]()
    first = router.add_resource("/a", name="it")
    with pytest.raises(
        ResourceNameError, match=r"Duplicate 'it', already.*'it' /a.*'/b'"
    ) as caught:
        router.add_resource("/b", name="it")
    assert caught.value.existing is first
    assert len(router.resources()) == 1


def test_bad_path_leaves_no_trace() -> None:
    router = Router[str]()
    with pytest.raises(PathError):
        router.add_route("GET", "/{", "x", name="it")
    assert router.resources() == ()
    assert router.named_resources() == {}


def test_accept() -> None:
    router = Router[object](accept=callable)
    router.add_route("GET", "/", print)
    with pytest.raises(HandlerError, match="handler 5 of GET '/a' is refused: pass what callable"):
        router.add_route("GET", "/a", 5)
    with pytest.raises(TypeError, match="pass any object but None"):
        Router[object]().add_route("GET", "/a", None)


# Composing


def test_group() -> None:
    router = Router[str]()
    api = router.group("/api", name="api")
    api.add_get("", "root", name="root")
    api.add_get("/users/{id!int}", "user", name="user")
    inner = api.group("/v2", name="v2")
    inner.add_post("/users", "create", name="create")
    inner.add_prefix("/files", name="files").add_route("GET", "files")
    api.group("/v3").add_get("/x", "x", name="x")
    assert list(router.named_resources()) == [
        "api.root", "api.user", "api.v2.create", "api.v2.files", "api.x",
    ]  # fmt: skip
    assert handler_of(router, "GET", "/api") == "root"
    assert handler_of(router, "POST", "/api/v2/users") == "create"
    assert handler_of(router, "GET", "/api/v2/files/a/b") == "files"
    assert router.url_for("api.user", id=1) == "/api/users/1"
    assert repr(inner) == "<Group /api/v2 of <Router of 5 resources>>"
    with pytest.raises(PathError, match="in the group '/api'"):
        api.add_resource("users")


@pytest.mark.parametrize("prefix", ["", "/", "api", "/api/", "/{"])
def test_bad_prefixes(prefix: str) -> None:
    router = Router[str]()
    router.add_get("/", "x")
    with pytest.raises(PathError):
        Router[str]().mount(prefix, router)
    with pytest.raises(PathError):
        Router[str]().group(prefix).add_get("/", "x")
    with pytest.raises(PathError):
        router.copy().prefix_with(prefix)


def test_mount_copies_and_freezes() -> None:
    shop = Router[str]()
    shop.add_get("", "root")
    shop.add_get("/items/{id}", "item", name="item", scope="read")
    router = Router[str]()
    router.mount("/a", shop, name="a")
    router.mount("/{tenant}/shop", shop, name="b")
    assert handler_of(router, "GET", "/a") == "root"
    match = router.match("GET", "/t1/shop/items/5")
    assert isinstance(match, Match)
    assert match.params == {"tenant": "t1", "id": "5"}
    assert match.route.extra == {"scope": "read"}
    assert match.route.resource is router.named_resources()["b.item"]
    assert router.url_for("b.item", tenant="x", id=1) == "/x/shop/items/1"
    assert shop.url_for("item", id=1) == "/items/1"
    with pytest.raises(FrozenError):
        shop.add_get("/late", "late")
    with pytest.raises(ResourceNameError, match=r"Duplicate 'a\.item'"):
        router.mount("/again", shop, name="a")


def test_mount_refuses_host_rules() -> None:
    other = Router[str]()
    other.add_host("a.example", Router())
    with pytest.raises(HostError, match=r"cannot be mounted at '/x'"):
        Router[str]().mount("/x", other)


def test_hosts_decide_alone_and_in_order() -> None:
    admin = Router[str]()
    admin.add_get("/", "admin")
    wide = Router[str]()
    wide.add_get("/", "wide")
    wide.add_get("/w", "wide")
    router = Router[str]()
    router.add_get("/", "main")
    router.add_get("/m", "main")
    assert router.add_host("admin.example", admin) == HostPattern("admin.example")
    router.add_host(HostPattern("*.example"), wide)
    assert handler_of(router, "GET", "/", "admin.example:80") == "admin"
    assert handler_of(router, "GET", "/", "x.example") == "wide"
    assert handler_of(router, "GET", "/", "example") == "main"
    assert handler_of(router, "GET", "/") == "main"
    assert router.match("GET", "/w", host="admin.example") == NotFound()
    assert router.match("GET", "/m", host="x.example") == NotFound()
    assert router.match("PUT", "/", host="x.example") == MethodNotAllowed(
        frozenset({"GET", "HEAD"})
    )
    assert [rule.canonical for rule, _ in router.hosts()] == ["admin.example", "*.example"]
    assert handler_of(router.copy(), "GET", "/", "admin.example") == "admin"
    with pytest.raises(FrozenError):
        admin.add_get("/late", "late")


def test_prefix_with_keeps_the_resources() -> None:
    router = Router[str]()
    resource = router.add_resource("/a/{x}", name="a")
    resource.add_route("GET", "a")
    static = router.add_prefix("/s", tail="file")
    static.add_route("GET", "s")
    assert handler_of(router, "GET", "/a/1") == "a"
    router.prefix_with("/sub")
    assert handler_of(router, "GET", "/a/1") is None
    assert handler_of(router, "GET", "/sub/a/1") == "a"
    assert handler_of(router, "GET", "/sub/s/f") == "s"
    assert (resource.path, resource.canonical) == ("/sub/a/{x}", "/sub/a/{x}")
    assert router.url_for("a", x=1) == "/sub/a/1"


# Freezing


def test_after_freeze_nothing_changes() -> None:
    router = Router[str]()
    resource = router.add_resource("/a")
    matcher = router.freeze()
    assert router.freeze() is matcher
    assert router.frozen
    assert resource.frozen
    with pytest.raises(FrozenError, match=r"'/b' comes after freeze\(\).*copy\(\)"):
        router.add_get("/b", "b")
    with pytest.raises(FrozenError, match="'/a' comes after"):
        router.add_resource("/a")
    with pytest.raises(FrozenError, match="Cannot add GET to '/a': its router is frozen"):
        resource.add_route("GET", "a")
    for change in (
        lambda: router.add_prefix("/p"),
        lambda: router.add_host("h", Router()),
        lambda: router.prefix_with("/p"),
        lambda: router.mount("/p", _with_a_route()),
        lambda: router.register_resource(Resource("/x")),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert repr(router) == "<Router of 1 resources, frozen>"


def _with_a_route() -> Router[str]:
    router = Router[str]()
    router.add_get("/", "x")
    return router


def test_copy_of_a_live_router_grows_alone() -> None:
    router = Router[str]()
    router.add_get("/a", "a", name="a", note=1)
    router.add_prefix("/p", tail="rest").add_route("GET", "p")
    matcher = router.freeze()
    bigger = router.copy()
    bigger.add_get("/b", "b")
    grown = bigger.freeze()
    assert matcher.match("GET", "/b") == NotFound()
    assert isinstance(grown.match("GET", "/b"), Match)
    match = grown.match("GET", "/p/x")
    assert isinstance(match, Match)
    assert match.params == {"rest": "x"}
    assert grown.url_for("a") == "/a"
    assert next(grown.routes()).extra == {"note": 1}


def test_pickle_of_a_router_with_functions() -> None:
    router = Router[Callable[..., object]]()
    router.add_get("/{x!int}", print)
    found = pickle.loads(pickle.dumps(router)).match("GET", "/5")
    assert found.handler is print
    assert found.params == {"x": 5}


# Matching


def test_method_not_allowed_is_the_union() -> None:
    router = Router[str]()
    router.add_route("PUT", "/a/{x}", "1")
    router.add_route("GET", "/a/b", "2")
    router.add_route("DELETE", "/{x:.*}", "3")
    assert router.match("POST", "/a/b") == MethodNotAllowed(frozenset({"PUT", "GET", "DELETE"}))
    assert handler_of(router, "PUT", "/a/b") == "1"
    assert handler_of(router, "DELETE", "/a/b") == "3"


def test_resource_without_routes_is_not_found() -> None:
    router = Router[str]()
    router.add_resource("/a")
    assert router.match("GET", "/a") == NotFound()


def test_fixed_comes_before_variable_whatever_the_order() -> None:
    router = Router[str]()
    router.add_get("/{x:.*}", "rest")
    router.add_get("/users/{id}", "user")
    router.add_get("/users/me", "me")
    assert handler_of(router, "GET", "/users/me") == "me"
    assert handler_of(router, "GET", "/users/1") == "user"
    assert handler_of(router, "GET", "/other") == "rest"


def test_registration_order_among_equal_depths() -> None:
    router = Router[str]()
    router.add_get("/users/{x}/{y}/z", "first")
    router.add_get("/users/{x}/y/z", "second")
    assert handler_of(router, "GET", "/users/1/y/z") == "first"


def test_converters_differ_on_one_expression() -> None:
    """Of two resources with the same expression, the converter of one refuses the text."""
    router = Router[str]()
    router.add_get("/{x!date}", "date")
    router.add_get("/{x:[0-9]{4}-[0-9]{2}-[0-9]{2}}", "text")
    assert handler_of(router, "GET", "/2024-02-30") == "text"
    assert handler_of(router, "GET", "/2024-02-29") == "date"


# Names and items of others


def test_a_reserved_name_is_taken() -> None:
    router = Router[str]()
    holder = object()
    router.reserve_name("it", holder, "/elsewhere")
    router.reserve_name(None, holder, "/elsewhere")
    with pytest.raises(ResourceNameError, match=r"Duplicate 'it', .*object.*: '/a' needs") as error:
        router.add_resource("/a", name="it")
    assert error.value.existing is holder
    first = router.add_resource("/b", name="other")
    with pytest.raises(ResourceNameError, match=r"<Resource 'other' /b>: '/elsewhere' needs"):
        router.reserve_name("other", holder, "/elsewhere")
    with pytest.raises(ResourceNameError, match="Incorrect route name 'a b'"):
        router.reserve_name("a b", holder, "/elsewhere")
    assert dict(router.named_resources()) == {"other": first}
    router.refuse_changes()
    with pytest.raises(FrozenError, match="'/elsewhere' comes after"):
        router.reserve_name("new", holder, "/elsewhere")


def test_an_enclosure_of_live_items() -> None:
    outer, inner = Router[str](), Router[str]()
    enclosure = outer.register_enclosure(Enclosure("/in", inner.items, owner="me"))
    inner.add_get("/a", "a")
    inner.prefix_with("/in")
    assert handler_of(outer, "GET", "/in/a") == "a"
    found = outer.match("GET", "/in/b")
    assert isinstance(found, NotFound)
    assert found.enclosure is enclosure
    assert list(outer.items) == [enclosure]
    outer.refuse_changes()
    assert outer.frozen
    with pytest.raises(FrozenError):
        outer.register_enclosure(Enclosure("/x", inner.items))


HEX: Converter[object] = Converter("[0-9a-f]+", lambda text: int(text, 16), "{:x}".format)


@pytest.mark.parametrize("how", ["mount", "enclose"])
def test_a_prefix_has_the_converters_of_the_router_around(how: str) -> None:
    outer, inner = Router[str](converters={"hex": HEX}), Router[str]()
    deep = Router[str]()
    deep.add_get("/d/{z!int}", "deep")
    inner.enclose("/in", deep)
    inner.add_get("/{y!int}", "inner")
    getattr(outer, how)("/{x!hex}", inner)
    for path, params in [("/ff/7", {"x": 255, "y": 7}), ("/ff/in/d/7", {"x": 255, "z": 7})]:
        found = outer.match("GET", path)
        assert isinstance(found, Match)
        assert found.params == params
    with pytest.raises(PathError, match="unknown converter 'hex'"):
        Router[str]().mount("/{x!hex}", inner)
    assert "hex" in outer.converters
    assert "hex" not in inner.converters
