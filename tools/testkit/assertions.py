"""A pytest plugin that fails each test which passed without executing an assertion.

Such a test passes for ever, whatever the code does: its loop runs over an empty list, its ``if`` is
never entered, the result of its call is dropped. Two things count as an assertion:

- an ``assert`` that held in a file that pytest rewrites: test modules, each ``conftest.py``, and
  what the root's ``conftest.py`` registers;
- a ``pytest.raises`` or ``pytest.warns`` that was left with what it expects;
- a method that was given to ``count_calls`` and returned.

They count while the test function runs, not in its fixtures' set-up and tear-down.
"""

import functools
from collections.abc import Callable, Generator
from typing import Any, Final

import pytest
from _pytest.assertion import rewrite

__all__ = ["count_calls", "pytest_configure", "pytest_runtest_call"]

_MESSAGE: Final = (
    "{name} passed without executing an assertion, so that it can never fail. Assert its result;"
    " where only the absence of an error matters, assert the state that proves it"
)

# ``enable_assertion_pass_hook`` changes how pytest compiles test modules, but not the names of the
# compiled files. With names of their own, files from before the setting are not used.
rewrite.PYC_TAIL = f".{rewrite.PYTEST_TAG}-counted.pyc"


class _Test:
    """The test that runs now."""

    running = False
    asserted = False


def _note_assertion() -> bool:
    """Note an assertion that held, and tell pytest to explain nothing.

    Rewritten tests ask this before they call the hook ``pytest_assertion_pass``. The hook itself is
    of no use: pytest explains each comparison for it first, and the difference between a large
    ``bytes`` and an equal ``bytearray`` takes hours where ``CI`` is set.
    """
    if _Test.running:
        _Test.asserted = True
    return False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test if it passed without an assertion."""
    _Test.running, _Test.asserted = True, False
    try:
        result = yield
    finally:
        _Test.running = False
    if isinstance(item, pytest.Function) and not _Test.asserted:
        pytest.fail(_MESSAGE.format(name=item.name), pytrace=False)
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Count ``raises`` and ``warns`` too; refuse to run without the hook for ``assert``."""
    if not config.getini("enable_assertion_pass_hook"):
        raise pytest.UsageError("testkit.assertions needs enable_assertion_pass_hook = true")
    # pytest has no public way to hear of an assertion without its explanation.
    rewrite._check_if_assertion_pass_impl = _note_assertion  # noqa: SLF001
    contexts: list[type[Any]] = [
        pytest.RaisesExc,
        pytest.RaisesGroup,
        type(pytest.warns(UserWarning, match=".")),
    ]
    for context in contexts:
        leave = context.__exit__
        if not hasattr(leave, "__wrapped__"):
            context.__exit__ = _counting(leave)


def _counting(leave: Callable[..., Any]) -> Callable[..., Any]:
    """Return an ``__exit__`` that notes an assertion if ``leave`` did not raise.

    ``raises`` returns True for the exception that it expects; ``warns`` returns None.
    """

    @functools.wraps(leave)
    def wrapper(self: object, kind: type[BaseException] | None, *rest: object) -> Any:
        __tracebackhide__ = True
        handled = leave(self, kind, *rest)
        if handled or kind is None:
            _Test.asserted = True
        return handled

    return wrapper


def count_calls(cls: type[Any], *prefixes: str) -> None:
    """Count calls of the methods of ``cls`` whose names start with one of ``prefixes``.

    They are another library's assertions: they raise if what they say is not so.
    """
    for name in dir(cls):
        method = getattr(cls, name)
        if name.startswith(prefixes) and not hasattr(method, "__wrapped__"):
            setattr(cls, name, _noting(method))


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        result = method(*arguments, **options)
        _Test.asserted = True
        return result

    return wrapper
