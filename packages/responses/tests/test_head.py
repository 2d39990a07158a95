"""``ResponseHead``: the parts that no response class overrides (the rest is in ``test_stream``)."""

from treadle_responses._head import ResponseHead


def test_nothing_is_built_before_it_is_asked_for() -> None:
    head = ResponseHead()
    _ = (head.content_type, head.charset, head.content_length, head.last_modified, head.etag)
    assert head._headers is None
    head.set_cookie("a", "b")
    assert head._headers is None
    head.content_type = "text/x"
    assert head.headers == {"Content-Type": "text/x"}


def test_cookies_are_kept() -> None:
    head = ResponseHead()
    head.set_cookie("a", "b", path="/x")
    head.del_cookie("c")
    assert sorted(head.cookies) == ["a", "c"]


def test_a_length_that_is_stored_as_a_number() -> None:
    response = ResponseHead()
    response.headers["Content-Length"] = 5  # type: ignore[assignment]  # the header object takes it
    assert response.content_length == 5
