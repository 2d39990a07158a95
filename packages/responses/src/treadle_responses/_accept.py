"""Proactive negotiation: what a client accepts, read from Accept and Accept-Encoding.

Takes a field's value and what the server can offer, in its own order of preference, and returns the
choice (RFC 9110 section 12). Reading is one pass over the value, without regular expressions; an
item that is malformed, or has parameters besides its weight, is left out. Quoted commas are not
looked for: nothing that is offered here has parameters, so such an item could match none of it.
"""

from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["acceptable_codings", "best_type", "read_weights"]

#: ``identity`` that no item speaks of is acceptable, behind everything that was asked for.
_LEAST: Final = 0.001
_IDENTITY: Final = "identity"

# RFC 9110 section 8.4.1.3: recipients should take ``x-gzip`` for ``gzip``.
_ALIASES: Final = {"x-gzip": "gzip"}

# Answers given before: nearly all clients send one of a few values. Bounded in number and size,
# because the others make them up.
_known: Final[dict[tuple[str, tuple[str, ...]], tuple[str, ...]]] = {}
_MAX_KNOWN: Final = 128
_MAX_KNOWN_LENGTH: Final = 100


def read_weights(value: str) -> dict[str, float]:
    """Return the items of an Accept-like field, lower-cased, with their weights.

    Of an item that is given twice the first counts.
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
    """Return which of ``offers`` to try, the best first; what is left unencoded comes behind them.

    ``accept_encoding`` is the field's value, None where the request has none: such a client accepts
    anything, but what it can decode is unknown, and it gets no coding (RFC 9110 section 12.5.3). A
    coding that is less welcome than ``identity`` is not worth its time and left out.
    """
    if not accept_encoding:
        return ()
    key = (accept_encoding, tuple(offers))
    known = _known.get(key)
    if known is not None:
        return known
    weights = read_weights(accept_encoding)
    anything = weights.get("*")
    identity = weights.get(_IDENTITY, _LEAST if anything is None else anything)
    found = [(weights.get(offer, anything or 0.0), offer) for offer in offers]
    # A stable sort: between equals the server's order decides.
    found.sort(key=lambda item: -item[0])
    chosen = tuple(offer for weight, offer in found if weight > 0 and weight >= identity)
    if len(accept_encoding) <= _MAX_KNOWN_LENGTH:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[key] = chosen
    return chosen


def best_type(accept: str | None, offers: Iterable[str]) -> str | None:
    """Return the media type of ``offers`` that a client likes best, None if it accepts none.

    The first offer where ``accept`` is None or empty, and between equals. Of the ranges that match
    an offer the narrowest counts (RFC 9110 section 12.5.1).
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
