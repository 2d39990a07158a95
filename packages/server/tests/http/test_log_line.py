"""The layout of an access log line: values by name, and no value that forges a line."""

import pytest

from treadle_server._http.log_line import LineLayout

LAYOUT = LineLayout('%s "%s" 100%%', ["remote", ("fields", "Referer")])


@pytest.mark.parametrize(
    ("value", "text", "in_extra"),
    [
        ("plain", "plain", "plain"),
        ("é日", "é日", "é日"),
        ('a"b', r"a\"b", 'a"b'),
        ("a\\", "a\\\\", "a\\"),
        ('\\"', r"\\\"", '\\"'),
        ("a\r\nb", r"a\r\nb", r"a\r\nb"),
        ("\x1b[2J\x85\x9b", r"\x1b[2J\x85\x9b", r"\x1b[2J\x85\x9b"),
        ("\u202e\u2028\udc80", r"\u202e\u2028\udc80", r"\u202e\u2028\udc80"),
        ("%s %", "%s %", "%s %"),
        (13, "13", 13),
        ("", "", ""),
    ],
)
def test_a_value_cannot_forge_a_line(value: object, text: str, in_extra: object) -> None:
    line, extra = LAYOUT.compose(["1.2.3.4", value])
    assert line == f'1.2.3.4 "{text}" 100%'
    assert line.isprintable()
    assert extra == {"remote": "1.2.3.4", "fields": {"Referer": in_extra}}


def test_a_format_may_have_quotes_and_controls_of_its_own() -> None:
    layout = LineLayout('\t"%s"\\', ["a"])
    assert layout.compose(['"'])[0] == '\t"\\""\\'
    assert layout.compose(["b"])[0] == '\t"b"\\'


@pytest.mark.parametrize(
    ("keys", "values", "extra"),
    [
        ([], [], {}),
        (["a", "a"], [1, 2], {"a": 2}),
        ([("h", "X"), "a", ("h", "Y"), ("o", "X")], [1, 2, 3, 4],
         {"a": 2, "h": {"X": 1, "Y": 3}, "o": {"X": 4}}),
    ],
)  # fmt: skip
def test_values_by_name(
    keys: list[str | tuple[str, str]], values: list[object], extra: dict[str, object]
) -> None:
    assert LineLayout("%s" * len(keys), keys).compose(values)[1] == extra
