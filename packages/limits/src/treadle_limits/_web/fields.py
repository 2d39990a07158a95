"""The fields of limits on the answer to a request, whichever answer it gets.

They are kept in ``request.answer_fields``, from which the server takes them for responses that a
handler prepares itself, WebSockets included, and for its own answers to errors. Several limits of
one request share the two fields.
"""

from typing import Final

from treadle_limits._core.decision import Decision
from treadle_limits._core.fields import retry_after
from treadle_responses import HTTPServiceUnavailable, HTTPTooManyRequests, StreamResponse
from treadle_server import Request

__all__ = ["mark", "note", "refusal"]

_STATE: Final = "RateLimit"
_POLICY: Final = "RateLimit-Policy"


def note(request: Request, policy: str, state: str) -> None:
    """Add the items of one limit to the fields of any answer to ``request``."""
    given = request.answer_fields
    if given:
        # Limits around this one, or fields of others, such as a request ID.
        found = dict(given)
        before, states = found.pop(_POLICY, ""), found.pop(_STATE, "")
        if before:
            policy, state = f"{before}, {policy}", f"{states}, {state}"
        given = tuple(found.items())
    request.answer_fields = (*given, (_POLICY, policy), (_STATE, state))


def mark(request: Request, response: StreamResponse) -> None:
    """Write the noted fields into a response that is not prepared yet."""
    fields = request.answer_fields
    if fields and not response.prepared:
        headers = response.headers
        for name, value in fields:
            if name in (_POLICY, _STATE):
                headers[name] = value


def refusal(request: Request, decision: Decision) -> HTTPTooManyRequests | HTTPServiceUnavailable:
    """Return the answer to a hit that did not pass: 429, or 503 without a store."""
    kind = HTTPTooManyRequests if decision.counted else HTTPServiceUnavailable
    error = kind(headers={"Retry-After": retry_after(decision)})
    mark(request, error)
    return error
