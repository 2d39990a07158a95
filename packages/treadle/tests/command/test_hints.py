"""Mistakes that the source of a module shows."""

from pathlib import Path

import pytest

from treadle._command.hints import made_below_main, serves_itself


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("web.run_app(app)\n", 1),
        ("import x\n\nrun_app(\n    app\n)\n", 3),
        ("# caf\xe9\nweb.run_app(app)\n", 2),
        ("if __name__ == '__main__':\n    web.run_app(app)\n", None),
        ("def main():\n    web.run_app(app)\n", None),
        ("result = run_app\n", None),
        ("def f(:\n", None),
        ("\0", None),
        ("", None),
    ],
)
def test_a_module_that_serves_itself(tmp_path: Path, text: str, line: int | None) -> None:
    file = tmp_path / "mod.py"
    file.write_text(text, "utf-8")
    assert serves_itself(file) == line


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("app = 1", ("app", 2)),
        ("x = 1\n    app: int = 1", ("app", 3)),
        ("def make_app(): pass", ("make_app", 2)),
        ("async def make_app(): pass", ("make_app", 2)),
        ("x, y = 1, 2", None),
        ("print(app)", None),
    ],
)
def test_what_is_made_below_main(tmp_path: Path, body: str, found: tuple[str, int] | None) -> None:
    file = tmp_path / "mod.py"
    file.write_text(f"if __name__ == '__main__':\n    {body}\n")
    assert made_below_main(file, ("app", "make_app")) == found
    file.write_text(f"if other == '__main__':\n    {body}\n")
    assert made_below_main(file, ("app", "make_app")) is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert serves_itself(tmp_path / "nothing.py") is None
    assert made_below_main(tmp_path, ("app",)) is None
