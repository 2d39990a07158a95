"""The modules that are compared, and the names of each."""

import importlib
import inspect
from types import ModuleType
from typing import Final

__all__ = ["MODULES", "load", "names_of"]

#: aiohttp's modules that a server uses; ``""`` is the package itself.
MODULES: Final = (
    "web", "", "abc", "hdrs", "helpers", "http", "http_exceptions", "http_parser", "http_websocket",
    "log", "multipart", "payload", "pytest_plugin", "streams", "test_utils", "typedefs",
    "web_app", "web_exceptions", "web_fileresponse", "web_log", "web_middlewares", "web_protocol",
    "web_request", "web_response", "web_routedef", "web_runner", "web_server",
    "web_urldispatcher", "web_ws",
)  # fmt: skip


def load(package: str) -> dict[str, ModuleType]:
    """Return the modules of ``package`` that exist, by their name in ``MODULES``."""
    found = {}
    for name in MODULES:
        full = f"{package}.{name}" if name else package
        try:
            found[name] = importlib.import_module(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                raise
    return found


def names_of(module: ModuleType) -> list[str]:
    """Return the public names of a module: those that it lists, and those that it defines."""
    listed = list(getattr(module, "__all__", ()))
    return sorted(
        {*listed, *(name for name, value in vars(module).items() if _is_own(module, name, value))}
    )


def _is_own(module: ModuleType, name: str, value: object) -> bool:
    if name.startswith("_") or inspect.ismodule(value):
        return False
    origin = getattr(value, "__module__", None)
    # A constant has no module of its own; those of ``typing`` are imported.
    return origin == module.__name__ or (
        origin is None and name.isupper() and name != "TYPE_CHECKING"
    )
