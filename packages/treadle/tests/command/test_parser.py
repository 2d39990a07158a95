"""Mistakes of command lines: one sentence, status 2."""

import pytest

from treadle._command.parser import Parser


def parser() -> Parser:
    made = Parser(prog="treadle run")
    made.add_argument("--max-connections", type=int)
    made.add_argument("--log", choices=("auto", "json"))
    return made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--log", "jsn"], "argument --log: there is no 'jsn'; did you mean json?"),
        (["--log", "zzz"], "argument --log: there is no 'zzz'; it is one of auto, json"),
        (["--max-connections", "x"], "argument --max-connections: invalid int value: 'x'"),
        # No abbreviations: they are other options tomorrow.
        (["--max", "1"], "unknown option --max; see --help"),
        (["--max-conections=1"], "unknown option --max-conections; did you mean --max-connections"),
        (["--zzz"], "unknown option --zzz; see --help"),
        (["more"], "unexpected argument 'more'; see --help"),
        (["more", "--logg=x"], "unknown option --logg; did you mean --log?"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    made = parser()

    def parse() -> None:
        _, rest = made.parse_known_args(arguments)
        made.refuse_unknown(rest)

    with pytest.raises(SystemExit) as caught:
        parse()
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"treadle run: error: {message}")
    assert error.count("\n") == 1


def test_nothing_unknown() -> None:
    parser().refuse_unknown([])
    assert parser().option_names() == ["--help", "--max-connections", "--log"]
