"""A response is a mapping for its handlers, and an object for everyone else."""

from typing import Any

import pytest

from treadle_responses import HTTPNotFound, Response, ResponseKey, StreamResponse

KEY = ResponseKey("key", list[int])
MAKERS: list[Any] = [StreamResponse, Response, HTTPNotFound]


@pytest.mark.parametrize("make", MAKERS)
def test_mapping(make: Any) -> None:
    response = make()
    assert len(response) == 0
    assert list(response) == []
    assert KEY not in response
    for key in ("a", KEY):
        with pytest.raises(KeyError):
            response[key]
        with pytest.raises(KeyError):
            del response[key]
    response["a"] = 1
    response[KEY] = [2]
    assert dict(response) == {"a": 1, KEY: [2]}
    assert response[KEY] == [2]
    assert response.get("b") is None
    assert response.setdefault("a", 5) == 1
    assert response.pop("a") == 1
    assert sorted(response) == [KEY]
    del response[KEY]
    assert len(response) == 0
    with pytest.raises(KeyError):
        response["a"]


@pytest.mark.parametrize("make", MAKERS)
def test_identity_and_truth(make: Any) -> None:
    one, two = make(), make()
    assert one == one  # the claim
    assert one != two
    assert not one == two  # noqa: SIM201  # both operators
    assert {one: 1, two: 2}[one] == 1
    assert hash(one) != hash(two)
    assert bool(one) is True
    one["a"] = two["a"] = 1
    assert one != two


def test_state_is_not_shared() -> None:
    one, two = StreamResponse(), StreamResponse()
    one["a"] = 1
    assert "a" not in two
