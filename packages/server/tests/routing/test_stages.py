"""The stages of dispatch around resources that must be asked."""

import pytest
from yarl import URL

from treadle_responses import Response
from treadle_router import Matcher
from treadle_server import AbstractMatchInfo, AbstractResource, Request, Resource, RouteInfo
from treadle_server._routing.resources import PlainResource
from treadle_server._routing.stages import ResolveStage, cut_at_resolves


class Asked(AbstractResource):
    """A resource of an add-on."""

    def __init__(self, canonical: str, *, rule: bool = False) -> None:
        super().__init__()
        self._canonical = canonical
        self.is_rule = rule  # type: ignore[misc]  # of the class elsewhere

    @property
    def canonical(self) -> str:
        return self._canonical

    def url_for(self, **parts: object) -> URL:
        return URL(self._canonical)

    async def resolve(self, request: Request) -> tuple[AbstractMatchInfo | None, set[str]]:
        return None, set()

    def add_prefix(self, prefix: str) -> None:
        self._canonical = prefix + self._canonical

    def get_info(self) -> RouteInfo:
        return {}

    def raw_match(self, path: str) -> bool:
        return path == self._canonical

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> "type[StopIteration]":  # type: ignore[override]  # never iterated here
        raise AssertionError


async def handler(request: Request) -> Response:
    return Response()


def plain(path: str) -> Resource:
    resource = PlainResource(path)
    resource.add_route("GET", handler)
    return resource


# Paths in the order of registration, with a question mark for those that are asked and an
# exclamation mark for rules; the stages, those of a matcher together.
CUTS = [
    ([], []),
    (["/a", "/b"], ["/a /b"]),
    (["?/a", "/b"], ["?/a", "/b"]),
    (["/b", "?/a"], ["/b", "?/a"]),
    (["/a", "?/b", "/c"], ["/a", "?/b", "/c"]),
    # More fixed segments come first.
    (["?/a", "/b/c"], ["/b/c", "?/a"]),
    (["/a", "?/b/c", "/d/e/f"], ["/d/e/f", "?/b/c", "/a"]),
    (["?/a/{name}/c", "/b/c"], ["/b/c", "?/a/{name}/c"]),
    # Rules are asked before all stages.
    (["!/x", "/a"], ["/a"]),
]


@pytest.mark.parametrize(("paths", "expected"), CUTS)
def test_the_cut(paths: list[str], expected: list[str]) -> None:
    resources = [
        plain(path) if path[0] == "/" else Asked(path[1:], rule=path[0] == "!") for path in paths
    ]
    stages = [
        " ".join(item.path for item in stage.resources())
        if isinstance(stage, Matcher)
        else "?" + stage.resource.canonical
        for stage in cut_at_resolves(resources)
    ]
    assert stages == expected


@pytest.mark.parametrize(
    ("canonical", "path", "takes"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a", "/ab", False),
        ("/a", "/", False),
        ("/", "/anything", True),
        ("/a/{name}", "/a/b", True),
        ("/a/{name}/c", "/a", True),
        ("/a%20b", "/a b/c", True),
    ],
)
def test_the_paths_that_a_stage_takes(canonical: str, path: str, takes: bool) -> None:
    assert ResolveStage(Asked(canonical)).takes(path) is takes
