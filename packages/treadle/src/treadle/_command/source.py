"""Import what an entry names, and make an application of it.

What is found is an application, a function that returns one (async or not, without arguments or
with the list of the rest of the command line), or an ASGI application. Mistakes are an
``EntryError``; an exception of the user's own code is an ``ImportFailedError``, which has it.
"""

import importlib
import inspect
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Final, final

from treadle.web import StreamResponse
from treadle_server import Application
from treadle_server.interfaces import shown

from .entry import Entry, EntryError
from .hints import made_below_main, serves_itself

__all__ = ["DEFAULT_NAMES", "ImportFailedError", "load_entry", "make_source"]

#: The names that are looked for in a module, applications before functions.
DEFAULT_NAMES: Final = (
    "app", "application", "make_app", "create_app", "init_app", "get_app", "init_func",
)  # fmt: skip

_NEEDS_ASGI: Final = "is an ASGI application, which needs treadle-asgi: pip install 'treadle[asgi]'"


@final
class ImportFailedError(EntryError):
    """The user's module raised ``error`` when it was imported."""

    def __init__(self, message: str, error: BaseException) -> None:
        super().__init__(message)
        self.error: Final = error


def load_entry(entry: Entry) -> tuple[Entry, object]:
    """Import the module; return the entry with the name that was found, and its object.

    Raises ``EntryError``, and ``ImportFailedError`` for what the module itself raises.
    """
    folder = str(entry.folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    line = serves_itself(_file_of(entry))
    if line is not None:
        raise EntryError(
            f"{entry.module!r} runs a server of its own when it is imported (line {line}): put "
            'that call below `if __name__ == "__main__":`'
        )
    module = _import(entry)
    _check_place(entry, module)
    if entry.name is None:
        name = _usual_name(entry, module)
        return replace(entry, name=name), vars(module)[name]
    found: object = module
    where = f"module {entry.module!r}"
    for name in entry.name.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            if found is module:
                _check_main(entry, [name])
            near = get_close_matches(name, dir(found), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise EntryError(f"{where} has no attribute {name!r}{hint}") from None
        where = f"{name!r}"
    return entry, found


def _import(entry: Entry) -> ModuleType:
    try:
        return importlib.import_module(entry.module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if entry.module == missing or entry.module.startswith(f"{missing}."):
            raise EntryError(_not_found(entry, missing)) from None
        text = f"{entry.module!r} imports {missing!r}, which is not installed"
        raise ImportFailedError(f"{text}: pip install it, or mend the import", error) from None
    except SyntaxError as error:
        place = f"{error.filename}, line {error.lineno}" if error.filename else entry.module
        text = f"cannot import {entry.module!r}: {error.msg} ({place})"
        raise ImportFailedError(text, error) from None
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises
        if isinstance(error, ImportError) and "no known parent package" in str(error):
            folder = entry.folder
            text = (
                f"cannot import {entry.module!r}: it has a relative import, and {folder} has no "
                "__init__.py. Add an empty one"
            )
            raise ImportFailedError(text, error) from None
        if isinstance(error, ImportError) and "circular import" in str(error):
            text = (
                f"cannot import {entry.module!r}: modules import each other, as the traceback "
                "shows. Move what both need into a third one"
            )
            raise ImportFailedError(text, error) from None
        raise _failed(f"cannot import {entry.module!r}:", error) from None
    except SystemExit as error:
        raise ImportFailedError(
            f"cannot import {entry.module!r}: it exits; put what runs the server below "
            '`if __name__ == "__main__":`',
            error,
        ) from None


def _file_of(entry: Entry) -> Path:
    """Return the path that the module has if it is a file of the user."""
    return entry.folder / Path(*entry.module.split(".")).with_suffix(".py")


def _check_main(entry: Entry, names: Sequence[str]) -> None:
    """Refuse a module that makes its application only when it is run by itself."""
    below = made_below_main(_file_of(entry), names)
    if below is not None:
        raise EntryError(
            f'{below[0]!r} is made below `if __name__ == "__main__":` ({entry.module}, line '
            f"{below[1]}), which does not run here: move it above that line"
        )


def _check_place(entry: Entry, module: ModuleType) -> None:
    """Refuse a module that hides the user's file of the same name."""
    file = _file_of(entry)
    found = getattr(module, "__file__", None)
    if file.is_file() and (found is None or not file.samefile(found)):
        raise EntryError(
            f"{entry.module!r} is {found or 'a module of Python'}, which hides {file}: give your "
            "file another name"
        )


def _not_found(entry: Entry, missing: str) -> str:
    folder, _, last = missing.rpartition(".")
    place = entry.folder / Path(*folder.split(".")) if folder else entry.folder
    names = {path.stem for path in place.glob("*.py")} if place.is_dir() else set()
    names |= {p.name for p in place.iterdir() if p.is_dir()} if place.is_dir() else set()
    near = get_close_matches(last, sorted(names), 1)
    hint = f"did you mean {near[0]!r}?" if near else "see --app-dir for another folder"
    return f"there is no module {missing!r} in {place} or among the installed ones; {hint}"


def _usual_name(entry: Entry, module: ModuleType) -> str:
    names = vars(module)
    for name in DEFAULT_NAMES:
        if name in names:
            return name
    found = [name for name, value in names.items() if isinstance(value, Application)]
    if len(found) == 1:
        return found[0]
    if found:
        raise EntryError(
            f"module {module.__name__!r} has {len(found)} applications: name one, such as "
            f"'{module.__name__}:{found[0]}'"
        )
    _check_main(entry, DEFAULT_NAMES)
    raise EntryError(
        f"module {module.__name__!r} has no application under the names {', '.join(DEFAULT_NAMES)}:"
        f" give its name, as in '{module.__name__}:name'"
    )


def _failed(what: str, error: Exception) -> ImportFailedError:
    return ImportFailedError(f"{what} {type(error).__name__}: {shown(str(error))}", error)


def make_source(
    entry: Entry, found: object, arguments: Sequence[str] = ()
) -> Application | Awaitable[Application]:
    """Return the application that ``found`` is, returns, or hosts (ASGI); raises ``EntryError``.

    ``arguments`` are the rest of the command line, for a function that takes one argument.
    """
    if isinstance(found, Application):
        if arguments:
            raise EntryError(
                f"unrecognized arguments: {' '.join(arguments)} ({str(entry)!r} is an application, "
                "and only a function takes further arguments)"
            )
        return found
    if not callable(found):
        raise EntryError(f"{str(entry)!r} is no application and no function, but {shown(found)}")
    if _is_asgi(found):
        return _hosted(entry, found)
    made = _call(entry, found, arguments)
    return _checked_later(entry, made) if inspect.isawaitable(made) else _checked(entry, made)


def _is_asgi(found: Callable[..., object]) -> bool:
    """An application of ASGI 3 takes three arguments; a class of them is none."""
    return not inspect.isclass(found) and _takes(found, 3) and not _takes(found, 0)


def _takes(found: Callable[..., object], number: int) -> bool:
    try:
        inspect.signature(found).bind(*range(number))
    except (TypeError, ValueError):
        return False
    return True


def _hosted(entry: Entry, found: Callable[..., object]) -> Application:
    try:
        from treadle.asgi import host
    except ModuleNotFoundError:
        raise EntryError(f"{str(entry)!r} {_NEEDS_ASGI}") from None
    try:
        return host(found)  # type: ignore[arg-type]  # it says what is wrong with others
    except TypeError as error:
        raise EntryError(f"cannot serve {str(entry)!r}: {error}") from None


def _call(entry: Entry, found: Callable[..., object], arguments: Sequence[str]) -> object:
    parameters = _parameters(found)
    if parameters[:2] == ["environ", "start_response"]:
        raise EntryError(
            f"{str(entry)!r} is an application of WSGI, as Flask's are: mount it in one of "
            "treadle with app.router.mount_wsgi('/', ...)"
        )
    if parameters == ["request"]:
        raise EntryError(
            f"{str(entry)!r} is a handler, since it takes a request: name the application, or the "
            "function that makes it"
        )
    try:
        if not arguments and _takes(found, 0):
            return found()
        if _takes(found, 1):
            return found(list(arguments))
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises
        raise _failed(f"{str(entry)!r} raised", error) from None
    if arguments:
        raise EntryError(
            f"unrecognized arguments: {' '.join(arguments)} ({str(entry)!r} takes none)"
        )
    raise EntryError(
        f"{str(entry)!r} is called without arguments, or with the list of the further arguments, "
        f"but is {shown(_signature(found))}: name a function that needs no more"
    )


def _parameters(found: Callable[..., object]) -> list[str]:
    try:
        return list(inspect.signature(found).parameters)
    except (TypeError, ValueError):
        return []


def _signature(found: Callable[..., object]) -> str:
    name = getattr(found, "__name__", type(found).__name__)
    try:
        return f"{name}{inspect.signature(found)}"
    except (TypeError, ValueError):
        return name


def _checked(entry: Entry, made: object) -> Application:
    if isinstance(made, Application):
        return made
    if isinstance(made, StreamResponse):
        # It could be called as an application of ASGI.
        raise EntryError(
            f"{str(entry)!r} returned a response, so it is a handler: name the application, or the "
            "function that makes it"
        )
    if callable(made) and _is_asgi(made):
        return _hosted(entry, made)
    if made is None:
        raise EntryError(f"{str(entry)!r} returned None: does it forget to return the application?")
    raise EntryError(f"{str(entry)!r} must return an application, but returned {shown(made)}")


async def _checked_later(entry: Entry, made: Awaitable[object]) -> Application:
    try:
        result = await made
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises
        raise _failed(f"{str(entry)!r} raised", error) from None
    return _checked(entry, result)
