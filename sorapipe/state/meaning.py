"""What the records of a lock mean together, and the lines of choices; knows neither files nor journal."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sorapipe.planning.facts import Attempt, CharacterFact, Facts, Pick, Waiver
from sorapipe.state.lock import LockFile, LockUnusable
from sorapipe.state.records import (
    RECIPE,
    Damaged,
    Json,
    Record,
    Values,
    attempt_of,
    character_of,
    encode,
    inputs_of,
    members,
    record_of,
    seal,
)

CHOICES = frozenset({"pick", "ng", "note", "waiver", "consent"})
_BY_ADDRESS = frozenset({"pick", "waiver"})
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_LONGEST_NAME = 80


def facts(lock: LockFile) -> Facts:
    """Everything that the records say. Raises `LockUnusable` for a record that says nonsense."""
    groups = _live_choices(lock)
    return Facts(
        lineage=lock.lineages[0] if lock.lineages else None,
        attempts=_attempts(lock),
        recipes=_recipes(lock),
        characters=_characters(lock),
        picks={address: _picks(records) for address, records in groups["pick"].items()},
        no_good=frozenset(token for token, records in groups["ng"].items() if any(map(_stands, records))),
        notes=_notes(groups["note"]),
        waivers={address: waivers for address, records in groups["waiver"].items() if (waivers := _waivers(records))},
        consents=frozenset(token for token, records in groups["consent"].items() if any(map(_stands, records))),
        not_bought=frozenset(token for token, records in groups["consent"].items() if any(map(_says_no, records))),
    )


def with_intents(known: Facts, intents: Iterable[Attempt]) -> Facts:
    """The same with attempts that are being sent at this moment, which no lock holds."""
    attempts = dict(known.attempts)
    for intent in intents:
        others = [one for one in attempts.get(intent.address, ()) if one.token != intent.token]
        attempts[intent.address] = tuple(sorted([*others, intent], key=lambda one: (one.take, one.token)))
    return replace(known, attempts=attempts)


def recipe_digests(lock: LockFile) -> frozenset[str]:
    """Of the recipes that the lock holds."""
    return frozenset(str(record.values.get("digest")) for record in lock.others.values() if record.kind == "recipe")


def live(lock: LockFile, kind: str, about: str) -> list[Record]:
    """The lines of a kind about one address (picks, waivers) or token (the others) that no other line replaces."""
    return _live_choices(lock)[kind].get(about, [])


def choice(values: Values, over: Iterable[Record]) -> Record:
    """The line of a pick, ng, note, waiver or consent that takes the place of those it is `over`."""
    names: list[Json] = [*sorted(record.check for record in over)]
    return record_of(encode(values | {"over": names} if names else values))


def recipe_record(digest: str, text: str) -> Record:
    """The line of a recipe; `text` is its canonical JSON, which stands in the line as it is."""
    if "\n" in text or not text.startswith("{"):
        raise ValueError("BUG: a recipe is one line of canonical JSON")
    body = f'{{"digest":"{digest}","kind":"recipe","recipe":{text}'
    return Record(seal(body.encode("utf-8", "replace")), {"kind": "recipe", "digest": digest})


def _about(record: Record) -> str:
    return record.key[1] if record.kind in _BY_ADDRESS else record.key[3]


def _live_choices(lock: LockFile) -> Mapping[str, dict[str, list[Record]]]:
    groups: dict[str, dict[str, list[Record]]] = {kind: defaultdict(list) for kind in CHOICES}
    for record in lock.others.values():
        if record.kind in CHOICES:
            groups[record.kind][_about(record)].append(record)
    return {
        kind: {about: _unreplaced(records) for about, records in sorted(group.items())}
        for kind, group in groups.items()
    }


def _unreplaced(records: list[Record]) -> list[Record]:
    """Those that no other line about the same thing names. A digest is made of what it names: no circles."""
    replaced: set[object] = set()
    for record in records:
        over = record.values.get("over")
        if isinstance(over, list):
            replaced.update(one for one in over if isinstance(one, str))
    return sorted((record for record in records if record.check not in replaced), key=lambda record: record.key)


def _attempts(lock: LockFile) -> dict[str, tuple[Attempt, ...]]:
    groups: dict[str, list[Attempt]] = defaultdict(list)
    for record in sorted(lock.attempts.values(), key=lambda record: record.key):
        try:
            groups[record.key[1]].append(attempt_of(record.values))
        except Damaged as error:
            raise _nonsense(record, error) from error
    return {address: tuple(attempts) for address, attempts in groups.items()}


class _Recipes(Mapping[str, str]):
    """Texts by digest, decoded when somebody asks why a take is stale: hardly any ever is."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self._texts = texts

    def __getitem__(self, digest: str) -> str:
        return self._texts[digest].decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _recipes(lock: LockFile) -> Mapping[str, str]:
    found: dict[str, bytes] = {}
    for record in lock.others.values():
        if record.kind == "recipe":
            known = RECIPE.match(record.raw)
            digest, text = (known[1].decode(), known[2]) if known else _odd_recipe(record)
            found[digest] = max(text, found.get(digest, text))
    return _Recipes(found)


def _odd_recipe(record: Record) -> tuple[str, bytes]:
    """A recipe's line that has members nobody knows."""
    digest = record.values.get("digest")
    if not isinstance(digest, str) or not _DIGEST.match(digest) or not isinstance(record.values.get("recipe"), dict):
        raise _nonsense(record, Damaged("it has no digest or no recipe"))
    return digest, members(record.raw)["recipe"].encode()


def _characters(lock: LockFile) -> tuple[CharacterFact, ...]:
    found: list[CharacterFact] = []
    for record in sorted((r for r in lock.others.values() if r.kind == "character"), key=lambda record: record.key):
        try:
            found.append(character_of(record.values))
        except Damaged as error:
            raise _nonsense(record, error) from error
    return tuple(dict.fromkeys(found))


def _picks(records: list[Record]) -> tuple[Pick, ...]:
    """One for each token that is picked: two branches that picked the same one agree."""
    found: dict[str | None, Pick] = {}
    for record in records:
        token, take = record.values.get("token"), record.values.get("take")
        if not isinstance(token, str | None) or not isinstance(take, int | None):
            raise _nonsense(record, Damaged("`token` or `take` is not what it should be"))
        found[token] = Pick(record.key[1], token, take)
    return tuple(found.values())


def _stands(record: Record) -> bool:
    """Whether the line says yes; one with `"on":false` takes an earlier one back."""
    return record.values.get("on") is not False


def _notes(groups: Mapping[str, list[Record]]) -> dict[str, tuple[str, ...]]:
    texts = {
        token: tuple(str(record.values["text"]) for record in records if record.values.get("text"))
        for token, records in groups.items()
    }
    return {token: some for token, some in texts.items() if some}


def _says_no(record: Record) -> bool:
    """Whether the line says that nothing was bought."""
    return _stands(record) and record.values.get("bought") is False


def _waivers(records: list[Record]) -> tuple[Waiver, ...]:
    found: list[Waiver] = []
    for record in filter(_stands, records):
        recipe, because = record.values.get("recipe"), record.values.get("because")
        try:
            inputs = inputs_of(record.values)
        except Damaged as error:
            raise _nonsense(record, error) from error
        if not isinstance(recipe, str) or not isinstance(because, str):
            raise _nonsense(record, Damaged("it has no recipe or no reason"))
        found.append(Waiver(record.key[1], recipe, inputs, because))
    return tuple(found)


def _nonsense(record: Record, error: Damaged) -> LockUnusable:
    _, address, take, token, _ = record.key
    where = f"`{record.kind}` of `{_short(address)}`" if address else f"`{record.kind}` {_short(token)}"
    return LockUnusable(f"the line of {where}{f', take {take}' if take else ''}: {error}")


def _short(name: str) -> str:
    """A name as messages hold it: what is wrong with it stands behind it and must be read too."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
