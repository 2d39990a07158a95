"""The examples, each as a process of its own."""

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SAID = [
    ("remind 5 tea", "In 5 minutes: tea"),
    ('remind -1 "50% of it / more"', "In -1 minutes: 50% of it / more"),
    ("days from 2024-02-28 to 2024-03-01", "2 days"),
    ("days from 2024-02-31 to 2024-03-01", "I do not know 'days from 2024-02-31 to 2024-03-01'."),
    ("remind soon tea", "I do not know 'remind soon tea'. Try 'help'."),
    ('remind 5 "tea', "I cannot read that: No closing quotation"),
    ("", "I do not know ''. Try 'help'."),
    ("help", "remind {minutes!int} {what}: remind you"),
]


def test_bot_commands() -> None:
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / "bot_commands.py")],
        input="".join(f"{line}\n" for line, _ in SAID),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = run.stdout.splitlines()
    assert len(answers) == len(SAID) + 2, "help has three lines"
    for answer, (_, wanted) in zip(answers, SAID, strict=False):
        assert answer.startswith(wanted)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the ASGI application on uvicorn."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0"]
    with subprocess.Popen([*command, "asgi_app:app"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield next(filter(None, map(running, iter(process.stderr.readline, ""))))
        finally:
            process.kill()


def running(line: str) -> int:
    """Return the port in the line with which uvicorn says that it is ready, else 0."""
    found = re.search(r"running on http://127\.0\.0\.1:(\d+)", line)
    return 0 if found is None else int(found[1])


# Method, path and host of a request; status, an expected field, and body of the answer.
ASKED = [
    ("GET", "/", "a", 200, None, b"try /users/7\n"),
    ("GET", "/users/7", "a", 200, None, b"user 7\n"),
    ("GET", "/users/me", "a", 404, None, b"not found\n"),
    ("PUT", "/users/7", "a", 405, ("allow", "GET, HEAD"), b""),
    ("OPTIONS", "/users/7", "a", 204, ("allow", "GET, HEAD"), b""),
    ("GET", "/users/7/?a=1", "a", 308, ("location", "/users/7?a=1"), b""),
    ("GET", "/docs", "a", 308, ("location", "/docs/"), b""),
    ("GET", "//docs", "a", 404, None, b"not found\n"),
    ("GET", "/users%2F7", "a", 404, None, b"not found\n"),
    ("GET", "/", "Ada.localhost:8000", 200, None, b"tenant ada\n"),
    ("GET", "/", "[::1]:8000", 200, None, b"try /users/7\n"),
]


@pytest.mark.parametrize(("method", "path", "host", "status", "field", "body"), ASKED)
def test_asgi_app(
    port: int,
    method: str,
    path: str,
    host: str,
    status: int,
    field: tuple[str, str] | None,
    body: bytes,
) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request(method, path, headers={"Host": host})
    response = client.getresponse()
    assert (response.status, response.read()) == (status, body)
    assert field is None or response.getheader(field[0]) == field[1]
    client.close()
