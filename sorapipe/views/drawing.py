"""The graph of a storyboard as a figure of plain words, and that as mermaid or dot; knows no sizes and no colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sorapipe.planning.graph import Graph, Kind
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Character, Shot, Storyboard

CAST = "@"
"""The group of the characters."""
_TAME = str.maketrans({"\\": "/", '"': "'", "#": "♯", "<": "(", ">": ")", "\n": " "})


class Shape(StrEnum):
    """What a node stands for."""

    SHOT = "shot"
    AGAIN = "again"
    CHARACTER = "character"
    PROP = "prop"


@dataclass(frozen=True, slots=True)
class Node:
    """A shot or a character. `id` is its address, `group` a scene's id, `CAST`, or empty. All texts are escaped."""

    id: str
    label: str
    line: str
    about: str
    group: str
    shape: Shape
    takes: int = 1


@dataclass(frozen=True, slots=True)
class Arrow:
    """`child` needs `parent`."""

    parent: str
    child: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Figure:
    """What is drawn. `groups` are (id, heading), in order; nodes stand in the order of the film, characters first."""

    title: str
    groups: tuple[tuple[str, str], ...]
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def members(self, group: str) -> tuple[Node, ...]:
        """The nodes of one group."""
        return tuple(node for node in self.nodes if node.group == group)


def figure(storyboard: Storyboard, graph: Graph) -> Figure:
    """The figure of a whole storyboard. Characters that nothing needs are left out."""
    used = {edge.parent for edge in graph.edges} | {edge.child for edge in graph.edges}
    cast = [_character(f"@{id}", who) for id, who in storyboard.characters.items() if f"@{id}" in used]
    scenes = [(scene.id, _heading(scene.id, scene.title)) for scene in storyboard.scenes]
    looks = Counter(_paragraphs(shot)[0] for shot in storyboard.shots)
    nodes = (*cast, *(_shot(shot, looks) for shot in storyboard.shots))
    present = {node.group for node in nodes}
    groups = [(CAST, "Characters"), *scenes, ("", "Shots" if not scenes else "")]
    return Figure(
        escape(storyboard.title or "Untitled"),
        tuple((id, heading) for id, heading in groups if id in present),
        nodes,
        tuple(dict.fromkeys(Arrow(edge.parent, edge.child, edge.kind) for edge in graph.edges)),
    )


def part(picture: Figure, keep: frozenset[str]) -> Figure:
    """Only some nodes of a figure and the arrows between them."""
    nodes = tuple(node for node in picture.nodes if node.id in keep)
    present = {node.group for node in nodes}
    return Figure(
        picture.title,
        tuple(group for group in picture.groups if group[0] in present),
        nodes,
        tuple(arrow for arrow in picture.arrows if arrow.parent in keep and arrow.child in keep),
    )


def mermaid(picture: Figure) -> str:
    """The figure for markdown that draws mermaid."""
    names = {node.id: f"n{place}" for place, node in enumerate(picture.nodes)}
    lines = ["---", f"title: {_quoted(picture.title)}", "---", "flowchart LR"]
    for place, (group, heading) in enumerate(picture.groups):
        members = [f"{names[node.id]}{_bracketed(node)}" for node in picture.members(group)]
        boxed = bool(heading)
        lines += [f"  subgraph g{place}[{_quoted(heading)}]"] if boxed else []
        lines += [f"  {'  ' if boxed else ''}{member}" for member in members]
        lines += ["  end"] if boxed else []
    links = {Kind.CHARACTER: "-.->", Kind.NEEDS: "-.->|after|", Kind.CLIP: "-->|again|", Kind.FRAME: "==>"}
    lines += [f"  {names[a.parent]} {links.get(a.kind, '-->')} {names[a.child]}" for a in picture.arrows]
    lines.append("  classDef cast fill:#f3d9a4,stroke:#a8761c,color:#3a2a08")
    cast = [names[node.id] for node in picture.members(CAST)]
    lines += [f"  class {','.join(cast)} cast"] if cast else []
    return "\n".join(lines) + "\n"


def dot(picture: Figure) -> str:
    """The figure for Graphviz."""
    lines = [
        "digraph storyboard {",
        f"  label={_quoted(picture.title)}; labelloc=t; rankdir=LR; fontname=Helvetica;",
        "  node [shape=box, style=rounded, fontname=Helvetica, fontsize=11];",
        "  edge [color=gray40, arrowsize=0.7];",
    ]
    for place, (group, heading) in enumerate(picture.groups):
        members = [f"{_quoted(node.id)} [{_attributes(node)}];" for node in picture.members(group)]
        boxed = bool(heading)
        lines += [f"  subgraph cluster_{place} {{ label={_quoted(heading)}; color=gray70;"] if boxed else []
        lines += [f"  {'  ' if boxed else ''}{member}" for member in members]
        lines += ["  }"] if boxed else []
    styles = {Kind.CHARACTER: " [style=dashed]", Kind.NEEDS: " [style=dotted]", Kind.FRAME: " [penwidth=2]"}
    lines += [f"  {_quoted(a.parent)} -> {_quoted(a.child)}{styles.get(a.kind, '')};" for a in picture.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _heading(id: str, title: str | None) -> str:
    return escape(f"{id} · {title}" if title else id)


def _character(id: str, who: Character) -> Node:
    prop = who.source is None and not who.handles
    about = " · ".join(part for part in (who.name, who.description) if part)
    line = who.name if who.name != id[1:] else (who.description or "")
    return Node(id, escape(id), escape(line), escape(about), CAST, Shape.PROP if prop else Shape.CHARACTER)


def _paragraphs(shot: Shot) -> tuple[str, str]:
    """The first paragraph of a prompt, which is the look where there is one, and the rest."""
    first, _, rest = (shot.request.prompt if shot.request else "").partition("\n\n")
    return first, rest


def _shot(shot: Shot, looks: Mapping[str, int]) -> Node:
    """A card. What many shots have in common is no help to tell them apart: their look is left out."""
    if shot.request is None:
        line, shape = f"shows {shot.clip} again", Shape.AGAIN
    else:
        first, rest = _paragraphs(shot)
        line, shape = (rest if rest and looks[first] > 1 else shot.request.prompt).replace("\n", " "), Shape.SHOT
    about = f"{shot.label}: {shot.request.prompt if shot.request else line}"
    return Node(
        shot.address.canonical,
        escape(shot.label),
        escape(shot.title or line),
        escape(about),
        shot.scene or "",
        shape,
        shot.takes,
    )


def _bracketed(node: Node) -> str:
    opening, closing = ("([", "])") if node.group == CAST else ("[", "]")
    return f"{opening}{_quoted(node.label)}{closing}"


def _attributes(node: Node) -> str:
    extra = ', shape=oval, style="filled", fillcolor="#f3d9a4"' if node.group == CAST else ""
    return f"label={_quoted(node.label)}{extra}"


def _quoted(text: str) -> str:
    """A string for mermaid and dot alike, which share no escape for what means something to one of them."""
    return '"' + text.translate(_TAME) + '"'
