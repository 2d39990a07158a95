"""Keep ``docs/quickstart.md`` true: the block behind a comment is the program that it names.

python tools/quickstart_page.py          fail if a block differs from its program
python tools/quickstart_page.py --write  put the programs into the page
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "packages/treadle/docs/quickstart.md"
EXAMPLES = ROOT / "packages/treadle/examples"

_BLOCK = re.compile(
    r"(<!-- (?P<name>quickstart/\w+\.py) -->\n\n```python\n)(?P<code>.*?)(?=```\n)", re.DOTALL
)


def shown(page: str) -> list[str]:
    """Return the names of the programs that ``page`` shows, in order."""
    return [found["name"] for found in _BLOCK.finditer(page)]


def updated(page: str) -> str:
    """Return ``page`` with the programs as they are now."""
    return _BLOCK.sub(lambda found: found[1] + (EXAMPLES / found["name"]).read_text(), page)


def main(arguments: list[str]) -> int:
    """Check the page, or write it; return the exit status."""
    page = PAGE.read_text()
    new = updated(page)
    if "--write" in arguments:
        PAGE.write_text(new)
    elif new != page:
        print(
            f"{PAGE.relative_to(ROOT)} does not show the programs: run `python tools/dev.py fix`."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
