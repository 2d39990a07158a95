"""The fields on answers: several limits, other fields, and the two kinds of refusals."""

from treadle_limits import Decision, Rate
from treadle_limits._web.fields import mark, note, refusal
from treadle_responses import HTTPServiceUnavailable, HTTPTooManyRequests, Response
from treadle_testing import make_mocked_request


def test_limits_share_the_fields_and_leave_others() -> None:
    request = make_mocked_request("GET", "/")
    request.answer_fields = (("X-Request-ID", "1"),)
    note(request, "a", "b")
    note(request, "c", "d")
    assert dict(request.answer_fields) == {
        "X-Request-ID": "1", "RateLimit-Policy": "a, c", "RateLimit": "b, d",
    }  # fmt: skip
    response = Response()
    mark(request, response)
    assert response.headers["RateLimit"] == "b, d"
    assert "X-Request-ID" not in response.headers


def test_refusals() -> None:
    request = make_mocked_request("GET", "/")
    note(request, "policy", "state")
    error = refusal(request, Decision(False, Rate(1, 60), 0, 60.0, 59.2))
    assert isinstance(error, HTTPTooManyRequests)
    assert dict(error.headers) == {
        "Content-Type": "text/plain; charset=utf-8", "Retry-After": "60",
        "RateLimit-Policy": "policy", "RateLimit": "state",
    }  # fmt: skip
    other = refusal(request, Decision(False, Rate(1, 60), 0, 1.0, 1.0, counted=False))
    assert isinstance(other, HTTPServiceUnavailable)
