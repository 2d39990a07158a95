"""``KeyedState``: a mapping that is compared as an object."""

import pickle
import warnings
from collections.abc import Mapping
from typing import Any, Literal, assert_type

import pytest

from treadle_responses import (
    AppKey,
    HTTPNotFound,
    KeyedState,
    NotAppKeyWarning,
    RequestKey,
    Response,
    ResponseKey,
    StreamResponse,
)


class State(KeyedState[ResponseKey[Any], Literal["response"]]):
    """Nothing but the mixin."""


KEY = ResponseKey("key", list[int])
MAKERS: list[Any] = [State, StreamResponse, Response, HTTPNotFound]


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
    assert (response.get("a"), response.get(KEY, 0)) == (1, [2])
    assert (response.get("b"), response.get("b", 3), make().get("b", 3)) == (None, 3, 3)
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


def test_values_have_the_type_of_their_key() -> None:
    """mypy checks this one: the ignores would be reported if they were not needed."""
    state = State()
    state[KEY] = [1]
    assert_type(state[KEY], list[int])
    assert_type(state.get(KEY), list[int] | None)
    assert_type(state.get(KEY, ""), list[int] | str)
    assert_type(state.get("name"), Any)
    mapping: Mapping[str | ResponseKey[Any], Any] = state
    assert mapping is state
    state[ResponseKey("text", str)] = 1  # type: ignore[misc]  # the key says str
    for key in (AppKey("a", int), RequestKey("a", int)):
        with pytest.raises(KeyError):
            state[key]  # type: ignore[index]  # another kind of key


DB: ResponseKey[int] = ResponseKey("db", int)
TWIN: ResponseKey[int] = ResponseKey("db", int)


@pytest.mark.parametrize(
    ("stored", "asked", "text"),
    [
        ([], "db", "the response has no 'db'"),
        (["database"], "databse", "the response has no 'databse'. Did you mean 'database'?"),
        (["a", "b"], "zzz", "the response has no 'zzz'. It has 'a', 'b'"),
        ([DB], "db", f"the response has no 'db'. It has {DB!r}, which is another key: use that"),
        ([DB], TWIN, f"has no {TWIN!r}. It has {DB!r}, which is another key: use that object"),
        (["db"], DB, f"the response has no {DB!r}. It has 'db', which is another key"),
        ([DB], "dbs", f"the response has no 'dbs'. Did you mean {DB!r}?"),
        (
            [f"k{n}" for n in range(20)],
            "zzz",
            "It has 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9', ...",
        ),
        (["a"], 5, "the response has no 5"),
        (["a"], "x\n" * 1000, r"the response has no 'x\n"),
    ],
)
def test_an_unknown_key(stored: list[Any], asked: Any, text: str) -> None:
    response = Response()
    for key in stored:
        response[key] = 1
    for use in (
        lambda: response[asked],
        lambda: response.__delitem__(asked),
        lambda: response.pop(asked),
    ):
        with pytest.raises(KeyError) as caught:
            use()
        assert text in str(caught.value)
        assert caught.value.args == (asked,)
        assert len(str(caught.value)) < 800
    assert asked not in response
    assert response.get(asked) is None
    assert response.pop(asked, 7) == 7


def test_an_unknown_key_can_be_pickled() -> None:
    with pytest.raises(KeyError) as caught:
        Response()["db"]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.args) == ("the response has no 'db'", ("db",))


def test_a_string_as_a_key_is_warned_of_once() -> None:
    class Own(KeyedState[ResponseKey[Any], Literal["response"]]):
        mapping_name = "the response"

    state = Own()
    with pytest.warns(NotAppKeyWarning, match=r"web\.ResponseKey .* than 'once'") as warned:
        state["once"] = 1
    assert [warning.filename for warning in warned] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        state["once"] = 2
        Own()["once"] = 3
        state[KEY] = [4]
    assert (state["once"], state[KEY]) == (2, [4])


def test_the_warnings_do_not_fill_the_memory() -> None:
    class Own(KeyedState[RequestKey[Any], Literal["request"]]):
        mapping_name = "the request"

    state = Own()
    values = {f"key{number}": number for number in range(1100)}
    with pytest.warns(NotAppKeyWarning, match=r"web\.RequestKey") as warned:
        state.update(values)
    assert len(warned) == len(Own._seen_str_keys) == 1000
    assert len(state) == 1100
