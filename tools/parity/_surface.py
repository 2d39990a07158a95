"""Describe the public surface of a module as a flat mapping: what a program can rely on.

A key is a path such as ``web.Request.clone``, with ``()`` behind a call: ``web.Request.clone()``.
Values are texts, so that two surfaces can be compared line by line:

- ``web.Request``: the kind of thing it is;
- ``web.Request()``: its signature, keywords and defaults;
- ``web.Request<``: the public classes of the same surface that it inherits from;
- ``web.Request.method``: one entry for each attribute, inherited ones included.
"""

import dataclasses
import enum
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

__all__ = ["describe"]

#: Attributes that Python or ``typing`` give to every class.
_COMMON: Final = frozenset({"mro"})


def describe(
    modules: Mapping[str, types.ModuleType],
    names: Mapping[str, Iterable[str]],
    *,
    each_once: bool = False,
) -> dict[str, str]:
    """Return the surface of ``names``, by the name of their module.

    With ``each_once`` the parts of a class or function that has several names are there under the
    first one only, and the attributes of a class where it is defined.
    """
    surface: dict[str, str] = {}
    seen: set[int] = set()
    for module_name, module in modules.items():
        for name in names[module_name]:
            if not hasattr(module, name):
                continue
            path, value = f"{module_name}.{name}", getattr(module, name)
            surface[path] = _kind(value)
            if not (each_once and id(value) in seen):
                surface.update(_parts(path, value, inherited=not each_once))
            if callable(value):
                seen.add(id(value))
    return surface


def _parts(path: str, value: object, *, inherited: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, type):
        bases = [base.__name__ for base in value.__mro__[1:] if _is_public(base)]
        yield f"{path}<", " ".join(sorted(bases))
        if issubclass(value, enum.Enum):
            for member in value:
                yield f"{path}.{member.name}", repr(member.value)
            return
        yield f"{path}()", _signature(value)
        fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
        # A field without a default is no attribute of the class.
        only_of_objects = {field.name for field in fields} - set(dir(value))
        yield from ((f"{path}.{name}", "attribute") for name in sorted(only_of_objects))
        for name in sorted(dir(value) if inherited else vars(value)):
            if not name.startswith("_") and name not in _COMMON:
                attribute = inspect.getattr_static(value, name)
                yield f"{path}.{name}", _attribute_kind(attribute)
                function = getattr(attribute, "__func__", attribute)
                if isinstance(function, types.FunctionType):
                    yield f"{path}.{name}()", _signature(function)
    elif callable(value) and not isinstance(value, types.GenericAlias):
        yield f"{path}()", _signature(value)


def _is_public(base: type) -> bool:
    return base.__module__.partition(".")[0] not in ("builtins", "typing", "collections", "abc")


def _kind(value: object) -> str:
    if isinstance(value, type):
        return "exception" if issubclass(value, BaseException) else "class"
    if inspect.iscoroutinefunction(value):
        return "coroutine function"
    if inspect.isroutine(value):
        return "function"
    if isinstance(value, (str, int, float, bytes, bool, frozenset, tuple)):
        return f"{type(value).__name__}"
    return "object"


def _attribute_kind(attribute: object) -> str:
    if isinstance(attribute, (staticmethod, classmethod)):
        return type(attribute).__name__
    if inspect.iscoroutinefunction(attribute):
        return "coroutine method"
    if inspect.isfunction(attribute) or inspect.ismethoddescriptor(attribute):
        return "method"
    # A property, a slot, a cached property and a plain attribute are read the same way.
    return "attribute"


def _signature(value: object) -> str:
    """Return the parameters that a caller can give, with their defaults; no annotations."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]  # refused below if it is none
    except (TypeError, ValueError):
        return "?"
    return ", ".join(map(_parameter, signature.parameters.values()))


def _parameter(parameter: inspect.Parameter) -> str:
    text = parameter.name
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"*{text}"
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{text}"
    if parameter.kind is parameter.KEYWORD_ONLY:
        text = f"{text}:"
    if parameter.default is not parameter.empty:
        text += f"={_default(parameter.default)}"
    return text


def _default(default: object) -> str:
    if isinstance(default, (str, int, float, bytes, type(None), tuple)):
        return repr(default)
    # A sentinel, a class, a logger: no caller can give the same one by chance.
    return "<object>"
