"""The tables of ``docs/migration-aiohttp.md`` are those of ``parity``, and its command works."""

import re
import subprocess
import sys
from pathlib import Path

import aiohttp.web
import pytest

import migration_page


def test_the_page_is_current() -> None:
    assert migration_page.main([]) == 0


def test_each_public_name_of_aiohttp_web_is_in_a_row() -> None:
    first = migration_page.tables().partition("Of the other modules")[0]
    found = {
        name.partition(".")[0].removesuffix("()") for name in re.findall(r"`([\w.()]+)`", first)
    }
    assert set(aiohttp.web.__all__) <= found


def test_a_stale_page_is_found_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = migration_page.PAGE.read_text("utf-8")
    page = tmp_path / "page.md"
    page.write_text(text.replace("`AppRunner`, ", "", 1), "utf-8")
    monkeypatch.setattr(migration_page, "ROOT", tmp_path)
    monkeypatch.setattr(migration_page, "PAGE", page)
    assert migration_page.main([]) == 1
    assert "dev.py fix" in capsys.readouterr().out
    assert migration_page.main(["--write"]) == 0
    assert page.read_text("utf-8") == text
    with pytest.raises(ValueError, match="has no lines"):
        migration_page.updated("# A page without a place\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the command is that of GNU's sed")
def test_the_command_changes_the_imports(tmp_path: Path) -> None:
    page = migration_page.PAGE.read_text("utf-8")
    command = re.search(r"```sh\n(.*?)```", page, re.DOTALL)
    assert command
    (tmp_path / "app.py").write_text(
        "import aiohttp.web\n"
        "from aiohttp import web\n"
        "from aiohttp.web_request import Request\n"
        "from aiohttp.test_utils import TestClient\n"
        "from aiohttp import ClientSession, web\n"
        "from aiohttp_session import setup\n"
        "if True:\n    from aiohttp import web\n"
        "app = aiohttp.web.Application()\n"
        "text = aiohttp.WSMsgType.TEXT, aiohttp.ClientSession\n"
    )
    subprocess.run(["sh", "-c", command[1]], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "app.py").read_text() == (
        "from treadle import web\n"
        "from treadle import web\n"
        "from treadle.web_request import Request\n"
        "from treadle.test_utils import TestClient\n"
        "from aiohttp import ClientSession, web\n"
        "from aiohttp_session import setup\n"
        "if True:\n    from treadle import web\n"
        "app = web.Application()\n"
        "text = web.WSMsgType.TEXT, aiohttp.ClientSession\n"
    )
