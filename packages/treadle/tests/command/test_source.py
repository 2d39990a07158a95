"""What a module has under a name, and the application that is made of it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.entry import EntryError, find_entry
from treadle._command.source import ImportFailedError, load_entry, make_source
from treadle.web import Application

Write = Callable[..., Path]

IMPORT = "from treadle import web\n"
ASGI = "async def app(scope, receive, send):\n    pass\n"

#: The text of a module, the entry, the arguments, and True if what is made must be awaited.
MADE = [
    (IMPORT + "app = web.Application()\n", "mod", (), False),
    (IMPORT + "application = web.Application()\n", "mod", (), False),
    (IMPORT + "mine = web.Application()\n", "mod", (), False),
    (IMPORT + "class C:\n    x = web.Application()\n", "mod:C.x", (), False),
    (IMPORT + "def make_app():\n    return web.Application()\n", "mod", (), False),
    (IMPORT + "async def create_app():\n    return web.Application()\n", "mod", (), True),
    (IMPORT + "def f(argv):\n    assert argv == []\n    return web.Application()\n", "mod:f", (),
     False),
    (IMPORT + "def f(argv):\n    assert argv == ['--x']\n    return web.Application()\n", "mod:f",
     ("--x",), False),
    (IMPORT + "class F:\n    def __call__(self):\n        return web.Application()\nf = F()\n",
     "mod:f", (), False),
    (ASGI, "mod", (), False),
    (ASGI + "def make():\n    return app\n", "mod:make", (), False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entry", "arguments", "awaited"), MADE)
def test_made(
    write: Write, text: str, entry: str, arguments: tuple[str, ...], awaited: bool
) -> None:
    folder = write("mod.py", text)
    made = make_source(*load_entry(find_entry(entry, folder)), arguments)
    assert isinstance(made, Application) is not awaited
    if not isinstance(made, Application):

        async def wait() -> Application:
            return await made

        assert isinstance(asyncio.run(wait()), Application)


WRONG = [
    ("x = 1\n", "mod", "module 'mod' has no application under the names app, application, "),
    (IMPORT + "a = web.Application()\nb = web.Application()\n", "mod", "such as 'mod:a'"),
    ("apple = 1\n", "mod:aple", "module 'mod' has no attribute 'aple'; did you mean 'apple'?"),
    (IMPORT + "app = web.Application()\n", "mod:app.routr", "'app' has no attribute 'routr'; did"),
    ("app = 1\n", "mod", "'mod:app' is no application and no function, but 1"),
    ("def make_app():\n    pass\n", "mod", "'mod:make_app' returned None: does it forget"),
    ("def make_app():\n    return 3\n", "mod", "'mod:make_app' must return an application, but"),
    ("def make_app(a, b):\n    return 3\n", "mod", "but is make_app(a, b)"),
    ("import nosuchmodule\n", "mod", "'mod' imports 'nosuchmodule', which is not installed"),
    ("raise SystemExit\n", "mod", "it exits; put what runs the server below `if __name__"),
    ("def f(:\n", "mod", "cannot import 'mod': "),
    ("1 / 0\n", "mod", "cannot import 'mod': ZeroDivisionError: division by zero"),
    ("def make_app():\n    1 / 0\n", "mod", "'mod:make_app' raised ZeroDivisionError: division by"),
    ("async def hello(request):\n    pass\n", "mod:hello", "'mod:hello' is a handler, since it"),
    (IMPORT + "def make_app():\n    return web.Response()\n", "mod", "returned a response, so it"),
    ("def app(environ, start_response):\n    pass\n", "mod", "'mod:app' is an application of WSGI"),
    (IMPORT + "if __name__ == '__main__':\n    app = web.Application()\n", "mod",
     "'app' is made below `if __name__ == \"__main__\":` (mod, line 3), which does not run here"),
    (IMPORT + "if __name__ == '__main__':\n    site = web.Application()\n", "mod:site",
     "'site' is made below `if __name__"),
    (IMPORT + "web.run_app(web.Application())\n", "mod",
     "'mod' runs a server of its own when it is imported (line 2): put that call below `if"),
    ("from .x import y\n", "mod", "it has a relative import, and "),
    ("", "modd", "there is no module 'modd' in "),
    ("", "modd", "did you mean 'mod'?"),
    ("", "mod.sub.x", "there is no module 'mod.sub' in "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entry", "message"), WRONG)
def test_wrong(write: Write, text: str, entry: str, message: str) -> None:
    folder = write("mod.py", text)
    with pytest.raises(EntryError) as caught:
        make_source(*load_entry(find_entry(entry, folder)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message", "failed"),
    [
        ("return None", "'mod:make_app' returned None", False),
        ("return 3", "must return an application, but returned 3", False),
        ("raise ValueError('x')", "'mod:make_app' raised ValueError: x", True),
    ],
)
def test_wrong_later(write: Write, body: str, message: str, failed: bool) -> None:
    folder = write("mod.py", f"async def make_app():\n    {body}\n")
    made = make_source(*load_entry(find_entry("mod", folder)))
    assert not isinstance(made, Application)

    async def wait() -> Application:
        return await made

    with pytest.raises(EntryError) as caught:
        asyncio.run(wait())
    assert message in str(caught.value)
    assert isinstance(caught.value, ImportFailedError) is failed


def test_arguments_that_nothing_takes(write: Write) -> None:
    text = IMPORT + "app = web.Application()\ndef f():\n    return app\n"
    folder = write("mod.py", text)
    for entry in ("mod:app", "mod:f"):
        with pytest.raises(EntryError, match="unrecognized arguments: --x"):
            make_source(*load_entry(find_entry(entry, folder)), ("--x",))


def test_without_treadle_asgi(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "treadle_asgi", None)
    monkeypatch.delitem(sys.modules, "treadle.asgi", raising=False)
    folder = write("mod.py", ASGI)
    with pytest.raises(EntryError, match=r"needs treadle-asgi: pip install 'treadle\[asgi\]'"):
        make_source(*load_entry(find_entry("mod", folder)))


def test_modules_that_import_each_other(write: Write) -> None:
    write("views.py", "from mod import app\n")
    folder = write("mod.py", "import views\n" + IMPORT + "app = web.Application()\n")
    with pytest.raises(ImportFailedError, match=r"each other, as the traceback shows\. Move what"):
        load_entry(find_entry("mod", folder))


def test_modules_beside_it_are_found(write: Write) -> None:
    write("pkg/__init__.py")
    write("pkg/names.py", "NAME = 'x'\n")
    text = "from .names import NAME\nimport other\napp = web.Application()\n"
    folder = write("pkg/web.py", IMPORT + text)
    write("other.py")
    entry, found = load_entry(find_entry("pkg/web.py", folder))
    assert str(entry) == "pkg.web:app"
    assert isinstance(found, Application)


def test_a_module_of_python_hides_a_file(write: Write) -> None:
    folder = write("json.py", IMPORT + "app = web.Application()\n")
    with pytest.raises(EntryError, match=r"which hides .*json\.py: give your file another name"):
        load_entry(find_entry("json", folder))
