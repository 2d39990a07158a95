"""Make a file name that is safe to create from the one that a peer sent.

This is pure text: the disk is not touched. The result never has a path, is never empty, ``.``,
``..`` or a device name of Windows, and fits the 255 bytes that file systems allow.
"""

import re
import unicodedata

from ._errors import UsageError

__all__ = ["safe_filename"]

# Not allowed in names on Windows (``:`` opens an alternate stream); harmless to replace elsewhere.
_RESERVED_CHARS = re.compile(r'[<>:"|?*]')
# On Windows these names open a device, in any folder and with any extension.
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])", re.IGNORECASE
)


def safe_filename(filename: str, *, default: str = "file", max_bytes: int = 255) -> str:
    r"""Return the last component of a peer's file name, made safe to create in a folder.

    >>> safe_filename("C:\\temp\\..\\report.pdf"), safe_filename("../../etc/passwd")
    ('report.pdf', 'passwd')

    Control characters, lone surrogates and other unprintable characters are dropped, characters
    that Windows reserves become ``_``, leading dots are dropped (no hidden files), and the stem is
    shortened so that the UTF-8 name fits ``max_bytes``. ``default`` is returned if nothing is left.
    The result is not unique: do not overwrite files with it.

    Raises ``UsageError`` if ``max_bytes`` is under 16.
    """
    if max_bytes < 16:
        raise UsageError(f"max_bytes={max_bytes} leaves no room for a name; pass at least 16")
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if char.isprintable())
    # Normalizing sorts a run of combining marks in quadratic time: not more of it than can be used.
    name = unicodedata.normalize("NFC", _shortened(name, 4 * max_bytes))
    name = _RESERVED_CHARS.sub("_", name).strip(" ").lstrip(".").strip(" ")
    name = _shortened(name, max_bytes).rstrip(" .")
    if not name:
        return default
    if _DEVICES.fullmatch(name.partition(".")[0].rstrip(" ")):
        name = _shortened("_" + name, max_bytes)
    return name


def _shortened(name: str, max_bytes: int) -> str:
    """Cut the stem and keep the extension, by which programs tell the type of a file."""
    if len(name.encode()) <= max_bytes:
        return name
    stem, dot, extension = name.rpartition(".")
    # An "extension" of more than half of the bytes is not one.
    if not stem or len(extension.encode()) > max_bytes // 2:
        stem, dot, extension = name, "", ""
    room = max_bytes - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + extension
