"""Every example of every README, and of pages with whole programs, does what its text says."""

from pathlib import Path

import pytest

import readme

ROOT = Path(__file__).resolve().parent.parent
READMES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("packages/*/README.md")),
    ROOT / "packages/treadle/docs/compat.md",
    ROOT / "packages/treadle/docs/deadlines.md",
    ROOT / "packages/treadle/docs/health.md",
    ROOT / "packages/treadle/docs/logging.md",
    ROOT / "packages/treadle/docs/observability.md",
    ROOT / "packages/treadle/docs/workers.md",
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
