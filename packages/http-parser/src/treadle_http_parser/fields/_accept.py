"""Accept, Accept-Encoding and Accept-Language: the preferences of a client (RFC 9110 section 12.5).

Each field is read once into a value with two methods: ``quality`` returns the weight of one offer,
from 0.0 (not acceptable) to 1.0, and ``best`` chooses from the server's offers. These are in the
server's order of preference, which decides between equal weights.

Reading is strict: an item that is malformed, or has a weight that is not a ``qvalue``, is left out,
and reading continues behind the next comma.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

__all__ = [
    "AcceptedCodings",
    "AcceptedLanguages",
    "AcceptedTypes",
    "MediaRange",
    "parse_accept",
    "parse_accept_encoding",
    "parse_accept_language",
]

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_SEPARATORS: Final = re.compile(r"[ \t,]*")
_NAME: Final = re.compile(rf"{_TOKEN}(?:/{_TOKEN})?")
_PARAMETER: Final = re.compile(
    rf"[ \t]*;[ \t]*(?:({_TOKEN})=(?:({_TOKEN})|\"((?:[^\"\\]|\\.)*)\"))?(?=[ \t;,]|\Z)"
)
_END: Final = re.compile(r"[ \t]*(?:,|\Z)")
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
# RFC 9110 section 12.4.2: at most three decimals, nothing above 1, and the digit is not optional.
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_LANGUAGE: Final = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
# RFC 9110 section 8.4.1: recipients should treat these as the same coding.
_CODING_ALIASES: Final = {"x-gzip": "gzip", "x-compress": "compress"}

#: The weight of ``identity`` if no item names it: acceptable, after every coding that has an item.
_LEAST: Final = 0.001

_Parameters = frozenset[tuple[str, str]]


@final
@dataclass(frozen=True, slots=True)
class MediaRange:
    """One item of Accept: ``name`` is ``type/subtype``, ``type/*`` or ``*/*``, lower-cased.

    ``parameters`` are all except the weight, lower-cased, because their comparison ignores case.
    """

    name: str
    parameters: _Parameters
    quality: float

    @property
    def specificity(self) -> int:
        """The precedence of the range: of all that match an offer the highest decides."""
        if self.name == "*/*":
            return 0
        return 1 if self.name.endswith("/*") else 2 + len(self.parameters)

    def matches(self, name: str, parameters: _Parameters) -> bool:
        """Return True if a media type, in the form of this class, is within the range."""
        if self.name == "*/*" or self.name == name:
            return self.parameters <= parameters
        return self.name.endswith("/*") and name.startswith(self.name[:-1])


@final
class AcceptedTypes:
    """An Accept field: its ``ranges`` by falling weight, then by falling specificity."""

    __slots__ = ("_by_width", "ranges")

    def __init__(self, ranges: Iterable[MediaRange]) -> None:
        self._by_width: Final = sorted(ranges, key=lambda item: -item.specificity)
        self.ranges: Final = tuple(sorted(self._by_width, key=lambda item: -item.quality))

    def quality(self, media_type: str) -> float:
        """Return the weight of ``type/subtype``, which may have parameters.

        It is 1.0 for everything if the field has no readable item.
        """
        if not self._by_width:
            return 1.0
        for name, parameters, _ in _items(media_type):
            offered = frozenset(parameters)
            for item in self._by_width:
                if item.matches(name, offered):
                    return item.quality
            break
        return 0.0

    def best(self, offers: Iterable[str]) -> str | None:
        """Return the offer of the highest weight, the first of equals; None if all have 0."""
        return _best((offer, self.quality(offer)) for offer in offers)


@final
class AcceptedCodings:
    """An Accept-Encoding field: its ``codings`` and their weights, the highest first.

    A request without the field differs from one with an empty field: its client accepts any coding,
    but the server does not know which it can decode, so servers send it none.
    """

    __slots__ = ("_weights", "codings")

    def __init__(self, codings: Iterable[tuple[str, float]]) -> None:
        self._weights: Final[dict[str, float]] = {}
        for name, quality in codings:
            self._weights.setdefault(_CODING_ALIASES.get(name, name), quality)
        self.codings: Final = _by_quality(self._weights)

    def quality(self, coding: str) -> float:
        """Return the weight of a content coding such as ``gzip``, or of ``identity``.

        ``identity`` is acceptable unless its weight is 0, or it has none and that of ``*`` is 0.
        """
        name = coding.lower()
        weight = self._weights.get(_CODING_ALIASES.get(name, name))
        if weight is None:
            weight = self._weights.get("*", _LEAST if name == "identity" else 0.0)
        return weight

    def best(self, offers: Iterable[str]) -> str | None:
        """Return the offer of the highest weight, the first of equals; None if all have 0.

        List ``identity`` among the offers if the content can be sent without a coding.
        """
        return _best((offer, self.quality(offer)) for offer in offers)


@final
class AcceptedLanguages:
    """An Accept-Language field: its ``ranges`` and their weights, the highest first."""

    __slots__ = ("_weights", "ranges")

    def __init__(self, ranges: Iterable[tuple[str, float]]) -> None:
        self._weights: Final[dict[str, float]] = {}
        for name, quality in ranges:
            self._weights.setdefault(name, quality)
        self.ranges: Final = _by_quality(self._weights)

    def quality(self, tag: str) -> float:
        """Return the weight of a language tag such as ``de-CH``.

        It is that of the longest range that the tag equals or begins with (RFC 4647 section 3.3.1),
        else that of a narrower range, since a reader of ``de-CH`` reads ``de`` (section 3.4), else
        that of ``*``. It is 1.0 for every tag if the field has no readable item.
        """
        if not self._weights:
            return 1.0
        name = tag.lower()
        prefix = name
        while prefix:
            weight = self._weights.get(prefix)
            if weight is not None:
                return weight
            prefix = prefix.rpartition("-")[0]
        narrower = name + "-"
        for item, weight in self.ranges:
            if item.startswith(narrower):
                return weight
        return self._weights.get("*", 0.0)

    def best(self, offers: Iterable[str]) -> str | None:
        """Return the offer of the highest weight, the first of equals; None if all have 0."""
        return _best((offer, self.quality(offer)) for offer in offers)


def parse_accept(value: str) -> AcceptedTypes:
    """Read an Accept field; join repeated ones with ``", "`` first."""
    return AcceptedTypes(
        MediaRange(name, frozenset(parameters), quality)
        for name, parameters, quality in _items(value)
        if "/" in name and (name == "*/*" or not name.startswith("*/"))
    )


def parse_accept_encoding(value: str) -> AcceptedCodings:
    """Read an Accept-Encoding field; join repeated ones with ``", "`` first."""
    return AcceptedCodings(
        (name, quality)
        for name, parameters, quality in _items(value)
        if "/" not in name and not parameters
    )


def parse_accept_language(value: str) -> AcceptedLanguages:
    """Read an Accept-Language field; join repeated ones with ``", "`` first."""
    return AcceptedLanguages(
        (name, quality)
        for name, parameters, quality in _items(value)
        if not parameters and _LANGUAGE.fullmatch(name) is not None
    )


def _items(value: str) -> Iterator[tuple[str, list[tuple[str, str]], float]]:
    """Yield the readable items of a list: lower-cased name, parameters and weight."""
    position = 0
    while position >= 0:
        gap = _SEPARATORS.match(value, position)
        start = _NAME.match(value, position if gap is None else gap.end())
        if start is None:
            position = value.find(",", position if gap is None else gap.end())
            continue
        position = start.end()
        parameters: list[tuple[str, str]] = []
        weights: list[str] = []
        found = _PARAMETER.match(value, position)
        while found is not None:
            name, token, quoted = found.groups()
            if name is not None:
                text = token if token is not None else _QUOTED_PAIR.sub(r"\1", quoted)
                # RFC 9110 section 12.5.1: ``q`` is the weight at any position.
                if name in ("q", "Q"):
                    weights.append(token or "")
                else:
                    parameters.append((name.lower(), text.lower()))
            position = found.end()
            found = _PARAMETER.match(value, position)
        if _END.match(value, position) is not None and len(weights) <= 1:
            weight = weights[0] if weights else "1"
            if _WEIGHT.fullmatch(weight) is not None:
                yield start[0].lower(), parameters, float(weight)
        position = value.find(",", position)


def _best(offers: Iterable[tuple[str, float]]) -> str | None:
    best, most = None, 0.0
    for offer, quality in offers:
        if quality > most:
            best, most = offer, quality
    return best


def _by_quality(weights: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(weights.items(), key=lambda item: -item[1]))
