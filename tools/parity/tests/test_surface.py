"""The description of a module."""

import enum
from dataclasses import dataclass
from types import ModuleType

from parity._surface import describe

SOURCE = """
class Base:
    def inherited(self, a, *, b=1): ...

class Child(Base):
    value = 3
    async def wait(self): ...
    @staticmethod
    def make(): ...
    @property
    def computed(self): ...

def function(a, b=None): ...

LIMIT = 3
"""


def module_of(source: str = "", **names: object) -> ModuleType:
    module = ModuleType("mine")
    exec(source, vars(module))
    vars(module).update(names)
    return module


def test_classes_functions_and_values() -> None:
    module = module_of(SOURCE)
    surface = describe({"m": module}, {"m": ["Child", "LIMIT", "absent", "function"]})
    assert surface == {
        "m.Child": "class",
        "m.Child<": "Base",
        "m.Child()": "",
        "m.Child.computed": "attribute",
        "m.Child.inherited": "method",
        "m.Child.inherited()": "self, a, b:=1",
        "m.Child.make": "staticmethod",
        "m.Child.make()": "",
        "m.Child.value": "attribute",
        "m.Child.wait": "coroutine method",
        "m.Child.wait()": "self",
        "m.LIMIT": "int",
        "m.function": "function",
        "m.function()": "a, b=None",
    }


def test_parts_are_there_once() -> None:
    module = module_of(SOURCE)
    both = {"m": module, "n": module}
    surface = describe(both, {"m": ["Child"], "n": ["Child"]}, each_once=True)
    assert "m.Child.wait" in surface
    assert "m.Child.inherited" not in surface
    assert [path for path in surface if path.startswith("n.")] == ["n.Child"]


def test_fields_of_a_dataclass_and_members_of_an_enum() -> None:
    @dataclass
    class Point:
        x: int
        y: int = 0

    class Color(enum.Enum):
        RED = 1

    surface = describe({"m": module_of(Point=Point, Color=Color)}, {"m": ["Color", "Point"]})
    assert surface["m.Point.x"] == surface["m.Point.y"] == "attribute"
    assert surface["m.Color.RED"] == "1"
