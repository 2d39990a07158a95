"""The errors that are an ``AssertionError`` too, at the calls for which aiohttp has one."""

from collections.abc import Callable

import pytest

from testkit import hello
from treadle_server import (
    Application,
    PlainResource,
    UrlDispatcher,
    UrlMappingMatchInfo,
    normalize_path_middleware,
)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: UrlDispatcher().add_get("/", 5), TypeError),  # type: ignore[arg-type]  # the mistake
        (lambda: UrlDispatcher().register_resource(5), TypeError),  # type: ignore[arg-type]  # as above
        (lambda: UrlDispatcher().add_static("s", "."), ValueError),
        (lambda: PlainResource("/a").add_prefix("p"), ValueError),
        (lambda: PlainResource("/a").register_route(5), TypeError),  # type: ignore[arg-type]  # as above
        (lambda: Application().add_subapp("sub", Application()), ValueError),
        (lambda: Application(router=5), TypeError),  # type: ignore[arg-type]  # as above
        (lambda: normalize_path_middleware(remove_slash=True), ValueError),
        (
            lambda: UrlMappingMatchInfo({}, UrlDispatcher().add_get("/", hello)).current_app,
            RuntimeError,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:router argument")
def test_both_classes(call: Callable[[], object], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value)
