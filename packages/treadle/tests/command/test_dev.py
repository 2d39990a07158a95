"""`treadle dev`: it reloads, refuses no connection, and survives mistakes."""

import signal
import ssl
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from testkit import PATIENCE, Program
from treadle._command.main import main

from ._process import Process, get

Write = Callable[..., Path]

if sys.platform == "win32":
    pytest.skip("sockets are not inherited there", allow_module_level=True)

APP = """
from pathlib import Path
from treadle import web
async def hello(request):
    return web.Response(text={!r})
app = web.Application()
app.router.add_get("/", hello)
"""


def start(folder: Path, *arguments: str) -> tuple[Process, str]:
    process = Process(folder, "dev", "-P", "0", *arguments)
    return process, process.wait_for(r"Serving on (https?://\S+) \(Ctrl\+C stops it\)")[1]


@pytest.mark.parametrize("poll", [(), ("--poll",)], ids=["watchfiles", "polling"])
def test_reloading(write: Write, poll: tuple[str, ...]) -> None:
    folder = write("app.py", APP.format("one"))
    process, url = start(folder, *poll)
    with process:
        process.wait_for(r"^  GET  /    app\.hello  app\.py:4$")
        assert get(url) == (200, "one")
        process.wait_for(r"200 GET / HTTP/1\.1")
        write("app.py", APP.format("second"))
        process.wait_for(r"^app\.py changed: reloaded in \d+\.\d\d s$")
        assert get(url) == (200, "second")
        # A syntax error is shown to who asks, and in the log, until it is mended.
        write("app.py", "def f(:\n")
        process.wait_for(r"SyntaxError")
        process.wait_for(r"^app\.py changed: waiting for its repair$")
        status, body = get(url)
        assert status == 500
        assert body.startswith("The application does not start:\n\n")
        assert 'File "app.py", line 1' in body
        status, page = get(url + "/any/where", Accept="text/html")
        assert (status, page[:15]) == (500, "<!doctype html>")
        assert "SyntaxError" in page
        # One that fails when it starts.
        write("app.py", APP.format("x") + "async def up(app): 1 / 0\napp.on_startup.append(up)\n")
        process.wait_for(r"the application does not start$")
        process.wait_for(r"^app\.py changed: waiting")
        assert "ZeroDivisionError" in get(url)[1]
        write("app.py", APP.format("third"))
        process.wait_for(r"reloaded in")
        assert get(url) == (200, "third")
        # Templates, and files that the program has made.
        write("templates/page.html", "x")
        process.wait_for(r"^templates/page\.html changed: reloaded")
        process.send(signal.SIGINT)
        assert process.wait() == 0
    assert process.output.endswith("Stopped\n")


def test_no_connection_is_refused(write: Write) -> None:
    folder = write("app.py", APP.format("0"))
    process, url = start(folder)
    with process:
        answers: list[tuple[int, str]] = []
        failures: list[BaseException] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    answers.append(get(url, Connection="close"))
                except OSError as error:
                    failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(1, 6):
            write("app.py", APP.format(str(number)))
            process.wait_for(r"reloaded in")
            assert get(url) == (200, str(number))
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert {status for status, _ in answers} == {200}
        assert len({body for _, body in answers}) >= 3


def test_errors_of_handlers_are_shown(write: Write) -> None:
    text = APP.format("x").replace("return web", "1 / 0\n    return web")
    process, url = start(write("app.py", text), "--no-access-log", "--log", "plain")
    with process:
        status, body = get(url)
        assert status == 500
        assert "ZeroDivisionError" in body
        process.wait_for(r"ZeroDivisionError")


def test_an_application_that_does_not_end_is_killed(write: Write) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    hang = "\nimport time\nasync def hang(app): time.sleep(600)\napp.on_shutdown.append(hang)\n"
    folder = write("app.py", stubborn + APP.format("one") + hang)
    process, url = start(folder)
    with process:
        assert get(url) == (200, "one")
        write("app.py", APP.format("two"))
        process.wait_for(r"reloaded in")
        assert get(url) == (200, "two")


def test_without_reload(write: Write) -> None:
    process, url = start(write("app.py", APP.format("one")), "--no-reload")
    with process:
        assert get(url) == (200, "one")
        process.send(signal.SIGTERM)
        assert process.wait() == 0


def test_https(write: Write) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    folder = write("app.py", APP.format("one"))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "cert.pem"))
    process, url = start(folder, "--certfile", "cert.pem", "--loop", "asyncio")
    with process:
        assert url.startswith("https://localhost:")
        context = ssl.create_default_context()
        authority.configure_trust(context)
        with urllib.request.urlopen(url, context=context, timeout=PATIENCE) as answer:
            assert answer.read() == b"one"


def test_a_unix_socket(write: Write) -> None:
    import socket

    folder = write("app.py", APP.format("one"))
    with Process(folder, "dev", "--path", "app.sock") as process:
        process.wait_for(r"Serving on the Unix socket app\.sock")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(folder / "app.sock"))
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.py",), "there is no file "),
        (("nothing.py", "--pol"), "unknown option --pol; did you mean --poll?"),
        (("--workers", "2"), "--workers: `treadle dev` has one process, `treadle run` has workers"),
        (("--certfile", "/nonexistent"), "certfile cannot be read: No such file or directory"),
        (("--max-fields", "0"), "Limits.max_fields must be an int of at least 1, got 0"),
        (
            ("--max-requests", "9"),
            "--max-requests: `treadle dev` has one process and its own socket",
        ),
        (("--backlog", "9"), "--backlog: `treadle dev` has one process and its own socket"),
        (("--watch", "/nonexistent"), "--watch: there is no folder /nonexistent"),
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1:8080: this machine has no such"),
    ],
)
def test_mistakes(
    write: Write, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    write("app.py", APP.format("x"))
    with pytest.raises(SystemExit) as caught:
        main(["dev", *arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("treadle dev: error: ")
    assert message in error


def test_a_process_that_ends_by_itself_is_told_of(write: Write) -> None:
    end = "import os\nasync def end(request): os._exit(7)\napp.router.add_get('/end', end)\n"
    folder = write("app.py", APP.format("one") + end)
    process, url = start(folder)
    with process:
        with pytest.raises(OSError):
            get(url + "/end")
        process.wait_for(r"error: the process of the application ended with status 7, and what")
        status, body = get(url)
        assert status == 500
        assert "ended with status 7" in body
        write("app.py", APP.format("mended"))
        process.wait_for(r"^app\.py changed: reloaded")
        assert get(url) == (200, "mended")


def test_an_interrupt_while_it_starts_is_its_parents(write: Write) -> None:
    # As a Ctrl+C in the terminal sends it to both.
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + APP.format("one")
    process, url = start(write("app.py", text))
    with process:
        assert get(url) == (200, "one")
        process.send(signal.SIGINT)
        assert process.wait() == 0
    assert "Traceback" not in process.output


def test_an_unknown_option_of_an_application_ends_it(write: Write) -> None:
    folder = write("app.py", APP.format("one"))
    with Process(folder, "dev", "-P", "0", "--relaod") as process:
        process.wait_for(r"error: unknown option --relaod; did you mean --no-reload\?$")
        assert process.wait() == 2


def test_a_file_with_the_name_of_a_standard_module_is_no_harm(write: Write) -> None:
    folder = write("app.py", APP.format("one"))
    for name in ("types.py", "logging.py", "json.py"):
        write(name, "raise RuntimeError\n")
    # As the script `treadle` does it: Python itself would not start in this folder without -P.
    command = [sys.executable, "-P", "-m", "treadle", "dev", "-P", "0"]
    process = Program(command, folder, env={"PYTHONPATH": ""})
    try:
        url = process.wait_for(r"Serving on (\S+)")[1]
        assert get(url) == (200, "one")
        assert process.end() == 0
    finally:
        process.close()


def test_mistakes_that_python_hides(write: Write) -> None:
    more = (
        "def plain(request): return web.Response(text='plain')\n"
        "async def other(): pass\n"
        "async def forgets(request):\n    other()\n    return web.Response()\n"
        "app.router.add_get('/plain', plain)\n"
        "app.router.add_get('/forgets', forgets)\n"
    )
    folder = write("app.py", APP.format("one") + more)
    process, url = start(folder)
    with process:
        process.wait_for(r"^  ! the handler plain \(.*app\.py:8\) is not async: begin it with")
        assert get(url + "/plain") == (200, "plain")
        assert get(url + "/forgets") == (200, "")
        process.wait_for(r"RuntimeWarning: coroutine 'other' was never awaited")
        process.wait_for(r"^Coroutine created at")
        process.wait_for(r"in forgets$")
        other = "async def none(): pass\napp.router.add_get('/x', none)\n"
        write("app.py", APP.format("one") + other)
        process.wait_for(r"^app\.py changed: reloaded")
        process.wait_for(r"^  ! the route /x: a handler is called with one argument, the request,")
