"""Hostile paths: refused by their text, and by the links on the disk."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_server._files.paths import contained, safe_segments

# As they come out of the router, percent-decoded once; beside each what was sent.
HOSTILE = [
    ("..", "/s/.."),
    ("../etc/passwd", "/s/../etc/passwd"),
    ("a/../../etc/passwd", "/s/a/../../etc/passwd"),
    ("../etc/passwd", "/s/%2e%2e/etc/passwd"),
    (".", "/s/."),
    ("a/./b", "/s/a/./b"),
    ("a/..", "/s/a/.."),
    ("../etc/passwd", "/s/..%2fetc/passwd"),
    ("a/b", "/s/a%2Fb"),
    ("..\\etc\\passwd", "/s/..%5Cetc%5cpasswd"),
    ("..\\windows", "/s/..\\windows"),
    ("a\\b", "/s/a\\b"),
    ("/etc/passwd", "/s//etc/passwd"),
    ("//server/share/x", "/s///server/share/x"),
    ("\\\\server\\share", "/s/\\\\server\\share"),
    ("a//b", "/s/a//b"),
    ("//", "/s///"),
    ("c:/windows", "/s/c:/windows"),
    ("C:", "/s/C:"),
    ("c:windows", "/s/c:windows"),
    ("a/d:b", "/s/a/d:b"),
    ("a\0.txt", "/s/a%00.txt"),
    ("\0", "/s/%00"),
]  # fmt: skip


@pytest.mark.parametrize(("tail", "raw"), HOSTILE)
def test_cve_2024_23334_traversal_is_refused_as_text(tail: str, raw: str) -> None:
    for windows in (False, True):
        assert safe_segments(tail, raw, windows=windows) is None


@pytest.mark.parametrize(
    ("tail", "segments"),
    [
        ("", ()),
        ("/", ()),
        ("a", ("a",)),
        ("a/", ("a",)),
        ("a/b.txt", ("a", "b.txt")),
        ("..a/b..", ("..a", "b..")),
        ("...", ("...",)),
        (".well-known/x", (".well-known", "x")),
        ("r\xe9sum\xe9 1%.pdf", ("r\xe9sum\xe9 1%.pdf",)),
        # Decoded once: what is encoded twice is a name, and no file has it.
        ("%2e%2e/x", ("%2e%2e", "x")),
        ("12:30.log", ("12:30.log",)),
        ("nul.txt", ("nul.txt",)),
    ],
)
def test_other_paths(tail: str, segments: tuple[str, ...]) -> None:
    assert safe_segments(tail, "/s/x", windows=False) == segments


@pytest.mark.parametrize(
    "name",
    [
        "con", "CON", "nul.txt", "aux.tar.gz", "com1", "COM9.x", "lpt\xb2", "prn ", "nul:",
        "conin$", "a.", "a ", "a:stream", "..", "a/nul/b",
    ],
)  # fmt: skip
def test_cve_2025_66221_devices_are_refused_on_windows(name: str) -> None:
    assert safe_segments(name, windows=True) is None


@pytest.mark.parametrize(
    "name", ["console", "null.txt", "com", "com10", "lpt", "a.con", "auxiliary"]
)
def test_windows_has_other_names(name: str) -> None:
    assert safe_segments(name, windows=True) == (name,)


@settings(deadline=None)
@given(st.text("./\\:%a\0", max_size=12))
def test_nothing_that_passes_leaves_the_root(tail: str) -> None:
    segments = safe_segments(tail, tail)
    if segments is not None:
        path = Path("/root").joinpath(*segments)
        assert Path("/root") in (path, *path.parents)
        assert ".." not in path.parts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "root-secret").write_text("secret")
    for path in (root / "file", root / "sub" / "file", tmp_path / "outside" / "file"):
        path.write_text("x")
    (root / "in").symlink_to("sub/file")
    (root / "in-dir").symlink_to(root / "sub")
    (root / "out").symlink_to(tmp_path / "outside" / "file")
    (root / "out-dir").symlink_to(tmp_path / "outside")
    (root / "prefix").symlink_to(tmp_path / "root-secret")
    (root / "loop").symlink_to("loop")
    (root / "broken").symlink_to(tmp_path / "nowhere")
    return root


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("file", True),
        ("sub/file", True),
        ("nothing", True),
        ("nothing/below", True),
        ("in", True),
        ("in-dir/file", True),
        ("in-dir/nothing", True),
        ("out", False),
        ("out-dir/file", False),
        ("out-dir/nothing", False),
        ("prefix", False),
        ("broken", False),
        ("", True),
    ],
)
def test_links(root: Path, name: str, inside: bool) -> None:
    segments = tuple(name.split("/")) if name else ()
    found = contained(str(root), segments, follow_symlinks=False)
    assert (found is not None) is inside
    if found is not None:
        assert Path(found) == (root / name).resolve()
    everywhere = contained(str(root), segments, follow_symlinks=True)
    assert everywhere is not None
    assert Path(everywhere) == root / name


def test_a_link_to_itself(root: Path) -> None:
    found = contained(str(root), ("loop",), follow_symlinks=False)
    # Whatever it is called, it cannot be opened.
    assert found is None or not Path(found).exists()
