"""Put treadle's server into the place of aiohttp's: the act, over the tables of ``_modules``.

``install`` may be called many times. It does everything before any module of aiohttp's
server is loaded, so no program ever has classes of both servers.
"""

import importlib
import importlib.util
import logging
import mimetypes
import sys
import threading
from abc import ABCMeta
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, final

import treadle_responses
import treadle_server
import treadle_server.http_exceptions

from ._modules import (
    BASES,
    CLIENT_NAMES,
    EITHER,
    LOGGERS,
    NAMES,
    PRIVATE_NAMES,
    SERVER_MODULES,
    SHARED_MODULES,
    VERSION,
)

__all__ = ["install", "is_installed"]

_log: Final = logging.getLogger("treadle.compat")
#: Threads that install at the same time: the second returns when the first is done.
_installing: Final = threading.Lock()


def is_installed() -> bool:
    """Return True once ``install`` has run in this process."""
    return _finder() is not None


def _finder() -> "_Finder | None":
    return next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)


def install() -> None:
    """Make the server modules of aiohttp those of treadle, for the rest of the process.

    A second call only puts it before import hooks that came later, like that of pytest. Raises
    ``RuntimeError`` if a program has loaded ``aiohttp.web`` or another module of aiohttp's server
    already: there would be two servers' classes then.
    """
    with _installing:
        finder = _finder()
        if finder is None:
            _install()
        elif sys.meta_path[0] is not finder:
            sys.meta_path.insert(0, finder)
            del sys.meta_path[sys.meta_path.index(finder, 1)]


def _install() -> None:
    loaded = sorted(name for name in SERVER_MODULES if f"aiohttp.{name}" in sys.modules)
    if loaded:
        raise RuntimeError(
            f"aiohttp.{loaded[0]} is loaded already: call treadle.compat.install() before "
            "anything imports aiohttp.web, or start the program with "
            "`python -m treadle.compat MODULE`"
        )
    has_client = importlib.util.find_spec("aiohttp") is not None
    if has_client:
        # Before treadle_websocket, which takes the enumerations of a loaded aiohttp.
        import aiohttp  # noqa: F401  # loaded for its side effect

        # aiohttp's server does that when it is loaded, and its client relies on it: it looks up
        # types of files in the event loop, where reading these tables would block.
        mimetypes.init()
    sys.meta_path.insert(0, _Finder(has_client=has_client))
    if has_client:
        _replace_names()
        _add_instances()
        _add_bases()
        _add_payloads()
    _rename_loggers()
    _rename_exceptions()
    _log.info(
        "treadle.compat is on: aiohttp.web is treadle's%s",
        "" if has_client else " (aiohttp itself is not installed, so there is no client)",
    )


# Without a client: modules that do not exist.


def _missing(what: str) -> ImportError:
    return ImportError(
        f"{what} belongs to aiohttp's client, which is not installed: pip install aiohttp "
        "(treadle.compat replaces only its server)",
        name="aiohttp",
    )


@final
class _Alias(Loader):
    """Loads a module of aiohttp by putting another one under its name."""

    def __init__(self, target: str) -> None:
        self._target: Final = target
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        # Here and not in ``exec_module``: a thread that imports it at the same time would get an
        # empty module for good.
        ours = importlib.import_module(self._target)
        self._spec = ours.__spec__
        for private, public in PRIVATE_NAMES.get(spec.name.partition(".")[2], {}).items():
            setattr(ours, private, getattr(treadle_server, public))
        return ours

    def exec_module(self, module: ModuleType) -> None:
        # The import system has set that of the other name.
        module.__spec__ = self._spec


@final
class _Package(Loader):
    """Makes the package ``aiohttp`` of a process without it: treadle's names, and errors."""

    def create_module(self, spec: ModuleSpec) -> None:  # noqa: ARG002  # the protocol's signature
        return None

    def exec_module(self, module: ModuleType) -> None:
        import treadle  # only where it is needed

        def lookup(name: str) -> object:
            if name in CLIENT_NAMES:
                raise _missing(f"aiohttp.{name}")
            try:
                return getattr(treadle, name)
            except AttributeError:
                raise AttributeError(f"module 'aiohttp' has no attribute {name!r}") from None

        vars(module).update(
            __version__=VERSION, __doc__=treadle.__doc__, __getattr__=lookup, __path__=[]
        )


@final
class _Finder(MetaPathFinder):
    """Finds the modules of aiohttp that are treadle's now."""

    def __init__(self, *, has_client: bool) -> None:
        self._has_client: Final = has_client

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the protocol's signature
        target: ModuleType | None = None,  # noqa: ARG002  # as above
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != "aiohttp":
            return None
        if name in SERVER_MODULES or (name in SHARED_MODULES and not self._has_client):
            return ModuleSpec(fullname, _Alias(f"treadle.{name}"))
        if self._has_client:
            return None
        if not name:
            return ModuleSpec(fullname, _Package(), is_package=True)
        raise _missing(fullname)


# With a client: names in its modules.


def _theirs(module: str) -> ModuleType:
    return importlib.import_module(f"aiohttp.{module}" if module else "aiohttp")


def _replace_names() -> None:
    for module, names in NAMES.items():
        ours = importlib.import_module(f"treadle.{module}" if module else "treadle")
        for name in names:
            setattr(_theirs(module), name, getattr(ours, name))


def _add_instances() -> None:
    for name, modules in EITHER.items():
        ours = getattr(treadle_server, name, None) or _named(name)
        original = getattr(_theirs(modules[-1]), name)
        if isinstance(original, ABCMeta):
            original.register(ours)
            continue
        either = _either(name, f"aiohttp.{modules[-1]}", original, ours)
        for module in modules:
            if hasattr(_theirs(module), name):
                setattr(_theirs(module), name, either)


def _named(name: str) -> type:
    import treadle_websocket  # after aiohttp, see above

    for package in (treadle_responses, treadle_websocket, treadle_server.http_exceptions):
        if hasattr(package, name):
            found: type = getattr(package, name)
            return found
    raise AttributeError(name)


def _either(name: str, module: str, theirs: type, ours: type) -> type:
    """Return a subclass of ``theirs`` that counts objects of both classes as its instances.

    ``module`` has it under ``name``: pickle looks for it there.
    """

    class Either(type(theirs)):  # type: ignore[misc]  # the metaclass of a class made elsewhere
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, (theirs, ours))

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, (theirs, ours))

    members: dict[str, Any] = {"__module__": module, "__doc__": theirs.__doc__}
    return Either(name, (theirs,), members)


def _add_bases() -> None:
    for name, module in BASES.items():
        base = getattr(_theirs(module), name, None)
        if base is None:
            continue  # an older aiohttp: no user can catch it
        ours = getattr(treadle_server, name, None) or _named(name)
        members = {"__module__": ours.__module__, "__doc__": ours.__doc__}
        _rebind(name, ours, type(name, (ours, base), members))


def _rebind(name: str, old: object, new: object) -> None:
    """Put ``new`` in the place of ``old`` in all modules of treadle that are loaded.

    Those that are loaded later take it from these.
    """
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("treadle") and vars(module).get(name) is old:
            setattr(module, name, new)


def _add_payloads() -> None:
    """Let a body be what is registered with aiohttp's registry only, behind all of ours."""
    theirs: Any = _theirs("payload")

    def make(value: object, *args: Any, **kwargs: Any) -> treadle_responses.Payload:
        try:
            found = theirs.PAYLOAD_REGISTRY.get(value, *args, **kwargs)
        except theirs.LookupError:
            raise treadle_responses.PayloadLookupError(
                f"No payload is registered for {type(value).__name__}, neither with treadle nor "
                "with aiohttp"
            ) from None
        return treadle_responses.get_payload(found)

    treadle_responses.register_payload(make, object, order=treadle_responses.Order.try_last)


# With and without.


def _rename_loggers() -> None:
    manager = logging.Logger.manager
    log = importlib.import_module("aiohttp.log")
    for ours, (theirs, attribute) in LOGGERS.items():
        # A program may have configured aiohttp's already: take over what it has set.
        logger, configured = logging.getLogger(ours), logging.getLogger(theirs)
        for handler in configured.handlers:
            logger.addHandler(handler)
        for record_filter in configured.filters:
            logger.addFilter(record_filter)
        if configured.level:
            logger.setLevel(configured.level)
        logger.propagate, logger.disabled = configured.propagate, configured.disabled
        logger.name, logger.parent = theirs, configured.parent
        # A module may hold aiohttp's logger, and ``logging`` does as the child of another one: both
        # have one state from now on.
        configured.__dict__ = logger.__dict__
        manager.loggerDict[theirs] = logger
        setattr(log, attribute, logger)
        # It must not stay under its own name: ``logging.config`` would disable it as one that the
        # configuration does not have, and a logger ``treadle`` would become its parent.
        del manager.loggerDict[ours]
        above = manager.loggerDict.get(ours.partition(".")[0])
        if isinstance(above, logging.PlaceHolder):
            above.loggerMap.pop(logger, None)


def _rename_exceptions() -> None:
    for name in dir(treadle_responses):
        value = getattr(treadle_responses, name)
        if isinstance(value, type) and issubclass(value, treadle_responses.HTTPException):
            value.__module__ = "aiohttp.web_exceptions"
