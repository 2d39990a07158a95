"""TLS from outside: the page's program and the command line, as a client sees them."""

import re
import signal
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from testkit import Program

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/tls.md"
AUTHORITY = trustme.CA()


def write_certificate(folder: Path) -> None:
    issued = AUTHORITY.issue_cert("localhost", "127.0.0.1")
    for name, pems in {
        "key": [issued.private_key_pem],
        "cert": issued.cert_chain_pems,
    }.items():
        (folder / f"{name}.next").write_bytes(b"".join(pem.bytes() for pem in pems))
        (folder / f"{name}.next").replace(folder / f"{name}.pem")


def get(port: int, scheme: str = "https") -> tuple[int, str]:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    try:
        url = f"{scheme}://127.0.0.1:{port}/"
        with urllib.request.urlopen(url, timeout=30, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def certificate(port: int) -> str:
    # The client asks without a name, so that OpenSSL has none to choose by.
    return ssl.get_server_certificate(("127.0.0.1", port))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_certificate(tmp_path)
    (code,) = blocks("python")
    code = code.replace("run_app(app,", 'run_app(app, host="127.0.0.1", port=0,')
    (tmp_path / "program.py").write_text(code)
    return tmp_path


COMMANDS = {
    "the page": ["program.py"],
    "one process": ["-m", "treadle.web", "-P", "0", "--certfile", "cert.pem", "--keyfile",
                    "key.pem", "program:app"],
    "workers": ["-m", "treadle.web", "-P", "0", "--certfile", "cert.pem", "--keyfile", "key.pem",
                "--workers", "1", "program:app"],
}  # fmt: skip


@pytest.fixture(params=COMMANDS)
def program(request: pytest.FixtureRequest, folder: Path) -> Iterator[Program]:
    program = Program([sys.executable, *COMMANDS[request.param]], folder)
    try:
        program.port = int(program.wait_for(r"Running on https://[^,:]+:(\d+)")[1])
        yield program
    finally:
        program.close()


def test_a_server_with_tls(program: Program) -> None:
    answers = [line for block in blocks("console") for line in block.splitlines()]
    assert get(program.port) == (200, "Hello over https\n")
    assert "Hello over https" in answers
    status, text = get(program.port, "http")
    assert status == 400
    assert text.strip() in answers
    before = certificate(program.port)
    write_certificate(program.folder)
    while certificate(program.port) == before:
        # Files are looked at once a second.
        pass
    assert get(program.port) == (200, "Hello over https\n")
    assert program.end(signal.SIGTERM) in (0, -signal.SIGTERM)


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    program = Program(
        [sys.executable, "-m", "treadle.web", "--certfile", "none.pem", "module:app"], tmp_path
    )
    try:
        (tmp_path / "module.py").write_text("from treadle import web\napp = web.Application()\n")
        assert program.wait() == 2
        assert "error: certfile cannot be read: No such file or directory: 'none.pem'" in str(
            program.seen
        )
    finally:
        program.close()
