"""Shots that show other shots' frames, in long rows and in nets: what each gives is worked out once."""

from __future__ import annotations

from engine.world import World, film, shot

from sorapipe.storyboard.model import Address, FrameOf


def test_two_thousand_shots_in_a_row_become_clips() -> None:
    row = (shot(f"s{n}", continues=f"s{n - 1}" if n else None) for n in range(2000))
    world = World(film(*row), seconds=lambda _: 0.1)
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    assert len(world.provider.charges) == 2000
    assert world.plan().idle


def test_a_net_in_which_every_shot_shows_the_two_before_it_costs_no_more_than_a_row() -> None:
    shots = [shot("s0"), shot("s1", continues="s0")]
    for n in range(2, 60):
        shots.append(shot(f"s{n}", continues=f"s{n - 1}", last_frame=FrameOf(Address.parse(f"s{n - 2}"))))
    world = World(film(*shots))
    outcome = world.run()
    assert outcome is not None and outcome.exit_code == 0
    given = {address: found[0].sha256 for address, found in world.attempts().items()}
    assert dict(world.attempts()["s59"][0].inputs) == {"s57": given["s57"], "s58": given["s58"]}
