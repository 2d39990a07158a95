"""Every example of every README, and of pages with whole programs, does what its text says."""

import dataclasses
import re
from pathlib import Path

import pytest

import readme
from treadle_server import ServerConfig

ROOT = Path(__file__).resolve().parent.parent
READMES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("packages/*/README.md")),
    ROOT / "packages/treadle/docs/asgi.md",
    ROOT / "packages/treadle/docs/asgi-server.md",
    ROOT / "packages/treadle/docs/background.md",
    ROOT / "packages/treadle/docs/channels.md",
    ROOT / "packages/treadle/docs/channels-engines.md",
    ROOT / "packages/treadle/docs/compat.md",
    ROOT / "packages/treadle/docs/deadlines.md",
    ROOT / "packages/treadle/docs/deployment/proxies.md",
    ROOT / "packages/treadle/docs/events.md",
    ROOT / "packages/treadle/docs/command.md",
    ROOT / "packages/treadle/docs/forms.md",
    ROOT / "packages/treadle/docs/health.md",
    ROOT / "packages/treadle/docs/logging.md",
    ROOT / "packages/treadle/docs/observability.md",
    ROOT / "packages/treadle/docs/rate-limits.md",
    ROOT / "packages/treadle/docs/cors.md",
    ROOT / "packages/treadle/docs/error-pages.md",
    ROOT / "packages/treadle/docs/json.md",
    ROOT / "packages/treadle/docs/middlewares.md",
    ROOT / "packages/treadle/docs/migration.md",
    ROOT / "packages/treadle/docs/static-files.md",
    ROOT / "packages/treadle/docs/streaming.md",
    ROOT / "packages/treadle/docs/templates.md",
    ROOT / "packages/treadle/docs/testing.md",
    ROOT / "packages/treadle/docs/uploads.md",
    ROOT / "packages/treadle/docs/types.md",
    ROOT / "packages/treadle/docs/websockets.md",
    ROOT / "packages/treadle/docs/workers.md",
    ROOT / "packages/treadle/docs/deployment/workers.md",
]


SERVER = """```python
from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer(("127.0.0.1", 8080), BaseHTTPRequestHandler).serve_forever()
```

```console
$ curl -s http://localhost:8080/
hello
```
"""


@pytest.mark.parametrize("path", READMES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_examples_are_true(path: Path) -> None:
    if path.parent.name == "speedups":
        pytest.importorskip("treadle_speedups", exc_type=ImportError)  # where it is compiled
    assert readme.check(path) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "```python\nraise SystemExit(3)\n```\n",
        "```python\nprint('a')\n```\n\n```text\nb\n```\n",
        SERVER,
    ],
    ids=["fails", "prints something else", "answers something else"],
)
def test_a_false_example_is_found(tmp_path: Path, text: str) -> None:
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(AssertionError):
        readme.check(path)


def test_the_page_of_deadlines_has_the_defaults() -> None:
    page = (ROOT / "packages/treadle/docs/deadlines.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \| ([\d.]+)", page, re.MULTILINE)
    options = {
        field.name: field.default
        for field in dataclasses.fields(ServerConfig)
        if field.name.endswith(("timeout", "_time")) and field.name != "slow_request_time"
    }
    assert {name: float(value) for name, value in listed} == options


def test_the_page_of_performance_has_the_figures_of_the_benchmarks() -> None:
    page = (ROOT / "packages/treadle/docs/performance.md").read_text("utf-8")
    figures = (ROOT / "tools/bench/README.md").read_text("utf-8")
    row = re.compile(r"^\| .* \| 0\.\d\d \([\d.]+-[\d.]+\) \|$", re.MULTILINE)
    assert row.findall(page) == row.findall(figures) != []
    # Those of the README are without the smallest and the largest.
    readme = (ROOT / "README.md").read_text("utf-8")
    short = {tuple(re.findall(r"0\.\d\d(?= \()", line)) for line in row.findall(figures)}
    shown = re.findall(r"^\| .* \| (0\.\d\d) \| (0\.\d\d) \| (0\.\d\d) \|$", readme, re.MULTILINE)
    assert shown != []
    assert set(shown) <= short
