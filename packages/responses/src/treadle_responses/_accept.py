"""Proactive negotiation with Accept and Accept-Encoding (RFC 9110 section 12).

The functions take the value of a field and the server's offers, in its order of preference, and
return the choice. The value is read in one pass, without regular expressions. An item that is
malformed, or has parameters besides its weight, is ignored. Quoted commas are not handled: the
offers have no parameters, so that an item with a quoted comma could not match any.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["acceptable_codings", "best_type", "read_weights"]

#: The weight of ``identity`` if the field does not name it: acceptable, but behind all named items.
_LEAST: Final = 0.001
_IDENTITY: Final = "identity"

# RFC 9110 section 8.4.1.3: recipients should treat ``x-gzip`` as ``gzip``.
_ALIASES: Final = {"x-gzip": "gzip"}

#: Choices that are cached: nearly all clients send one of a few values, and reading one takes 5 us,
#: half as long as ``plan_file``. Longer values are not cached: a client could fill memory with
#: them.
_CACHED: Final = 128
_MAX_CACHED_LENGTH: Final = 100


def read_weights(value: str) -> dict[str, float]:
    """Return the items of an Accept-like field, lower-cased, with their weights.

    The first of repeated items counts.
    """
    weights: dict[str, float] = {}
    for item in value.split(","):
        name, semicolon, parameter = item.partition(";")
        weight = _weight(parameter) if semicolon else 1.0
        name = name.strip(" \t").lower()
        if name and weight is not None:
            weights.setdefault(_ALIASES.get(name, name), weight)
    return weights


def _weight(parameter: str) -> float | None:
    # RFC 9110 section 12.4.2: OWS ";" OWS "q=" ( "0" [ "." *3DIGIT ] / "1" [ "." *3"0" ] )
    name, _, text = parameter.strip(" \t").partition("=")
    if name not in ("q", "Q") or len(text) > 5 or not text.isascii():
        return None
    whole, dot, decimals = text.partition(".")
    if whole not in ("0", "1") or (decimals and not decimals.isdigit()):
        return None
    if not decimals:
        return float(whole)
    weight = float(f"{whole}{dot}{decimals}")
    return weight if weight <= 1 else None


def acceptable_codings(accept_encoding: str | None, offers: Sequence[str]) -> tuple[str, ...]:
    """Return the acceptable ``offers``, the best first; empty to send the content unencoded.

    ``accept_encoding`` is the field's value, None if the request has none. Such a client accepts
    any coding, but the server does not know which it can decode, so it gets none (RFC 9110 section
    12.5.3). A coding with less weight than ``identity`` is left out: it would only cost time.
    """
    if not accept_encoding:
        return ()
    if len(accept_encoding) > _MAX_CACHED_LENGTH:
        return _choose(accept_encoding, tuple(offers))
    return _cached_choose(accept_encoding, tuple(offers))


def _choose(accept_encoding: str, offers: tuple[str, ...]) -> tuple[str, ...]:
    weights = read_weights(accept_encoding)
    anything = weights.get("*")
    identity = weights.get(_IDENTITY, _LEAST if anything is None else anything)
    found = [(weights.get(offer, anything or 0.0), offer) for offer in offers]
    # A stable sort: the server's order decides between equals.
    found.sort(key=lambda item: -item[0])
    return tuple(offer for weight, offer in found if weight > 0 and weight >= identity)


_cached_choose: Final = functools.lru_cache(_CACHED)(_choose)


def best_type(accept: str | None, offers: Iterable[str]) -> str | None:
    """Return the media type of ``offers`` that the client prefers, None if it accepts none.

    The first offer wins between equals, and if ``accept`` is None or empty. If several ranges match
    an offer, the narrowest counts (RFC 9110 section 12.5.1).
    """
    weights = read_weights(accept) if accept else {"*/*": 1.0}
    best, most = None, 0.0
    for offer in offers:
        weight = weights.get(offer)
        if weight is None:
            weight = weights.get(f"{offer.partition('/')[0]}/*", weights.get("*/*", 0.0))
        if weight > most:
            best, most = offer, weight
    return best
