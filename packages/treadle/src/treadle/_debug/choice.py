"""The media type of an error page: what the client prefers of HTML, JSON and text."""

from typing import Final

from treadle_http_parser.fields import parse_accept

__all__ = ["preferred"]

#: The first is what a client without a preference gets: a terminal reads text.
_OFFERS: Final = ("text/plain", "text/html", "application/json")


def preferred(accept: str | None) -> str:
    """Return the type for the value of an Accept field, None if there is none."""
    if not accept:
        return _OFFERS[0]
    return parse_accept(accept).best(_OFFERS) or _OFFERS[0]
