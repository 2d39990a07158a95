"""Runs the examples of a README, so that they stay true.

Every fenced ``python`` block is a complete program, run in an empty directory:

- followed by a ``text`` block, its output must be exactly that;
- followed by a ``console`` block with ``$ curl`` lines, it is a server on port 8080: it is started
  on a free port instead, and each line's answer must be the lines behind it;
- otherwise it must end with status 0.

``python notest`` marks a fragment, which is not run, or a program that a test of its own runs: it
begins with the name of its file (``# tasks.py``), by which ``programs`` finds it. Run this as
``python tools/readme.py FILE``.
"""

import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Example", "check", "examples", "programs"]

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = "8080"
_START_SECONDS = 20
_RUN_SECONDS = 60
_BOUNDARY = "the-boundary"


@dataclass(frozen=True)
class Example:
    """One program of a README and what its text says will happen."""

    code: str
    output: str | None = None
    requests: tuple[tuple[str, str], ...] = ()


def examples(text: str) -> list[Example]:
    """Return the programs of a README in order."""
    blocks = [(m[1], m[2].strip(), m[3]) for m in _BLOCK.finditer(text)]
    found = []
    for index, (language, flag, code) in enumerate(blocks):
        if language != "python" or flag == "notest":
            continue
        following = blocks[index + 1] if index + 1 < len(blocks) else ("", "", "")
        if following[0] == "text":
            found.append(Example(code, output=following[2]))
        elif following[0] == "console" and "$ curl" in following[2]:
            found.append(Example(code, requests=_requests(following[2])))
        else:
            found.append(Example(code))
    return found


def programs(page: Path) -> dict[str, str]:
    """Return the programs of a page that have a name, by their names."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    named = re.compile(r"# (\w+\.py)\n")
    found = [(named.match(code), code) for language, _, code in blocks if language == "python"]
    return {name[1]: code for name, code in found if name}


def _requests(console: str) -> tuple[tuple[str, str], ...]:
    requests: list[tuple[str, list[str]]] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            requests.append((line[2:], []))
        elif requests:
            requests[-1][1].append(line)
    return tuple((command, "\n".join(lines)) for command, lines in requests)


def check(readme: Path, python: str = sys.executable) -> int:
    """Run the examples of ``readme`` and return their number.

    Raises ``AssertionError`` for one that does not do what the text says.
    """
    found = examples(readme.read_text(encoding="utf-8"))
    for example in found:
        if example.requests:
            _check_server(example, python)
        else:
            _check_program(example, python)
    return len(found)


def _check_program(example: Example, python: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [python, "-c", example.code],
            cwd=folder, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False,
        )  # fmt: skip
    if run.returncode != 0:
        raise AssertionError(f"The example failed:\n{example.code}\n{run.stderr}")
    if example.output is not None and run.stdout.rstrip() != example.output.rstrip():
        raise AssertionError(
            f"The example printed\n{run.stdout}\nbut the README says\n{example.output}"
        )


def _check_server(example: Example, python: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    code = example.code.replace(_PORT, port)
    if code == example.code:
        # The program listens where its library does by default.
        code = code.replace("run_app(app)", f"run_app(app, port={port})")
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [python, "-c", code], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            _await_port(int(port), server)
            for command, expected in example.requests:
                answer = _curl(command.replace(_PORT, port))
                if answer.rstrip() != expected.rstrip():
                    raise AssertionError(
                        f"{command} answered\n{answer}\nbut the README says\n{expected}"
                    )
        finally:
            server.terminate()
            try:
                server.communicate(timeout=_RUN_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()
                raise


def _await_port(port: int, server: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if server.poll() is not None:
                raise AssertionError(f"The example ended at once:\n{server.stdout}") from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # a foreign process cannot tell us: ask it again
        else:
            return


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: neither does curl."""

    def redirect_request(self, *_: object) -> None:
        """Return no further request."""


def _curl(command: str) -> str:
    """Do what a simple curl command does.

    It has a URL, ``-s``, ``-X``, ``-d`` (and ``--data-binary``), ``-F``, ``-H``, ``-o /dev/null``,
    and ``-w`` with ``%{http_code}`` and ``%header{name}``.
    """
    words = shlex.split(command)
    method, data, url, shows_body, form = None, None, "", True, ""
    fields: dict[str, str] = {}
    position = 1
    while position < len(words):
        word = words[position]
        if word in ("-X", "-d", "--data-binary", "-F", "-H", "-o", "-w"):
            position += 1
            value = words[position]
            if word == "-X":
                method = value
            elif word == "-H":
                name, _, content = value.partition(":")
                fields[name] = content.strip()
            elif word == "-o":
                shows_body = False
            elif word == "-w":
                form = value
            elif word == "-F":
                data = (data or b"") + _part(value)
                fields["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
            else:
                data = value.encode()
        elif not word.startswith("-"):
            url = word
        position += 1
    if data and "-F" in words:
        data += f"--{_BOUNDARY}--\r\n".encode()
    url = url.replace("localhost", "127.0.0.1")
    request = urllib.request.Request(url, data, fields, method=method)
    try:
        answer = urllib.request.build_opener(_Stay).open(request, timeout=_RUN_SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body: bytes = answer.read()
        found = form.replace("%{http_code}", str(answer.status))
        found = re.sub(r"%header\{([\w-]+)\}", lambda match: answer.headers[match[1]] or "", found)
    return (body.decode() if shows_body else "") + found


def _part(value: str) -> bytes:
    """Return the part of a form that curl makes of ``name=content`` and ``;filename=...``."""
    name, _, content = value.partition("=")
    content, _, filename = content.partition(";filename=")
    named = f'; filename="{filename}"' if filename else ""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return f"{head}{content}\r\n".encode()


def main(arguments: list[str]) -> int:
    """Check the READMEs that are named; ``--python EXE`` runs their examples with another one."""
    python = sys.executable
    if arguments[:1] == ["--python"]:
        python, arguments = arguments[1], arguments[2:]
    for name in arguments:
        count = check(Path(name), python)
        print(f"{name}: {count} examples are true")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
