"""What goes wrong while routes are declared or URLs are built, and who is at fault.

Matching raises nothing: a path that no route takes is the value ``NotFound`` or
``MethodNotAllowed``, whatever bytes a peer sends. Every exception here is therefore the caller's
mistake, in one of two moments:

* declaring: ``PathError``, ``MethodError``, ``ResourceNameError``,
  ``HandlerError``, ``HostError``, ``ConflictError``, ``FrozenError``;
* building a URL: ``UnknownNameError`` and the family of ``BuildError``.

Each one also derives from the built-in exception that fits, carries the facts as attributes, and
says which value is wrong, where, and what to do.
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
    "PartTypeError",
    "PathError",
    "ResourceNameError",
    "RouterError",
    "UnknownNameError",
    "UnknownPartError",
]


class RouterError(Exception):
    """Base of everything that this package raises."""


# Declaring routes


class PathError(RouterError, ValueError):
    """A path pattern that cannot be read.

    ``path`` is the pattern as given, ``position`` the index of the offending character in it.
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
    """A method that is no token (RFC 9110, section 5.6.2). ``method`` is the value as given."""

    def __init__(self, message: str, method: object = None) -> None:
        super().__init__(message, method)
        self.message = message
        self.method = method

    def __str__(self) -> str:
        return self.message


class ResourceNameError(RouterError, ValueError):
    """A resource name that is malformed or taken.

    ``name`` is the value as given; ``existing`` is the resource that holds it, or None.
    """

    def __init__(self, message: str, name: object = None, existing: object = None) -> None:
        super().__init__(message, name, existing)
        self.message = message
        self.name = name
        self.existing = existing

    def __str__(self) -> str:
        return self.message


class HandlerError(RouterError, TypeError):
    """A handler that the router does not take. ``handler`` is the value as given."""

    def __init__(self, message: str, handler: object = None) -> None:
        super().__init__(message, handler)
        self.message = message
        self.handler = handler

    def __str__(self) -> str:
        return self.message


class HostError(RouterError, ValueError):
    """A host rule that cannot be read. ``host`` is the value as given."""

    def __init__(self, message: str, host: str = "") -> None:
        super().__init__(message, host)
        self.message = message
        self.host = host

    def __str__(self) -> str:
        return self.message


class ConflictError(RouterError, RuntimeError):
    """A route that could never be reached. ``existing`` is the route that stands before it."""

    def __init__(self, message: str, method: str = "", existing: object = None) -> None:
        super().__init__(message, method, existing)
        self.message = message
        self.method = method
        self.existing = existing

    def __str__(self) -> str:
        return self.message


class FrozenError(RouterError, RuntimeError):
    """A change to a router after ``freeze()``. Change a ``copy()`` of it instead."""


# Building URLs


class UnknownNameError(RouterError, KeyError):
    """No resource has the name asked for. ``name`` is the value as given."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message, name)
        self.message = message
        self.name = name

    def __str__(self) -> str:  # KeyError would show the repr of its first argument
        return self.message


class BuildError(RouterError, ValueError):
    """Base of what is wrong with the parts of a URL.

    ``path`` is the pattern, ``part`` the variable, ``value`` what was given for it.
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
    """A value that the pattern would not read back as what it is."""


class PartTypeError(BuildError, TypeError):
    """A value of a type that has no one way to be written in a URL."""
