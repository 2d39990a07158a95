"""The tour of the example, its error pages, its fields, and its commands."""

import asyncio
import logging
import re
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from treadle_example.app import default_database, init_func

from testkit import PATIENCE, Program, Run
from treadle_testing import unused_port

from ._site import example

EXAMPLES = Path(__file__).resolve().parents[2] / "packages/treadle/examples"


def test_the_pages_lead_to_pages(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            seen: dict[str, str] = {}
            waiting = ["/"]
            while waiting:
                path = waiting.pop()
                status = {"/nowhere": 404, "/broken": 500}.get(path, 200)
                seen[path] = await visitor.get(path, status)
                links = re.findall(r'(?:href|src)="(/[^"#]*)"', seen[path])
                waiting += [link for link in links if link not in {*seen, *waiting}]
            assert {
                "/signup", "/login", "/chat", "/tour", "/hello/Ada%20Lovelace", "/events",
                "/api/time?zone=utc", "/count/20", "/static/style.css",
            } <= seen.keys()  # fmt: skip

    run(main())


@pytest.mark.parametrize(
    ("path", "accept", "status", "content"),
    [
        ("/hello/<script>alert(1)", "text/html", 200, "Hello, &lt;script&gt;alert(1)!"),
        ("/api/time", "", 200, '"zone": "utc"'),
        ("/api/time?zone=mars", "", 400, "the only zone is 'utc', not 'mars'"),
        ("/count/3", "", 200, "1\n2\n3\n"),
        ("/count/many", "text/html", 404, "There is nothing here."),
        ("/nowhere", "text/html", 404, "<h1>Not Found</h1>"),
        ("/nowhere", "application/json", 404, '"status": 404'),
        ("/nowhere", "", 404, "404: Not Found"),
        ("/broken", "text/html", 500, "This is our fault"),
        ("/broken", "application/json", 500, '"status": 500'),
        ("/shared/nothing", "text/html", 404, "There is nothing here."),
        ("/livez", "", 200, "live"),
        ("/readyz", "", 200, "ready"),
    ],
)
@pytest.mark.filterwarnings("default")
def test_answers(
    run: Run, tmp_path: Path, path: str, accept: str, status: int, content: str
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            text = await visitor.get(path, status, fields={"Accept": accept or "*/*"})
            assert content in text
            assert "on purpose" not in text

    run(main())


def test_a_mistake_is_in_the_log(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            await (await site.visitor()).get("/broken", 500)

    run(main())
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == "Error in GET /broken"
    assert record.exc_info
    assert "on purpose" in str(record.exc_info[1])


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/style.css", "/count/3", "/livez"])
def test_every_answer_has_the_fields_that_protect(run: Run, tmp_path: Path, path: str) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            async with visitor.session.get(site.url + path) as answer:
                fields = answer.headers
            assert "script-src 'self';" in fields["Content-Security-Policy"]
            assert "unsafe" not in fields["Content-Security-Policy"]
            assert fields["X-Content-Type-Options"] == "nosniff"
            assert fields["Referrer-Policy"] == "same-origin"

    run(main())


@pytest.mark.parametrize(
    ("last", "first"), [("", 1), ("5", 6), ("x", 1), ("-1", 1), ("\u0665", 1), ("9" * 5000, 1)]
)
def test_events_go_on_behind_the_last_one(run: Run, tmp_path: Path, last: str, first: int) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            text = await visitor.get("/events/numbers", fields={"Last-Event-ID": last})
            events = text.split("\n\n")
            assert events[0] == "retry: 300"
            assert events[1:-1] == [
                f'event: number\nid: {number}\ndata: {{"number": {number}}}'
                for number in range(first, first + 5)
            ]

    run(main())


def test_the_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_database() == tmp_path / "treadle-example/notes.sqlite"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_database().parent.parent == Path.home() / ".local/share"
    with pytest.raises(SystemExit):
        init_func(["--nonsense"])
    # Nothing is made before the start.
    init_func(["--database", str(tmp_path / "folder/file")])
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["treadle.web", "-H", "127.0.0.1", "-P"],
        ["treadle", "run", "--port"],
        ["treadle", "dev", "--port"],
    ],
    ids=lambda command: command[1],
)
def test_the_commands(tmp_path: Path, command: list[str]) -> None:
    port = unused_port()
    entry = ["treadle_example.app:init_func", "--database", str(tmp_path / "notes.sqlite")]
    program = Program([sys.executable, "-m", *command, str(port), *entry], EXAMPLES)
    try:
        program.wait_for(rf"http://\S+:{port}")
        program.port = port
        assert "treadle notes" in program.get("/")
        # The page of `treadle dev` is the better one for who writes the program.
        request = Request(f"http://127.0.0.1:{port}/broken", headers={"Accept": "text/html"})
        with pytest.raises(HTTPError) as caught:
            urlopen(request, timeout=PATIENCE)
        with caught.value as answer:
            assert ("on purpose" in answer.read().decode()) is ("dev" in command)
        assert program.end() == 0
    finally:
        program.close()


@pytest.mark.parametrize("command", [["check", "--start"], ["routes"]], ids=lambda each: each[0])
def test_the_wiring_has_no_mistakes(tmp_path: Path, command: list[str]) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "treadle", *command, "treadle_example.app:make_app",
            stdout=asyncio.subprocess.PIPE, cwd=EXAMPLES,
            env={"PYTHONPATH": str(EXAMPLES), "XDG_DATA_HOME": str(tmp_path), "PATH": ""},
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()

    asyncio.run(main())
