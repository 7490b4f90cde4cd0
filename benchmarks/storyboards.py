"""Writes storyboards of any length for measurements; knows nothing of sorapipe itself."""

from __future__ import annotations

import sys
from pathlib import Path

CHARACTERS = 200
SCENES = 50


def storyboard(shots: int) -> str:
    """A manifest of `shots` shots in 50 scenes with 200 characters: templates, mentions, frames, needs, styles."""
    lines = [
        "sorapipe: 1",
        f"title: {shots} shots",
        'vars: {tone: "wind and gulls", place: harbour}',
        "defaults:",
        "  model: sora-2",
        "  size: 1280x720",
        "  seconds: 10",
        "  look: 35mm film, soft overcast light, muted teal and amber.",
        "characters:",
    ]
    for number in range(CHARACTERS):
        lines += [
            f"  person-{number}:",
            f"    name: Person {number}",
            f"    url: https://example.org/cast/{number}.mp4",
            "    timestamps: [1, 3]",
            f"    description: somebody with a coat of colour {number}",
        ]
    lines += ["scenes:"]
    scenes = min(SCENES, shots)
    for scene in range(scenes):
        lines += [f"  - id: scene-{scene}", f"    title: Scene {scene}", "    shots:"]
        for number in range(scene, shots, scenes):
            lines += shot(number, scenes)
    return "\n".join(lines) + "\n"


def shot(number: int, scenes: int) -> list[str]:
    """One shot; the first of each scene is the parent of every tenth other shot there."""
    lines = [
        f"      - id: shot-{number}",
        f"        title: Shot number {number}",
        f"        vars: {{mood: mood {number % 7}}}",
        "        prompt: >-",
        f"          @person-{number % CHARACTERS} walks along the quay number {number}, in a",
        "          {{ vars.mood }}, between {{ vars.tone }} at the {{ vars.place }}.",
        f"        notes: take care of the light in shot {number}",
        f"        tags: [day-{number % 20}]",
        f"        seconds: {15 if number % 3 == 0 else 10}",
    ]
    if number >= scenes and number % 10 == 0:
        lines.append(f"        continues: shot-{number % scenes}")
    return lines


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(storyboard(int(sys.argv[1])))
