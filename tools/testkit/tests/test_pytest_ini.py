"""The configuration of the tests in an sdist is that of the repository."""

import configparser
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

#: What an sdist has otherwise: its own folders; no limit of time, since machines are not known.
OTHERWISE = {
    "testpaths", "pythonpath", "norecursedirs", "faulthandler_timeout",
    "faulthandler_exit_on_timeout",
}  # fmt: skip


def test_an_sdist_has_the_options_of_the_repository() -> None:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ours = tables["tool"]["pytest"]["ini_options"]
    theirs = configparser.ConfigParser()
    theirs.read(ROOT / "tools/testkit/pytest.ini")
    found = dict(theirs["pytest"])
    assert set(ours) - OTHERWISE == set(found) - OTHERWISE
    for name in set(ours) - OTHERWISE:
        value = ours[name]
        if isinstance(value, bool):
            assert theirs["pytest"].getboolean(name) is value
        elif isinstance(value, list):
            # A list is words or lines, as the option has it.
            assert " ".join(found[name].split()) == " ".join(value)
        else:
            assert found[name] == value
    assert found["testpaths"] == "tests"
    assert found["pythonpath"] == "tools"
