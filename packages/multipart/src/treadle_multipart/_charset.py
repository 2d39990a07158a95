"""The charsets that a peer may name, as names of Python codecs.

``codecs.lookup`` knows more than charsets: transforms (``rot13``, ``zlib``), codecs of quadratic
cost (``idna``, ``punycode``), escape languages (``unicode_escape``) and UTF-7, in which ASCII text
can hide markup. A peer's label must therefore be one of the encodings of the WHATWG Encoding
Standard, UTF-32, or a code page of DOS. This is the one list for every text of a stranger: bodies,
header blocks of parts, parts, ``_charset_`` and urlencoded forms.

A label is never given to ``codecs.lookup``, which keeps every unknown one for ever: peers could
fill the memory with invented labels. It is looked up in Python's table of aliases.
"""

from encodings import normalize_encoding
from encodings.aliases import aliases

from ._errors import UnknownCharsetError

__all__ = ["text_codec"]

# The longest label in the Encoding Standard has 19 characters; aiohttp's limit is 31.
_MAX_LABEL = 31

# Their codecs, by the names that ``codecs.lookup`` returns. They are not looked up here: that would
# import fifty modules with the first form.
_ALLOWED = frozenset(
    """
    ascii big5 big5hkscs cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp437
    cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869
    cp874 cp932 cp949 euc_jp euc_kr gb18030 gb2312 gbk iso2022_jp iso8859-1 iso8859-10
    iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 iso8859-2 iso8859-3 iso8859-4
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 koi8-r koi8-u mac-cyrillic mac-roman
    shift_jis tis-620 utf-16 utf-16-be utf-16-le utf-32 utf-32-be utf-32-le utf-8
    """.split()  # noqa: SIM905  # a table of words
)
# The same by the names of Python's modules, which the aliases stand for.
# Labels of the Encoding Standard that Python does not know.
_MORE_ALIASES = {"windows_874": "cp874", "dos_874": "cp874", "iso_8859_8_i": "iso8859_8"}
_BY_MODULE = {name.replace("-", "_"): name for name in _ALLOWED} | {"latin_1": "iso8859-1"}


def text_codec(label: str, *, field: str | None = None) -> str:
    """Return the Python codec for a charset label. ``field`` is only for the error.

    Raises ``UnknownCharsetError`` for a label that does not name a supported charset.
    """
    if label in _ALLOWED:
        return label
    if len(label) <= _MAX_LABEL and label.isascii() and label.isprintable():
        key = normalize_encoding(label.strip().lower())
        # ``x-sjis`` and ``x-gbk`` are older than the registration of the names.
        for known in (key, key.removeprefix("x_")):
            module = aliases.get(known) or aliases.get(known.replace(".", "_")) or known
            name = _BY_MODULE.get(_MORE_ALIASES.get(module, module))
            if name is not None:
                return name
    raise UnknownCharsetError(
        f"{label[:_MAX_LABEL]!a} is not a supported charset; send utf-8", field=field
    )
