"""A plan as JSON data, a shape that scripts may rely on; knows no text for people.

    {v: 1, provider, account, currency, idle,
     totals: {shots, takes, buys, film_seconds, cost, stale_cost, calls, minutes, waiting, waiting_cost},
     steps: [{address, label, take, letter, scene, action, reason: {code, text, command, instead, then}, price, recipe,
              needs, attempt: {state, tasks, out, cost} | null, reuse: {out, clip, character} | null, stale,
              stale_price}],
     uploads: [{path, sha256, bytes, media_type, steps, part: [from, to] | null, shot}],
     gone: [{address, label, takes, cost, currency}],
     warnings: [diagnostic]}

With `--against` a member `against` is added (`against_view`); a file that `--out` writes has `storyboard`, the path of
the storyboard from there, and `reviewed` (`planning.reviewed`) as well.

Decimals are strings, so that no digit is lost; what is not known is null. Members are added, never renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sorapipe.planning.facts import Attempt
from sorapipe.planning.plan_types import Gone, Plan, Reuse, Step, Totals, Upload
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Storyboard

Data = dict[str, object]


def plan_data(plan: Plan, storyboard: Storyboard, warnings: Sequence[Data] = ()) -> Data:
    """The whole plan, ready for `json.dumps`."""
    scenes = {shot.address.canonical: shot.scene for shot in storyboard.shots}
    return {
        "v": 1,
        "provider": plan.provider,
        "account": plan.account,
        "currency": plan.currency,
        "idle": plan.idle,
        "totals": _totals(plan.totals),
        "steps": [_step(step, scenes.get(step.address)) for step in plan.steps],
        "uploads": [_upload(upload) for upload in plan.uploads],
        "gone": [_gone(gone) for gone in plan.gone],
        "warnings": list(warnings),
    }


def decimal(value: Decimal | None) -> str | None:
    """A decimal without an exponent, `None` as it is."""
    return None if value is None else f"{value:f}"


def _totals(totals: Totals) -> Data:
    return {
        "shots": totals.shots,
        "takes": totals.takes,
        "buys": totals.buys,
        "film_seconds": decimal(totals.film_seconds),
        "cost": decimal(totals.cost),
        "stale_cost": decimal(totals.stale_cost),
        "calls": totals.calls,
        "minutes": decimal(totals.minutes),
        "waiting": totals.waiting,
        "waiting_cost": decimal(totals.waiting_cost),
    }


def _step(step: Step, scene: str | None) -> Data:
    reason = step.reason
    return {
        "address": step.address,
        "label": step.label,
        "take": step.take,
        "letter": step.letter,
        "scene": scene,
        "action": step.action.value,
        "reason": {
            "code": reason.code,
            "text": escape(reason.text),
            "command": reason.command,
            "instead": reason.instead,
            "then": reason.then,
        },
        "price": decimal(step.price),
        "recipe": step.recipe,
        "needs": list(step.needs),
        "attempt": _attempt(step.attempt) if step.attempt else None,
        "reuse": _reuse(step.reuse) if step.reuse else None,
        "stale": step.stale.value,
        "stale_price": decimal(step.stale_price),
    }


def _attempt(attempt: Attempt) -> Data:
    return {
        "state": attempt.state.value,
        "tasks": [escape(task) for task in attempt.tasks],
        "out": escape(attempt.out) if attempt.out else None,
        "cost": decimal(attempt.cost),
    }


def _reuse(reuse: Reuse) -> Data:
    return {
        "out": escape(reuse.attempt.out) if reuse.attempt and reuse.attempt.out else None,
        "clip": escape(reuse.clip) if reuse.clip else None,
        "character": reuse.character.name if reuse.character else None,
    }


def _gone(gone: Gone) -> Data:
    return {
        "address": escape(gone.address),
        "label": escape(gone.label),
        "takes": gone.takes,
        "cost": decimal(gone.cost),
        "currency": gone.currency,
    }


def _upload(upload: Upload) -> Data:
    asset = upload.asset
    return {
        "path": escape(asset.path) if asset else None,
        "sha256": asset.sha256 if asset else None,
        "bytes": asset.size if asset else None,
        "media_type": asset.media_type if asset else "video/mp4",
        "steps": list(upload.steps),
        "part": [decimal(second) for second in upload.part] if upload.part else None,
        "shot": upload.shot,
    }
