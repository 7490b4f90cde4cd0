"""The house keeps its walls: imports run downwards, one library lives in one room, no circles."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sorapipe"
FLOORS = {
    "cli": 7,
    "views": 6,
    "media": 5,
    "engine": 4,
    "providers": 3,
    "state": 2,
    "planning": 1,
    "clips": 1,
    "storyboard": 0,
}
ROOMS = {
    "yaml": {"storyboard.document"},
    "jsonschema": {"storyboard.schema"},
    "jsonschema_rs": {"storyboard.schema"},
    "referencing": {"storyboard.schema"},
    "jinja2": {"storyboard.templates"},
    "httpx": {"providers.http"},
    "httpcore": {"providers.patience"},
    "platformdirs": {"state.workspace"},
    "fsspec": {"state.store"},
    "rich": {"views"},
    "click": {"cli"},
    "PIL": {"clips.frames"},
    "av": {"clips"},
    "subprocess": {"state.git", "cli.embedded", "cli.simulator"},
}
GIVEN_AT_THE_DOOR = {"sorapipe", "sorapipe.__main__"}


def rooms() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") or "__init__": path
        for path in PACKAGE.rglob("*.py")
    }


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of all modules that a file imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {
                f"{module}.{alias.name}" if module_exists(f"{module}.{alias.name}") else module for alias in node.names
            }
    return frozenset(found)


def module_exists(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


ROOM_FILES = rooms()


def floor(room: str) -> str:
    return room.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("room", sorted(r for r in ROOM_FILES if floor(r) in FLOORS))
def test_a_room_imports_only_from_its_own_floor_and_below(room: str) -> None:
    for name in imports(ROOM_FILES[room]):
        if name.startswith("sorapipe."):
            other = floor(name.removeprefix("sorapipe."))
            assert other in FLOORS, f"{room} imports {name}"
            assert FLOORS[other] <= FLOORS[floor(room)], f"{room} reaches up to {name}"
            same_height = FLOORS[other] == FLOORS[floor(room)]
            assert not same_height or other == floor(room), f"{room} reaches across to {name}"


@pytest.mark.parametrize("room", sorted(r for r in ROOM_FILES if floor(r) == "simulator"))
def test_the_simulator_imports_nothing_of_the_client(room: str) -> None:
    for name in imports(ROOM_FILES[room]):
        assert not name.startswith("sorapipe") or name.startswith("sorapipe.simulator"), f"{room} imports {name}"


@pytest.mark.parametrize("library", sorted(ROOMS))
def test_a_library_lives_in_one_room(library: str) -> None:
    for room, path in ROOM_FILES.items():
        if floor(room) in FLOORS and any(name.split(".")[0] == library for name in imports(path)):
            assert room in ROOMS[library] or floor(room) in ROOMS[library], f"{room} imports {library}"


def test_every_foreign_library_has_a_room() -> None:
    for room, path in ROOM_FILES.items():
        if floor(room) in FLOORS:
            foreign = {n.split(".")[0] for n in imports(path)} - set(sys.stdlib_module_names) - {"sorapipe"}
            assert foreign <= set(ROOMS), f"{room} imports {foreign - set(ROOMS)}"


def test_there_are_no_circles() -> None:
    graph = {
        room: {n.removeprefix("sorapipe.") for n in imports(path) if n.startswith("sorapipe.")}
        for room, path in ROOM_FILES.items()
    }
    tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("room", sorted(ROOM_FILES))
def test_a_file_begins_with_its_job(room: str) -> None:
    text = ROOM_FILES[room].read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{room} has no first line that says its job"


@pytest.mark.parametrize("room", sorted(r for r in ROOM_FILES if floor(r) in FLOORS and floor(r) != "cli"))
def test_only_the_roof_and_profile_data_know_the_simulator(room: str) -> None:
    assert "simulator" not in ROOM_FILES[room].read_text().lower()
