"""The process that serves for `treadle dev`: what it is told, and the page of a problem."""

import asyncio
from pathlib import Path

import pytest

from treadle._command import child
from treadle._command.child import Handover
from treadle.web import Application


def handover(changed: list[str]) -> Handover:
    return {
        "fds": [],
        "life": None,
        "changed": changed,
        "since": 0.0,
        "address": "http://localhost:1",
        "problem": None,
    }


@pytest.mark.parametrize(
    ("changed", "problem", "said"),
    [
        ([], None, "Serving on http://localhost:1 (Ctrl+C stops it)\n"),
        (["{}/a.py"], None, "a.py changed: reloaded in "),
        (["{}/a.py"], "x", "a.py changed: waiting for its repair\n"),
        (["{}/a.py", "/b", "/c", "/d", "/e"], "x", "a.py, /b, /c and 2 more changed: waiting for"),
    ],
)
def test_what_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: list[str],
    problem: str | None,
    said: str,
) -> None:
    paths = [path.format(tmp_path) for path in changed]
    child._announce(handover(paths), [Application()], problem, tmp_path)("")
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_the_page_of_a_problem(accept: str) -> None:
    async def main() -> None:
        from treadle_testing import MemoryClient

        async with MemoryClient(child._problem_app("<b>Traceback</b>")) as client:
            for path in ("/", "/any/where"):
                answer = await client.post(path, headers={"Accept": accept})
                text = await answer.text()
                assert answer.status == 500
                if accept == "text/html":
                    # What a program raised is no markup.
                    assert "&lt;b&gt;Traceback&lt;/b&gt;" in text
                    assert answer.content_type == "text/html"
                else:
                    assert text.endswith("<b>Traceback</b>")

    asyncio.run(main())
