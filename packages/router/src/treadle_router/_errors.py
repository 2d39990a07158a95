"""The errors of declaring routes and building URLs; all are mistakes of the caller.

Matching raises nothing: for a path without a route it returns ``NotFound`` or
``MethodNotAllowed``, whatever bytes a peer sends. Errors are raised

* by declaring: ``PathError``, ``MethodError``, ``ResourceNameError``,
  ``HandlerError``, ``HostError``, ``ConflictError``, ``FrozenError``;
* by building a URL: ``UnknownNameError`` and the family of ``BuildError``;
* by reading a match with ``Match.param``: ``UnknownParamError``, ``ParamTypeError``.

Each class also derives from a fitting built-in exception, has the facts as attributes, and its
message says which value is wrong, where, and what to do.
"""

__all__ = [
    "BuildError",
    "ConflictError",
    "FrozenError",
    "HandlerError",
    "HostError",
    "MethodError",
    "MismatchError",
    "MissingPartError",
    "ParamTypeError",
    "PartTypeError",
    "PathError",
    "ResourceNameError",
    "ResourceNameTypeError",
    "RouterError",
    "UnknownNameError",
    "UnknownParamError",
    "UnknownPartError",
]


class RouterError(Exception):
    """The base of all exceptions of this package."""


# Declaring routes


class PathError(RouterError, ValueError):
    """A path pattern that cannot be parsed.

    ``path`` is the given pattern, ``position`` the index of the wrong character.
    """

    def __init__(self, message: str, *, path: str, position: int) -> None:
        super().__init__(message, path, position)
        self.message = message
        self.path = path
        self.position = position

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_path_error, (self.message, self.path, self.position)


def _rebuild_path_error(message: str, path: str, position: int) -> PathError:
    return PathError(message, path=path, position=position)


class MethodError(RouterError, ValueError):
    """A method that is not a token (RFC 9110, section 5.6.2); ``method`` is the given value."""

    def __init__(self, message: str, method: object = None) -> None:
        super().__init__(message, method)
        self.message = message
        self.method = method

    def __str__(self) -> str:
        return self.message


class ResourceNameError(RouterError, ValueError):
    """A resource name that is malformed or taken.

    ``name`` is the given value; ``existing`` is the resource that has the name, or None.
    """

    def __init__(self, message: str, name: object = None, existing: object = None) -> None:
        super().__init__(message, name, existing)
        self.message = message
        self.name = name
        self.existing = existing

    def __str__(self) -> str:
        return self.message


class ResourceNameTypeError(ResourceNameError, TypeError):
    """A resource name that is not a ``str``."""


class HandlerError(RouterError, TypeError):
    """A handler that the router does not accept; ``handler`` is the given value."""

    def __init__(self, message: str, handler: object = None) -> None:
        super().__init__(message, handler)
        self.message = message
        self.handler = handler

    def __str__(self) -> str:
        return self.message


class HostError(RouterError, ValueError):
    """A host rule that cannot be parsed; ``host`` is the given value."""

    def __init__(self, message: str, host: str = "") -> None:
        super().__init__(message, host)
        self.message = message
        self.host = host

    def __str__(self) -> str:
        return self.message


class ConflictError(RouterError, RuntimeError):
    """A route that could never be reached; ``existing`` is the route before it."""

    def __init__(self, message: str, method: str = "", existing: object = None) -> None:
        super().__init__(message, method, existing)
        self.message = message
        self.method = method
        self.existing = existing

    def __str__(self) -> str:
        return self.message


class FrozenError(RouterError, RuntimeError):
    """A change to a router after ``freeze()``; change a ``copy()`` of it instead."""


# Building URLs


class UnknownNameError(RouterError, KeyError):
    """No resource has the requested name; ``name`` is the given value."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message, name)
        self.message = message
        self.name = name

    def __str__(self) -> str:  # KeyError shows the repr of its first argument
        return self.message


class BuildError(RouterError, ValueError):
    """The base of errors in the parts of a URL.

    ``path`` is the pattern, ``part`` the variable, ``value`` the value given for it.
    """

    def __init__(self, message: str, path: str = "", part: str = "", value: object = None) -> None:
        super().__init__(message, path, part, value)
        self.message = message
        self.path = path
        self.part = part
        self.value = value

    def __str__(self) -> str:
        return self.message


class MissingPartError(BuildError, KeyError):
    """A variable of the pattern got no value."""


class UnknownPartError(BuildError):
    """A value was given for a variable that the pattern does not have."""


class MismatchError(BuildError):
    """A value that matching the built path would not give back."""


class PartTypeError(BuildError, TypeError):
    """A value of a type without exactly one notation in a URL."""


# Reading a match


class UnknownParamError(RouterError, KeyError):
    """The path of a match has no such variable; ``name`` is the given value."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message, name)
        self.message = message
        self.name = name

    def __str__(self) -> str:
        return self.message


class ParamTypeError(RouterError, TypeError):
    """The value of a variable has another type than its reader wants.

    ``name`` is the variable, ``value`` its value.
    """

    def __init__(self, message: str, name: str = "", value: object = None) -> None:
        super().__init__(message, name, value)
        self.message = message
        self.name = name
        self.value = value

    def __str__(self) -> str:
        return self.message
