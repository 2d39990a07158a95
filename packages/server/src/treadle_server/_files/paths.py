"""Map the rest of a URL's path to a file below a directory; no request can leave the directory.

There are two checks. ``safe_segments`` looks at the text alone, before any file is touched. It
refuses dot segments, empty segments, backslashes, NUL, drive letters, and on Windows the names of
devices. ``contained`` then looks at the disk: the target of a symbolic link must be inside, unless
links may lead out.
"""

import functools
import os
import re
import stat
from typing import Final

__all__ = ["contained", "safe_segments"]

_DRIVE: Final = re.compile(r"[A-Za-z]:")


@functools.cache
def _device() -> re.Pattern[str]:
    """Return the expression for names that Windows reads as devices in every directory.

    Also with any extension and trailing dots or spaces. Compiled where it is needed: it would be
    the longest step of the import.
    """
    return re.compile(
        r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])[ .]*(?:[.:].*)?",
        re.IGNORECASE,
    )


def safe_segments(
    tail: str, raw: str = "", *, windows: bool = os.name == "nt"
) -> tuple[str, ...] | None:
    """Return the segments of a percent-decoded path, None if it must not be looked up.

    An empty tuple is the directory itself; the caller handles a slash at the end. ``raw`` is the
    path as it was sent: an encoded slash or backslash in it separates no segments, and no file has
    one in its name.
    """
    if "%" in raw:
        lowered = raw.lower()
        if "%2f" in lowered or "%5c" in lowered:
            return None
    if "\0" in tail or "\\" in tail:
        return None
    tail = tail.removesuffix("/")
    if not tail:
        return ()
    segments = tuple(tail.split("/"))
    for segment in segments:
        # An empty segment starts ``//server/share`` or an absolute path.
        if segment in ("", ".", "..") or _DRIVE.match(segment) is not None:
            return None
        if windows and (
            ":" in segment or segment[-1] in ". " or _device().fullmatch(segment) is not None
        ):
            return None
    return segments


def contained(root: str, segments: tuple[str, ...], *, follow_symlinks: bool) -> str | None:
    """Return the path of a file below ``root``, None if a link leads out of it; blocks.

    ``root`` is a real path, and ``segments`` come from ``safe_segments``. With ``follow_symlinks``
    links may lead anywhere. A path that does not exist counts as inside.
    """
    path = os.path.join(root, *segments)  # noqa: PTH118  # a Path costs more than the rest of the function
    if follow_symlinks or not _has_link(root, segments):
        return path
    real = os.path.realpath(path)
    inside = real == root or real.startswith(root.rstrip(os.sep) + os.sep)
    return real if inside else None


def _has_link(root: str, segments: tuple[str, ...]) -> bool:
    """Return True if a part of the path is a symbolic link; only links can lead out."""
    path = root
    for segment in segments:
        path = f"{path}{os.sep}{segment}"
        try:
            if stat.S_ISLNK(os.lstat(path).st_mode):
                return True
        except OSError:
            # It does not exist, so nothing below it does.
            return False
    return False
