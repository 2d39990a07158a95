"""What an error page shows of a value: bounded, and no secrets."""

import pytest

from treadle._debug.masking import HIDDEN, is_secret, masked_repr, masked_source, masked_text


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True), ("PASSWD", True), ("db_pwd", True), ("api_key", True), ("ApiKey", True),
        ("Authorization", True), ("Cookie", True), ("Set-Cookie", True), ("access_token", True),
        ("SECRET_KEY", True), ("session_id", True), ("csrf", True), ("DATABASE_DSN", True),
        ("name", False), ("key", False), ("author", False), ("passenger", False), (3, False),
        (None, False),
    ],
)  # fmt: skip
def test_names(name: object, secret: bool) -> None:
    assert is_secret(name) is secret


class Broken:
    def __repr__(self) -> str:
        raise ValueError("x")


class Long:
    def __repr__(self) -> str:
        return "<" + "x" * 10_000 + ">"


class Telling:
    def __repr__(self) -> str:
        return "Telling(password='hunter2', url='redis://ada:hunter2@db/0')"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1"),
        ("text", "'text'"),
        ({"a": 1, "token": "hunter2"}, f"{{'a': 1, 'token': {HIDDEN}}}"),
        ([{"x": {"password": "hunter2"}}], f"[{{'x': {{'password': {HIDDEN}}}}}]"),
        (Broken(), "<Broken, whose repr raised ValueError>"),
        ([Broken()], "[<Broken, whose repr raised ValueError>]"),
        ({Broken: Broken()}, None),
        (Telling(), f"Telling(password={HIDDEN}, url='redis://ada:{HIDDEN}@db/0')"),
        ("https://ada:hunter2@example.org/", f"'https://ada:{HIDDEN}@example.org/'"),
        ({}, "{}"),
        ([[[[[[1]]]]]], "[[[[[...]]]]]"),
    ],
)
def test_values(value: object, shown: str | None) -> None:
    text = masked_repr(value)
    assert shown is None or text == shown
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "value", ["x" * 100_000, Long(), list(range(10_000)), dict.fromkeys(range(10_000)), 10**4000]
)
def test_values_are_bounded(value: object) -> None:
    assert len(masked_repr(value)) <= 1100


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("GET /a?token=hunter2&b=1", f"GET /a?token={HIDDEN}&b=1"),
        ('{"api_key": "hunter2", "b": 1}', f'{{"api_key": {HIDDEN}, "b": 1}}'),
        ("password = b'hunter2'", f"password = {HIDDEN}"),
        ("Authorization: hunter2", f"Authorization: {HIDDEN}"),
        ("postgresql://ada:hunter2@db", f"postgresql://ada:{HIDDEN}@db"),
        ("no password here", "no password here"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def test_a_long_text_is_cut() -> None:
    assert masked_text("y" * 50, 10) == "yyyyyyyyyy... (50 characters)"
    assert len(masked_text("token=" * 1_000_000, 10)) < 100


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("password = 'hunter2'", f"password = '{HIDDEN}'"),
        ('    connect(token="hunter2")', f"    connect(token='{HIDDEN}')"),
        ("password = request.query['p']", "password = request.query['p']"),
        ("url = 'redis://u:hunter2@h/0'", f"url = 'redis://u:{HIDDEN}@h/0'"),
        ("x = 1", "x = 1"),
    ],
)
def test_lines_of_source(line: str, shown: str) -> None:
    assert masked_source(line) == shown
