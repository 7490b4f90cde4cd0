"""Who needs whom: shots and characters (`@id`) in an order that works; knows nothing of takes, prices or providers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from sorapipe.storyboard.diagnostics import Diagnostics, Related
from sorapipe.storyboard.model import Address, FrameOf, Origin, Shot, ShotSource, Storyboard
from sorapipe.storyboard.source import Span


class Kind(StrEnum):
    """Why one node needs another."""

    CHARACTER = "character"
    FRAME = "frame"
    FROM_SHOT = "from_shot"
    NEEDS = "needs"
    CLIP = "clip"


class Edge(NamedTuple):
    """`child` needs `parent`; `field` is the key of the manifest that says so."""

    parent: str
    child: str
    kind: Kind
    field: str


NO_EDGES: tuple[Edge, ...] = ()


class Graph:
    """Nodes in a stable order: what others need comes first, else the order of the storyboard."""

    def __init__(self, order: tuple[str, ...], parents: Mapping[str, tuple[Edge, ...]]) -> None:
        self.order = order
        self._parents = parents
        self._children: dict[str, list[Edge]] | None = None

    @property
    def edges(self) -> Iterator[Edge]:
        """All edges, by child in the order of the nodes."""
        return (edge for node in self.order for edge in self._parents.get(node, NO_EDGES))

    def parents(self, node: str) -> tuple[Edge, ...]:
        """What a node needs, in the order of its fields."""
        return self._parents.get(node, NO_EDGES)

    def children(self, node: str) -> tuple[Edge, ...]:
        """What needs a node, in the order of the nodes."""
        if self._children is None:
            self._children = {}
            for edge in self.edges:
                self._children.setdefault(edge.parent, []).append(edge)
        return tuple(self._children.get(node, ()))

    def ancestors(self, nodes: Iterable[str]) -> frozenset[str]:
        """Everything that the nodes need, directly or not; without the nodes themselves unless they need each other."""
        return self._reach(nodes, lambda node: (edge.parent for edge in self.parents(node)))

    def descendants(self, nodes: Iterable[str]) -> frozenset[str]:
        """Everything that needs one of the nodes, directly or not."""
        return self._reach(nodes, lambda node: (edge.child for edge in self.children(node)))

    def levels(self) -> dict[str, int]:
        """How many steps after the beginning a node can begin: 0 for one that needs nothing."""
        levels: dict[str, int] = {}
        for node in self.order:
            levels[node] = max((levels[edge.parent] + 1 for edge in self.parents(node)), default=0)
        return levels

    def critical_path(self) -> tuple[str, ...]:
        """The longest chain of nodes that need each other, first to last; the earliest of equal ones."""
        levels = self.levels()
        if not levels:
            return ()
        path = [max(self.order, key=lambda node: levels[node])]
        while levels[path[-1]]:
            above = levels[path[-1]] - 1
            path.append(next(edge.parent for edge in self.parents(path[-1]) if levels[edge.parent] == above))
        return tuple(reversed(path))

    @staticmethod
    def _reach(nodes: Iterable[str], step: _Step) -> frozenset[str]:
        found: set[str] = set()
        open_nodes = list(nodes)
        while open_nodes:
            for node in step(open_nodes.pop()):
                if node not in found:
                    found.add(node)
                    open_nodes.append(node)
        return frozenset(found)


class _Step(Protocol):
    """From a node to its neighbours."""

    def __call__(self, node: str, /) -> Iterator[str]: ...


def build(storyboard: Storyboard, diagnostics: Diagnostics) -> Graph | None:
    """The graph of a storyboard whose references all lead somewhere.

    A circle is an error that shows the path and each place; then there is no graph. Raises `KeyError` for a
    reference that leads nowhere: the loader has refused those.
    """
    parents = _edges(storyboard)
    roots = [shot.address.canonical for shot in storyboard.shots]
    roots += (node for node in sorted(f"@{name}" for name in storyboard.characters))
    order, circle = _sort(roots, parents)
    if circle:
        _report(circle, storyboard, diagnostics)
        return None
    return Graph(tuple(order), parents)


def shot_edges(shot: Shot) -> tuple[Edge, ...]:
    """What one shot needs: pictures first, then characters, then the shots it is to come after."""
    request = shot.request
    if shot.clip is not None:
        return (Edge(shot.clip.canonical, shot.address.canonical, Kind.CLIP, "clip"),)
    if request is None or not (request.mentions or shot.needs or request.input_reference or request.last_frame):
        return NO_EDGES
    child = shot.address.canonical
    edges: list[Edge] = []
    if isinstance(request.input_reference, FrameOf):
        edges.append(Edge(request.input_reference.address.canonical, child, Kind.FRAME, "input_reference"))
    if isinstance(request.last_frame, FrameOf):
        edges.append(Edge(request.last_frame.address.canonical, child, Kind.FRAME, "last_frame"))
    edges += [Edge(f"@{name}", child, Kind.CHARACTER, "prompt") for name in request.mentions]
    edges += [Edge(need.canonical, child, Kind.NEEDS, "needs") for need in shot.needs]
    return tuple(edges)


def _edges(storyboard: Storyboard) -> dict[str, tuple[Edge, ...]]:
    parents: dict[str, tuple[Edge, ...]] = {}
    for shot in storyboard.shots:
        parents[shot.address.canonical] = shot_edges(shot)
    for name, character in storyboard.characters.items():
        if isinstance(character.source, ShotSource):
            edge = Edge(character.source.address.canonical, f"@{name}", Kind.FROM_SHOT, "from_shot")
            parents[f"@{name}"] = (edge,)
        else:
            parents[f"@{name}"] = NO_EDGES
    return parents


def _sort(roots: list[str], parents: Mapping[str, tuple[Edge, ...]]) -> tuple[list[str], list[Edge]]:
    """Each root after all that it needs. The second value is the first circle that was met, if any."""
    order: list[str] = []
    done: set[str] = set()
    for root in roots:
        if root in done:
            continue
        if not parents[root]:
            done.add(root)
            order.append(root)
            continue
        circle = _visit(root, parents, done, order)
        if circle:
            return order, circle
    return order, []


def _visit(root: str, parents: Mapping[str, tuple[Edge, ...]], done: set[str], order: list[str]) -> list[Edge]:
    """Adds a node and all that it needs, without recursion; the edges of a circle if it stands in one."""
    path: list[Edge] = []
    nodes = [root]
    iterators = [iter(parents[root])]
    inside = {root}
    while nodes:
        edge = next(iterators[-1], None)
        if edge is None:
            node = nodes.pop()
            iterators.pop()
            inside.discard(node)
            done.add(node)
            order.append(node)
            if path:
                path.pop()
        elif edge.parent in inside:
            return [*path[nodes.index(edge.parent) :], edge]
        elif edge.parent not in done:
            path.append(edge)
            nodes.append(edge.parent)
            iterators.append(iter(parents[edge.parent]))
            inside.add(edge.parent)
    return []


def _report(circle: list[Edge], storyboard: Storyboard, diagnostics: Diagnostics) -> None:
    origins: dict[str, Origin] = {shot.address.canonical: shot.origin for shot in storyboard.shots}
    origins |= {f"@{name}": character.origin for name, character in storyboard.characters.items()}
    labels = {shot.address.canonical: shot.label for shot in storyboard.shots}
    first, *others = [(edge, place(origins[edge.child], edge)) for edge in circle]
    names = [labels.get(edge.child, edge.child) for edge in circle]
    path = " → ".join(f"`{name}`" for name in (*names, names[0]))
    diagnostics.error(
        "cycle",
        f"shots need each other in a circle: {path}",
        first[1],
        hint="take one of these references away: a clip must be finished before another can begin with it",
        related=[
            Related(span, f"`{labels.get(edge.child, edge.child)}` needs `{labels.get(edge.parent, edge.parent)}`")
            for edge, span in others
        ],
    )


def place(origin: Origin, edge: Edge) -> Span:
    """Where an edge was written: `continues` where that stands, else the field itself."""
    if edge.kind is Kind.FRAME and edge.field == "input_reference":
        span = origin.place("continues")
        if span != origin.place():
            return span
    return origin.place(edge.field)


def follow_clips(shots: Mapping[str, Shot], address: Address) -> str:
    """The canonical address of the shot that renders what is shown at `address`."""
    shot = shots[address.canonical]
    while shot.clip is not None:
        shot = shots[shot.clip.canonical]
    return shot.address.canonical
