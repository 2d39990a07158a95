"""Published advisories of servers that concern a router, with the correct behaviour."""

import time

import pytest

from treadle_router import Match, NotFound, Resource, Router


def static_router() -> Router[str]:
    router = Router[str]()
    router.add_prefix("/static", tail="filename").add_route("GET", "file")
    router.add_get("/admin/{x}", "admin")
    router.add_get("/{name}", "name")
    return router


@pytest.mark.parametrize(
    "path", ["static/a", "http://evil/static", "*", "", "evil.example:80", "\\a"]
)
def test_ghsa_c427_path_without_slash_is_refused(path: str) -> None:
    """aiohttp GHSA-c427, starlette CVE-2026-48710: only a path that starts with a slash matches."""
    assert static_router().match("GET", path) == NotFound()


@pytest.mark.parametrize(
    ("path", "filename"),
    [
        ("/static/..%2F..%2Fetc/passwd", "../../etc/passwd"),
        ("/static/%2e%2e/x", "../x"),
        ("/static/..%5C..%5Cwin.ini", "..\\..\\win.ini"),
        ("/static/%252e%252e%252fx", "%2e%2e%2fx"),
        ("/static//etc/passwd", "/etc/passwd"),
    ],
)
def test_cve_2024_23334_traversal_is_seen_not_resolved(path: str, filename: str) -> None:
    """aiohttp CVE-2024-23334 and its family: the file server gets the whole path, decoded once.

    The router normalises nothing, so what is checked for containment is what is opened.
    """
    match = static_router().match("GET", path)
    assert isinstance(match, Match)
    assert match.handler == "file"
    assert match.raw_params == {"filename": filename}


@pytest.mark.parametrize(
    "path", ["/x/../admin/1", "/%2e/admin/1", "//admin/1", "/admin%2F1/", "/./admin/1"]
)
def test_no_second_spelling_reaches_a_fixed_path(path: str) -> None:
    """aiohttp CVE-2024-42367 and route bypasses: dots and double slashes are ordinary."""
    match = static_router().match("GET", path)
    assert not isinstance(match, Match) or match.handler != "admin"


def test_encoded_slash_never_splits_a_segment() -> None:
    match = static_router().match("GET", "/admin%2F1")
    assert isinstance(match, Match)
    assert (match.handler, match.raw_params) == ("name", {"name": "admin/1"})


def test_ghsa_27mf_failures_leave_nothing_behind() -> None:
    """aiohttp GHSA-27mf (CVE-2024-52303): 404 and 405 are never stored, in any number."""
    import gc
    import tracemalloc

    matcher = static_router().freeze()

    def ask(start: int) -> None:
        for number in range(start, start + 2000):
            matcher.match("GET", f"/a/b/{number}")
            matcher.match(f"M{number}", f"/admin/{number}")
            matcher.match("GET", "/", host=f"h{number}")

    ask(0)
    gc.collect()
    tracemalloc.start()
    ask(10_000)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20_000


@pytest.mark.parametrize(
    "tail", ["/evil.example", "//evil.example/x", "\\evil.example", "/\\evil.example"]
)
def test_cve_2021_21330_built_paths_never_leave_the_host(tail: str) -> None:
    """``//host`` and ``/\\host`` are other hosts: aiohttp CVE-2021-21330, CVE-2020-28724."""
    built = Resource[str]("/{tail:.*}").build(tail=tail)
    assert built[1] not in "/\\"
    assert "\\" not in built
    assert Resource[str]("/{tail:.*}").match_path(built) == {"tail": tail}


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\x00b", "a?b#c", "\x85"])
def test_cve_2020_7695_built_paths_have_no_control_characters(value: str) -> None:
    """uvicorn CVE-2020-7695: a URL brings no control byte into a Location field."""
    built = Resource[str]("/{x:(?s:.*)}").build(x=value)
    assert built.isascii()
    assert built.isprintable()
    assert not {"?", "#", " "} & set(built)


@pytest.mark.parametrize("method", ["GET\r\nX: y", "GET\x00", "G ET", "GET\n"])
def test_ghsa_45c4_methods_are_tokens(method: str) -> None:
    """aiohttp GHSA-45c4: CR, LF and NUL cannot be in a token, nor at its end."""
    with pytest.raises(ValueError, match="must be a token"):
        Resource[str]("/a").add_route(method, "x")


@pytest.mark.parametrize("text", ["+1", "1_0", "0x1", "٣", " 1", "1\n"])
def test_ghsa_gfw2_numbers_are_ascii_digits(text: str) -> None:
    """aiohttp GHSA-gfw2: ``int()`` alone would take all of these."""
    router = Router[str]()
    router.add_get("/{x!int}", "x")
    assert router.match("GET", f"/{text}") == NotFound()


HOSTILE = ["." * 8000, "a." * 4000, "1" * 8000 + "x", "1.1" * 2700, "-" * 8000 + "!", "/x" * 4000]


@pytest.mark.parametrize(
    "path",
    [
        "/{a}.{b}.{c}.{d}y",
        "/{a}{b}{c}y",
        "/{a!float}",
        "/{a!slug}-{b!slug}-{c!slug}",
        "/{a!int}{b!int}{c!int}y",
        "/{p!path}/{a}.{b}.{c}y",
        "/x/{p!path}/x/{a!slug}-{b!slug}-{c!slug}",
    ],
)
def test_cve_2024_24762_no_blow_up_in_expressions_of_this_package(path: str) -> None:
    """python-multipart CVE-2024-24762 and its family: 8 KiB of the worst text is refused quickly.

    Backtracking would take from a second to hours where this takes milliseconds.
    """
    router = Router[str]()
    router.add_get(path, "x")
    start = time.perf_counter()
    for text in HOSTILE:
        assert router.match("GET", f"/{text}") == NotFound()
    assert time.perf_counter() - start < 1.0
