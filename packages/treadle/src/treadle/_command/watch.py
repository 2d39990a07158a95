"""Wait for changes of files: by looking at them now and then, sooner where watchfiles tells of one.

What is seen is what the looks find; watchfiles only says when. What counts is decided here: files
that a program reads when it starts, in folders that are not hidden and not somebody else's
(environments, caches).
"""

import fnmatch
import importlib.util
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

__all__ = ["Files", "changes"]

#: The names of files whose change matters: code, templates, settings.
PATTERNS: Final = (
    "*.py", "*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.mako", "*.xml", "*.md",
    "*.toml", "*.yaml", "*.yml", "*.ini", "*.cfg", "*.json", "*.sql", "*.po", "*.env", ".env",
)  # fmt: skip
#: Folders that are never looked at, beside the hidden ones.
IGNORED: Final = frozenset(
    {"__pycache__", "node_modules", "venv", "env", "site-packages", "build", "dist"}
)
#: Seconds between two looks; what an editor writes in several steps is one change.
INTERVAL: Final = 0.3
#: Milliseconds after which the files are looked at although nothing was told.
_TOLD_INTERVAL: Final = 1_000

_Stamps = dict[str, tuple[int, int]]


@final
class Files:
    """The files that are watched: those of some folders, by their names."""

    def __init__(
        self,
        folders: Sequence[Path],
        more: Sequence[str] = (),
        ignored: Sequence[str] = (),
    ) -> None:
        self.folders: Final = tuple(dict.fromkeys(folder.resolve() for folder in folders))
        self._patterns: Final = (*PATTERNS, *more)
        self._ignored: Final = tuple(ignored)

    def counts(self, path: str) -> bool:
        """Return True if a change of the file ``path`` matters."""
        for folder in self.folders:
            if path.startswith(str(folder) + os.sep):
                *parents, name = Path(path).relative_to(folder).parts
                break
        else:
            return False
        if any(self._skips(parent) for parent in parents):
            return False
        relative = "/".join((*parents, name))
        if any(_fits(pattern, name, relative) for pattern in self._ignored):
            return False
        return any(_fits(pattern, name, relative) for pattern in self._patterns)

    def _skips(self, folder: str) -> bool:
        return (
            folder in IGNORED
            or folder.startswith(".")
            or any(fnmatch.fnmatch(folder, pattern) for pattern in self._ignored)
        )

    def stamps(self) -> _Stamps:
        """Return the time and size of each file that counts."""
        found: _Stamps = {}
        for folder in self.folders:
            for root, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if not self._skips(name)]
                for name in files:
                    path = os.path.join(root, name)  # noqa: PTH118  # thousands of them
                    if self.counts(path):
                        try:
                            stat = os.stat(path)  # noqa: PTH116
                        except OSError:
                            continue
                        found[path] = (stat.st_mtime_ns, stat.st_size)
        return found


def _fits(pattern: str, name: str, relative: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(relative, pattern)


def _differences(before: _Stamps, now: _Stamps) -> list[str]:
    return sorted(path for path in {**before, **now} if before.get(path) != now.get(path))


def _times(stop: threading.Event) -> Iterator[None]:
    """Yield whenever it is time to look at the files, without watchfiles."""
    while not stop.wait(INTERVAL):
        yield


def _told_times(files: Files, stop: threading.Event) -> Iterator[None]:
    """The same, as soon as the operating system tells of a change.

    What is made in a folder that is new itself may not be told: so it is time now and then, too.
    """
    from watchfiles import watch

    def matters(_change: object, path: str) -> bool:
        return files.counts(path) or os.path.isdir(path)  # noqa: PTH112  # for each event

    for _ in watch(
        *files.folders,
        watch_filter=matters,
        stop_event=stop,
        debounce=200,
        step=50,
        rust_timeout=_TOLD_INTERVAL,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        yield


def _changes(files: Files, times: Iterator[None], before: _Stamps) -> Iterator[list[str]]:
    for _ in times:
        now = files.stamps()
        changed = _differences(before, now)
        before = now
        yield changed


def changes(files: Files, stop: threading.Event, *, poll: bool = False) -> Iterator[list[str]]:
    """Return the paths of each change from the call on, until ``stop`` is set.

    They are [] about once a second while nothing changes, so that the caller can look at other
    things too. ``poll`` does without watchfiles.
    """
    has_watchfiles = importlib.util.find_spec("watchfiles") is not None
    times = _times(stop) if poll or not has_watchfiles else _told_times(files, stop)
    return _changes(files, times, files.stamps())
