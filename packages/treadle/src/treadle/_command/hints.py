"""Find the usual mistakes of an entry in the source of its module, without importing it.

Functions from the path of a file to the line of the mistake. A file that cannot be read or parsed
has none here: its import says what is wrong.
"""

import ast
import tokenize
from collections.abc import Collection, Iterator
from pathlib import Path

__all__ = ["made_below_main", "serves_itself"]


def serves_itself(file: Path) -> int | None:
    """Return the line where ``file`` calls ``run_app`` when it is imported, None if it does not."""
    for statement in _statements(file):
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="run_app"))):
                return statement.lineno
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="run_app"))):
                return statement.lineno
    return None


def made_below_main(file: Path, names: Collection[str]) -> tuple[str, int] | None:
    """Return the first of ``names`` that only ``if __name__ == "__main__":`` assigns, and its line.

    None if there is no such name.
    """
    for statement in _statements(file):
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                for name, line in _assigned(statement.body):
                    if name in names:
                        return name, line
    return None


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    for statement in body:
        match statement:
            case ast.Assign(targets=targets):
                yield from ((t.id, t.lineno) for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, statement.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, statement.lineno


def _statements(file: Path) -> list[ast.stmt]:
    """Return the statements of the module itself, [] if it cannot be parsed."""
    try:
        # It hears the declaration of the encoding.
        with tokenize.open(file) as source:
            return ast.parse(source.read()).body
    except (OSError, SyntaxError, ValueError):
        return []
