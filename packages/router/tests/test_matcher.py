"""The matcher beside a naive oracle written from the definition of dispatch, and as a value.

``HYPOTHESIS_PROFILE=nightly`` runs 10,000 examples of each property instead of 500.
"""

import os
import pickle
import re
import threading
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from treadle_router import (
    Match,
    Matcher,
    MethodNotAllowed,
    NotFound,
    Resource,
    Router,
    UnknownNameError,
)

EXAMPLES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 500


# The oracle. It knows nothing of trees: every resource becomes one regular expression and one
# index key; the walk goes over the cuts of the path, then over the resources in their order.

VARIABLE = re.compile(r"\{(\w+)(!\w+)?(?::((?:[^{}]|\{[^{}]*\})+))?\}")
CONVERTED: dict[str, tuple[str, Callable[[str], object]]] = {
    "!int": ("-?[0-9]+", int),
    "!date": ("[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat),
}


def oracle_decode(path: str) -> str:
    """Decode all escapes that are UTF-8, except those of the slash and the percent sign."""
    out = ""
    position = 0
    while position < len(path):
        for length in (1, 2, 3, 4):
            chunk = path[position : position + 3 * length]
            if re.fullmatch("(?:%[0-9A-Fa-f]{2}){" + str(length) + "}", chunk):
                try:
                    char = bytes.fromhex(chunk.replace("%", "")).decode()
                except UnicodeDecodeError:
                    continue
                if len(char) == 1:
                    out += {"/": "%2F", "%": "%25"}.get(char, char)
                    position += len(chunk)
                    break
        else:
            out += path[position]
            position += 1
    return out


Declared = list[tuple[str, list[str], bool]]
# ("match", number, texts, values), or ("none", allowed methods)
Answer = tuple[str, int, dict[str, str], dict[str, object]] | tuple[str, frozenset[str]]


class OracleResource:
    def __init__(self, path: str, methods: set[str], prefix: bool) -> None:
        self.methods = methods
        self.converters: dict[str, Callable[[str], object]] = {}
        expression = ""
        fixed_head = None
        position = 0
        for found in VARIABLE.finditer(path):
            fixed = oracle_decode(path[position : found.start()])
            expression += re.escape(fixed)
            if fixed_head is None:
                fixed_head = fixed
            name, converter, regex = found.groups()
            if converter:
                default, self.converters[name] = CONVERTED[converter]
                regex = regex or default
            expression += f"(?P<{name}>{regex or '[^{}/]+'})"
            position = found.end()
        rest = oracle_decode(path[position:])
        expression += re.escape(rest)
        if prefix:
            expression += "(?:/(?P<tail>(?s:.*)))?"
        self.expression = re.compile(expression or "/")
        if fixed_head is None:
            self.key = rest.rstrip("/") or "/"
        else:
            self.key = fixed_head.rpartition("/")[0].rstrip("/") or "/"

    def match(self, path: str) -> tuple[dict[str, str], dict[str, object]] | None:
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        raw = {
            name: (text or "").replace("%2F", "/").replace("%25", "%")
            for name, text in found.groupdict().items()
        }
        params: dict[str, object] = {**raw}
        for name, convert in self.converters.items():
            try:
                params[name] = convert(raw[name])
            except ValueError:
                return None
        return raw, params


def oracle(resources: list[OracleResource], method: str, path: str) -> Answer:
    """Return ("match", number of the resource, raw, params) or ("none", allowed methods)."""
    if not path.startswith("/"):
        return ("none", frozenset())
    path = oracle_decode(path)
    allowed: set[str] = set()
    cut = path
    while True:
        for number, resource in enumerate(resources):
            if resource.key != cut:
                continue
            found = resource.match(path)
            if found is None:
                continue
            if method in resource.methods or "*" in resource.methods:
                return ("match", number, *found)
            allowed |= resource.methods
        if cut == "/":
            return ("none", frozenset(allowed))
        cut = cut.rpartition("/")[0] or "/"


# Strategies

FIXED = ["a", "b", "ab", "", "é", "%C3%A9", "a%2Fb", "a%25", "1", "x.y", "2024-02-03"]
VARIABLES = [
    "{@}",
    "{@}",
    "{@}",
    "a{@}",
    "{@}b",
    "{@}.{@}",
    "{@}{@}",
    "{@}.{@}b",
    "{@:[ab]+}",
    "{@:a|ab}",
    "{@:[^/]*}",
    "{@:\\d+}",
    "{@:\\d{1,2}}",
    "x{@:[ab]?}",
    "{@:(?:a|é)+}",
    "{@!int}",
    "{@!date}",
    "v{@!int}",
    "{@!int:[0-9]}",
    "{@:.*}",
    "{@:.+}",
    "{@:(?s:.*)}",
    "{@:a/b}",
    "{@:[^.]*}",
    "{@:(?=a).*}",
    "a{@:.*}",
    "{@:%2F|é}",
]
TEXTS = [
    "a",
    "b",
    "ab",
    "",
    "é",
    "%C3%A9",
    "a%2Fb",
    "a%2fb",
    "%61",
    "%25",
    "a%25",
    "1",
    "12",
    "-3",
    "x.y",
    "a.b",
    "a.b.ab",
    "...b",
    "2024-02-03",
    "2024-02-31",
    "{",
    "%7Ba",
    "%ff",
    "%",
    "%0A",
    "v7",
    "%2F",
    "..",
    ".",
    "%2E",
    "xa",
    "%C3",
    "b}",
]
METHODS = ["GET", "POST", "*"]


@st.composite
def patterns(draw: st.DrawFn) -> str:
    parts = draw(
        st.lists(st.one_of(st.sampled_from(FIXED), st.sampled_from(VARIABLES)), max_size=4)
    )
    path = "".join("/" + part for part in parts)
    number = 0
    while "@" in path:
        path = path.replace("@", f"v{number}", 1)
        number += 1
    return path


resources_of_a_router = st.lists(
    st.tuples(
        patterns(),
        st.lists(st.sampled_from(METHODS[:2]), unique=True, max_size=2)
        | st.just(["*"])
        | st.just(["GET", "*"]),
        st.sampled_from([False, False, False, False, True]),
    ),
    min_size=1,
    max_size=9,
)
asked_paths = st.lists(
    st.one_of(
        st.lists(st.sampled_from(TEXTS), max_size=5).map(lambda p: "".join("/" + t for t in p)),
        st.text(alphabet="/a%2F5C3é.{}", max_size=12),
    ),
    min_size=1,
    max_size=6,
)


def build_both(declared: Declared) -> tuple[Router[int], list[OracleResource]]:
    router = Router[int]()
    theirs: list[OracleResource] = []
    for path, methods, prefix in declared:
        body = path.removesuffix("/") if prefix else path
        resource = router.add_prefix(path) if prefix else router.register_resource(detached(path))
        for method in methods:
            resource.add_route(method, len(theirs))
        theirs.append(OracleResource(body, set(methods), prefix))
    return router, theirs


def detached(path: str) -> Resource[int]:
    """Return a resource that is never merged with the one before it."""
    return Router[int]().add_resource(path)


def answer(found: Match[int] | NotFound | MethodNotAllowed) -> Answer:
    if isinstance(found, Match):
        return ("match", found.handler, found.raw_params, found.params)
    if isinstance(found, MethodNotAllowed):
        return ("none", found.allowed)
    return ("none", frozenset())


def plausible(path: str, draw_text: Callable[[], str]) -> str:
    """Return a path that may match the pattern ``path``."""
    return VARIABLE.sub(lambda _: draw_text(), path) or "/"


@settings(deadline=None, max_examples=EXAMPLES)
@given(resources_of_a_router, asked_paths, st.data())
@example([("/{v0}", ["GET"], False), ("/", ["GET"], False)], ["/", "//"], None)
@example([("/a/{v0:.*}", ["GET"], False), ("/a/", ["GET"], False)], ["/a/", "/a"], None)
@example([("/a", ["GET"], True), ("/a", ["POST"], False)], ["/a", "/a/", "/a/b"], None)
@example([("", ["GET"], True), ("", ["GET"], False)], ["/", "", "/a"], None)
@example([("/{v0}/{v1}/z", ["GET"], False), ("/{v0}/y/z", ["GET"], False)], ["/x/y/z"], None)
@example([("/{v0}/y", ["POST"], False), ("/{v0}/y", ["GET"], False)], ["/x/y"], None)
def test_agrees_with_the_oracle(
    declared: Declared, asked: list[str], data: st.DataObject | None
) -> None:
    router, theirs = build_both(declared)
    matcher = router.freeze()
    if data is not None:
        texts = st.sampled_from(TEXTS)
        asked = asked + [plausible(path, lambda: data.draw(texts)) for path, _, _ in declared[:4]]
    note(f"paths {asked}")
    for path in asked:
        for method in ("GET", "POST", "PUT"):
            assert answer(matcher.match(method, path)) == oracle(theirs, method, path), path


@settings(deadline=None, max_examples=EXAMPLES // 5)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.b", "*.b", "a.*", "*", "a.b:81", "*.*.b", "a*b"]),
            resources_of_a_router,
        ),
        max_size=3,
    ),
    resources_of_a_router,
    st.sampled_from(["a.b", "A.B", "a.b:80", "a.b:81", "a.b.", "x.a.b", "ab", "", ":", "[::1]:81"]),
    asked_paths,
)
def test_agrees_with_the_oracle_on_hosts(
    rules: list[tuple[str, Declared]], declared: Declared, host: str, asked: list[str]
) -> None:
    router, theirs = build_both(declared)
    chosen = theirs
    for rule, declared_there in reversed(rules):
        name, _, port = rule.partition(":")
        asked_name, _, asked_port = host.lower().partition(":")
        expression = re.escape(name).replace(r"\*", ".*")
        if re.fullmatch(expression, asked_name.removesuffix(".")) and port in {"", asked_port}:
            chosen = build_both(declared_there)[1]
    for rule, declared_there in rules:
        router.add_host(rule, build_both(declared_there)[0])
    for path in asked:
        assert answer(router.match("GET", path, host=host)) == oracle(chosen, "GET", path)
        assert answer(router.match("GET", path)) == oracle(theirs, "GET", path)


@settings(deadline=None, max_examples=EXAMPLES // 10)
@given(resources_of_a_router, asked_paths)
def test_live_router_answers_like_a_new_one(declared: Declared, asked: list[str]) -> None:
    """Resources and routes added between matches are seen at once."""
    live = Router[int]()
    for number, (path, methods, prefix) in enumerate(declared):
        resource = live.add_prefix(path) if prefix else live.register_resource(detached(path))
        live.match("GET", asked[0])
        for method in methods:
            resource.add_route(method, number)
    fresh = build_both(declared)[0]
    for path in asked:
        assert answer(live.match("GET", path)) == answer(fresh.match("GET", path))


# The matcher as a value


def sample() -> Matcher[str]:
    router = Router[str]()
    router.add_get("/", "index", name="index")
    router.add_get("/users/{id!int}", "user", name="user")
    router.add_route("*", "/files/{path!path}", "file")
    other = Router[str]()
    other.add_get("/", "admin")
    router.add_host("admin.*", other)
    return router.freeze()


def test_pickled_matcher_answers_the_same() -> None:
    matcher = pickle.loads(pickle.dumps(sample()))
    assert matcher.match("GET", "/users/7").params == {"id": 7}
    assert matcher.match("PUT", "/files/a/b").params == {"path": "a/b"}
    assert matcher.match("GET", "/", host="admin.example").handler == "admin"
    assert matcher.url_for("user", id=3) == "/users/3"
    assert matcher.match("PUT", "/") == MethodNotAllowed(frozenset({"GET", "HEAD"}))


def test_deep_routes_pickle() -> None:
    router = Router[str]()
    router.add_route("GET", "/a" * 5000 + "/{x}", "deep")
    matcher = pickle.loads(pickle.dumps(router.freeze()))
    assert matcher.match("GET", "/a" * 5000 + "/1").params == {"x": "1"}


def test_matches_share_nothing_mutable() -> None:
    matcher = sample()
    for path in ("/", "/users/7"):
        first = matcher.match("GET", path)
        assert isinstance(first, Match)
        first.params["added"] = 1
        first.raw_params["added"] = "1"
        second = matcher.match("GET", path)
        assert isinstance(second, Match)
        assert "added" not in second.params
        assert "added" not in second.raw_params


def test_threads_get_right_answers() -> None:
    matcher = sample()
    wrong: list[object] = []

    def ask(number: int) -> None:
        for step in range(300):
            found = matcher.match("GET", f"/users/{number * 1000 + step}")
            if not isinstance(found, Match) or found.params["id"] != number * 1000 + step:
                wrong.append(found)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_introspection() -> None:
    matcher = sample()
    assert [r.path for r in matcher.resources()] == ["/", "/users/{id!int}", "/files/{path!path}"]
    assert [(r.method, r.handler) for r in matcher.routes()][:2] == [
        ("HEAD", "index"),
        ("GET", "index"),
    ]
    assert list(matcher.named_resources()) == ["index", "user"]
    assert [str(rule.canonical) for rule, _ in matcher.hosts()] == ["admin.*"]
    assert repr(matcher) == "<Matcher of 3 resources>"


def test_unknown_name_suggests_close_names() -> None:
    with pytest.raises(UnknownNameError, match=r"No resource is named 'usr'.*Did you mean 'user'"):
        sample().url_for("usr")
    with pytest.raises(KeyError):
        sample().url_for("zzzzz")


@pytest.mark.parametrize(
    "path", ["", "*", "users/7", "http://x/", "?", "\x00", "\udc80", "%2Fusers"]
)
def test_a_path_without_a_slash_at_its_start_is_not_found(path: str) -> None:
    matcher = sample()
    assert matcher.match("GET", path) == NotFound()


def test_methods_are_case_sensitive() -> None:
    assert sample().match("get", "/") == MethodNotAllowed(frozenset({"GET", "HEAD"}))
