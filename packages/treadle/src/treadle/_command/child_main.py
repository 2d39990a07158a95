"""The entry of the process that ``treadle dev`` starts: its command line is that of its parent."""

from .child import serve_child
from .dev import add_dev
from .parser import Parser

__all__: list[str] = []

if __name__ == "__main__":
    parser = Parser(prog="treadle dev")
    add_dev(parser)
    options, rest = parser.parse_known_args()
    serve_child(parser, options, rest)
