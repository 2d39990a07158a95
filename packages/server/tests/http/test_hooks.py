"""The calls of a response: made for one request, empty at first."""

import pytest

from treadle_server._http.hooks import PrepareHook, RequestHooks


async def prepare(_request: object, _response: object) -> None:
    raise AssertionError("nothing is sent here")


@pytest.mark.parametrize("hook", [None, prepare])
def test_each_request_has_its_own(hook: PrepareHook | None) -> None:
    first, second = RequestHooks(hook), RequestHooks(hook)
    first.cleanups.append(lambda: None)
    assert first.prepare is hook
    assert second.cleanups == []
