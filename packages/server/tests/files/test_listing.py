"""The page of a directory: complete, escaped, and its links lead to the files."""

import html
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from treadle_server._files.listing import listing_page

NAMES = [
    "plain.txt",
    "two words.txt",
    "r\xe9sum\xe9.pdf",
    "<script>alert(1)</script>",
    "\"quoted\" & 'quoted'",
    "100%.txt",
    "a?b#c",
    "javascript:alert(1)",
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in NAMES:
        # A name cannot contain a slash.
        (tmp_path / name.replace("/", "_")).write_text("x" * 2000)
    (tmp_path / "sub").mkdir()
    (tmp_path / "empty").write_text("")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "broken").symlink_to("nowhere")
    return tmp_path


def stat_of(directory: Path) -> Callable[[str], os.stat_result | None]:
    """Take everything but what is neither a file nor a directory."""

    def stat(name: str) -> os.stat_result | None:
        path = directory / name
        return path.stat() if path.is_file() or path.is_dir() else None

    return stat


def links(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]


def test_links_lead_to_the_files(directory: Path) -> None:
    found = links(
        listing_page(str(directory), "/files/", parent=True, can_fetch=stat_of(directory))
    )
    assert found[0] == "../"
    names = {unquote_to_bytes(link.removeprefix("./")).decode() for link in found[1:]}
    expected = {name.replace("/", "_") for name in NAMES} | {"sub/", "empty"}
    assert names == expected
    # Relative to the page, whatever the name looks like.
    assert all(link.startswith("./") for link in found[1:])


def test_directories_come_first(directory: Path) -> None:
    assert (
        links(listing_page(str(directory), "/", parent=False, can_fetch=stat_of(directory)))[0]
        == "./sub/"
    )


def test_ghsa_7gpw_names_are_escaped(directory: Path) -> None:
    page = listing_page(str(directory), "/<script>x/", parent=False, can_fetch=stat_of(directory))
    assert "<script" not in page
    assert "Index of /&lt;script&gt;x/" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&quot;quoted&quot; &amp; &#x27;quoted&#x27;" in page


def test_sizes(directory: Path) -> None:
    page = listing_page(str(directory), "/", parent=False, can_fetch=stat_of(directory))
    assert "<td>2.0 KiB</td>" in page
    assert "<td>0 B</td>" in page
    for size, text in [(1024**2, "1.0 MiB"), (5 * 1024**4, "5.0 TiB"), (1024**5, "1024.0 TiB")]:
        with (directory / "large").open("wb") as file:
            if size < 1024**4:
                file.truncate(size)
                assert f"<td>{text}</td>" in listing_page(
                    str(directory), "/", parent=False, can_fetch=stat_of(directory)
                )


def test_a_name_that_is_not_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe")
    (tmp_path / name).touch()
    page = listing_page(str(tmp_path), "/", parent=False, can_fetch=stat_of(tmp_path))
    assert "./%FF%FE" in page
    page.encode()


def test_a_path_that_is_not_a_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listing_page(str(tmp_path / "nothing"), "/", parent=False, can_fetch=stat_of(tmp_path))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01 00:00:00"),
        (-1.0, "1969-12-31 23:59:59"),
        (1e15, ""),
        (-1e15, ""),
        (1e300, ""),
    ],
)
def test_any_time_of_change(tmp_path: Path, seconds: float, text: str) -> None:
    (tmp_path / "a").touch()
    facts = list((tmp_path / "a").stat())
    facts[8] = seconds
    page = listing_page(str(tmp_path), "/", parent=False, can_fetch=lambda _: os.stat_result(facts))
    assert f"<td>{text}</td></tr></tbody>" in page
