"""Path patterns: the paths that they match, and the errors with the character."""

import pickle

import pytest

from treadle_router import CONVERTERS, Converter, PathError, PathPattern

MATCHES = [
    ("", "/", {}),
    ("/", "/", {}),
    ("/a", "/a", {}),
    ("/a", "/a/", None),
    ("/a/", "/a", None),
    ("/é", "/é", {}),
    ("/%C3%A9", "/é", {}),
    ("/a b", "/a b", {}),
    ("/100%", "/100%25", {}),
    ("/a%2Fb", "/a%2Fb", {}),
    ("/a%2Fb", "/a/b", None),
    ("/{name}", "/x", {"name": "x"}),
    ("/{name}", "/é%2Fq%25", {"name": "é/q%"}),
    ("/{name}", "/", None),
    ("/{name}", "/a/b", None),
    ("/{name}", "/{x}", None),
    ("/{name}", "/a}b", None),
    ("/é/{name}", "/é/x", {"name": "x"}),
    ("/%C3%A9/{name}", "/é/x", {"name": "x"}),
    ("/{a}/{b}", "/1/2", {"a": "1", "b": "2"}),
    ("/{a}.{b}", "/x.y.z", {"a": "x.y", "b": "z"}),
    ("/{a}.{b}", "/x.", None),
    ("/{a}.{b}", "/..x", {"a": ".", "b": "x"}),
    ("/{a}{b}", "/xyz", {"a": "xy", "b": "z"}),
    ("/{a}{b}", "/x", None),
    ("/v{n:[0-9]+}", "/v12", {"n": "12"}),
    ("/v{n:[0-9]+}", "/v1x", None),
    ("/{n:\\d{2,3}}", "/123", {"n": "123"}),
    ("/{n:\\d{2,3}}", "/1", None),
    ("/{n:a|ab}", "/ab", {"n": "ab"}),
    ("/{n:(?:int)}", "/int", {"n": "int"}),
    ("/{n:(?:int)}", "/5", None),
    ("/{n!int}", "/-5", {"n": "-5"}),
    ("/{n!int}", "/5x", None),
    ("/{n!int}", "/\u0665", None),
    ("/{n!int:[0-9]{2}}", "/55", {"n": "55"}),
    ("/{n!int:[0-9]{2}}", "/5", None),
    ("/{tail:.*}", "/", {"tail": ""}),
    ("/{tail:.*}", "/a/b", {"tail": "a/b"}),
    ("/{tail:.*}", "/a\nb", None),
    ("/{tail:.+}", "/", None),
    ("/{tail!path}", "/a\nb/", {"tail": "a\nb/"}),
    ("/a/{tail:.*}", "/a", None),
    ("/a{tail:.*}", "/a", {"tail": ""}),
    ("/a{tail:.*}", "/ab/c", {"tail": "b/c"}),
    ("/{a:.*}/e", "//e", {"a": ""}),
    ("/{a:.*}/e", "/e", None),
    ("/{a!path}/{b}/{c}.{d}", "/1/2/3/4.5", {"a": "1/2", "b": "3", "c": "4", "d": "5"}),
    ("/{a!path}/{b}", "/1", None),
    ("/{y!int}-{m!int}-{d!int}", "/2024-02-03", {"y": "2024", "m": "02", "d": "03"}),
    ("/{a!slug}-{b!slug}", "/x-y-z", {"a": "x-y", "b": "z"}),
    ("/{a!int}.{b}", "/5.x", {"a": "5", "b": "x"}),
    ("/{a!int}.{b}", "/x.x", None),
    ("/{a:.+}/x/{b:.+}", "/1/x/2/x/3", {"a": "1/x/2", "b": "3"}),
    ("/{a:.*}/edit", "/x/y/edit", {"a": "x/y"}),
    ("/{x:(?P<y>a)|b}", "/b", {"x": "b"}),
    ("/{x:(?P<y>a)|b}", "/a", {"x": "a", "y": "a"}),
    ("/{a}/{b:(?P=a)}", "/x/x", {"a": "x", "b": "x"}),
    ("/{a}/{b:(?P=a)}", "/x/y", None),
]


@pytest.mark.parametrize(("path", "asked", "expected"), MATCHES)
def test_match(path: str, asked: str, expected: dict[str, str] | None) -> None:
    pattern = PathPattern(path)
    assert pattern.match(asked) == expected
    # The expression of the whole pattern gives the same answer.
    assert pattern.match_whole(asked) == expected


@pytest.mark.parametrize(
    ("prefix", "asked", "tail"),
    [
        ("/s", "/s", ""),
        ("/s", "/s/", ""),
        ("/s/", "/s/a/b", "a/b"),
        ("/s", "/s//a%2F", "/a/"),
        ("/s", "/sa", None),
        ("", "/", ""),
        ("/", "/a", "a"),
    ],
)
def test_prefix(prefix: str, asked: str, tail: str | None) -> None:
    expected = None if tail is None else {"rest": tail}
    pattern = PathPattern(prefix, tail="rest")
    assert pattern.match(asked) == expected
    assert pattern.match_whole(asked) == expected


@pytest.mark.parametrize(
    ("path", "canonical", "depth"),
    [
        ("", "/", 0),
        ("/a/b", "/a/b", 2),
        ("/a/b/", "/a/b/", 2),
        ("/a//{x}", "/a//{x}", 1),
        ("/a/b{x}/c", "/a/b{x}/c", 1),
        ("/é/{x:[a-z]{2}}", "/%C3%A9/{x}", 1),
        ("/{x!int}.{y}", "/{x}.{y}", 0),
        ("/a%7Bb/{x}", "/a%7Bb/{x}", 1),
    ],
)
def test_canonical_and_depth(path: str, canonical: str, depth: int) -> None:
    pattern = PathPattern(path)
    assert pattern.canonical == canonical
    assert pattern.depth == depth


def test_typed_variables_of_one_segment_are_cut_at_the_last_fixed_text() -> None:
    """A backtracking expression would find 5 and a-b; this linear way finds no match."""
    assert PathPattern("/{a!int}-{b!slug}").match("/5-a-b") is None
    assert PathPattern("/{a:[0-9]+}-{b:[-a-z]+}").match("/5-a-b") == {"a": "5", "b": "a-b"}


REFUSED = [
    (
        "/{a!path}/x/{b!path}",
        12,
        "'b' at character 12 takes any number.*so does 'a'",
    ),
    ("a", 0, "a path starts with `/` or is empty. Did you mean '/a'"),
    ("{x}", 0, "a path starts with `/`"),
    ("/{", 1, "`{` at character 1 is never closed"),
    ("/a/{x", 3, "`{` at character 3 is never closed"),
    ("/{x:[0-9]{2}", 1, "never closed"),
    ("/a}", 2, "`}` at character 2 closes nothing"),
    ("/{x}}", 4, "`}` at character 4 closes nothing"),
    ("/{}", 1, "{} at character 1 is not a variable"),
    ("/{1x}", 1, "is not a variable"),
    ("/{x y}", 1, "is not a variable"),
    ("/{é}", 1, "is not a variable"),
    ("/{x:}", 1, "is not a variable"),
    ("/{x!}", 1, "is not a variable"),
    ("/{x!nope}", 4, "unknown converter 'nope' at character 4, known are date, float, int"),
    ("/{x}/{x}", 5, "redefinition of variable 'x' at character 5"),
    ("/h/{to:+++}", 7, "nothing to repeat.*'to', at character 7"),
    ("/{x:[a}", 4, "unterminated character set"),
    ("/{x:a)b}", 5, "unbalanced parenthesis"),
    ("/{x:(?P<y>a)}/{y}", 0, "redefinition of group name 'y'"),
]


@pytest.mark.parametrize(("path", "position", "message"), REFUSED)
def test_refused(path: str, position: int, message: str) -> None:
    with pytest.raises(PathError, match=message.replace("{", r"\{")) as caught:
        PathPattern(path)
    assert (caught.value.path, caught.value.position) == (path, position)
    assert str(caught.value).startswith(("Invalid path", "Bad pattern"))
    assert isinstance(caught.value, ValueError)


def test_prefix_refuses_its_tail_as_variable() -> None:
    with pytest.raises(PathError, match="'rest' is both"):
        PathPattern("/{rest}", tail="rest")


def test_pickle_keeps_the_converters_it_uses() -> None:
    pattern = PathPattern("/{x!hex}", {"hex": Converter("[0-9a-f]+", str)})
    copied = pickle.loads(pickle.dumps(pattern))
    assert copied.match("/ff") == {"x": "ff"}
    assert list(copied.converters) == ["hex"]


def test_regex_is_compiled_when_asked_for() -> None:
    assert PathPattern("/a-b/{x}").compile().pattern == r"/a\-b/(?P<x>[^{}/]+)"
    assert PathPattern("/{x}", tail="t").compile().pattern == "/(?P<x>[^{}/]+)(?:/(?P<t>(?s:.*)))?"


HEX: Converter[object] = Converter("[0-9a-f]+", lambda text: int(text, 16), "{:x}".format)


@pytest.mark.parametrize(
    ("path", "prefix", "tail"),
    [
        ("/b/{y}", "/a", None),
        ("/b/{y}", "/a/{x!int}", None),
        ("", "/a", None),
        ("/", "/a", None),
        ("/{y:[0-9]+}.{z}", "/%C3%A9/{x}", None),
        ("/b", "/a/{x}", "rest"),
        ("/b/", "/a", "rest"),
        ("", "/a", "rest"),
        ("/{y:.*}", "/a%", None),
    ],
)
def test_a_pattern_behind_a_prefix_is_the_pattern_of_the_whole(
    path: str, prefix: str, tail: str | None
) -> None:
    moved = PathPattern(path, tail=tail).under(prefix)
    whole = PathPattern(prefix + path, tail=tail)
    for one in (moved, pickle.loads(pickle.dumps(moved))):
        assert (one.path, one.source, one.canonical, one.depth, one.text) == (
            whole.path, whole.source, whole.canonical, whole.depth, whole.text,
        )  # fmt: skip
        assert [(v.name, v.position) for v in one.variables] == [
            (v.name, v.position) for v in whole.variables
        ]


def test_each_side_of_a_prefix_has_its_own_converters() -> None:
    pattern = PathPattern("/{y!n}", {"n": CONVERTERS["int"]}).under("/{x!n}", {"n": HEX})
    assert [variable.converter for variable in pattern.variables] == [HEX, CONVERTERS["int"]]
    with pytest.raises(PathError, match="unknown converter 'm'"):
        pattern.under("/{z!m}", {"n": HEX})
    with pytest.raises(PathError, match=r"'/\{y\}/\{x!n\}/\{y!n\}': redefinition .*'y'") as error:
        pattern.under("/{y}")
    assert error.value.position == 11
