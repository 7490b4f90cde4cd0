"""What could be deleted, for people and as data: by reason, with sizes and what speaks against it; deletes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sorapipe.planning.litter import Kind, Litter
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.page import Page
from sorapipe.views.words import amount_of_bytes, count

_HEADINGS = {
    Kind.PART: "left of downloads that are over",
    Kind.UNKNOWN: "clips that no lock knows",
    Kind.GONE: "takes of shots that are no longer in the storyboard",
    Kind.OLD: "takes of older texts that are not in the film",
    Kind.UNUSED: "takes beside the picked one",
    Kind.NO_GOOD: "takes that are marked as no good",
    Kind.YOURS: "not ours, never deleted",
}
_MOST = 12


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a folder. `total` is the size of all of it; `stored` are the names of clips that a store has,
    `store` how that is called, `None` without one. `deleted` says that it was done, and not only listed."""

    folder: str
    total: int
    litter: Sequence[Litter]
    stored: Collection[str] = ()
    store: str | None = None
    unpushed: bool = False
    deleted: bool = False

    @property
    def goes(self) -> list[Litter]:
        """What is deleted with a yes."""
        return [
            one for one in self.litter if one.kind is not Kind.YOURS and (self.unpushed or not self._only_here(one))
        ]

    @property
    def stays(self) -> list[Litter]:
        """What was or may have been paid, and is nowhere else."""
        return [one for one in self.litter if self._only_here(one) and not self.unpushed]

    def _only_here(self, one: Litter) -> bool:
        return one.precious and one.name not in self.stored


def litter_text(found: Found, page: Page) -> str:
    """The files by their reason, then what goes and what stays."""
    lines: list[str] = []
    for kind, heading in _HEADINGS.items():
        group = [one for one in found.litter if one.kind is kind]
        if group:
            lines += [
                page.paint(f"{heading} ({amount_of_bytes(_size(group))})", "bold"),
                *_rows(group, found, page),
                "",
            ]
    return "\n".join(lines + _sums(found, page)) + "\n"


def _rows(group: Sequence[Litter], found: Found, page: Page) -> list[str]:
    shown = group if page.every else group[:_MOST]
    names = [escape(one.take or one.name) for one in shown]
    sizes = [amount_of_bytes(one.size) for one in shown]
    wide, far = max(map(len, names)), max(map(len, sizes))
    rows = [
        f"  {name:{wide}}  {size:>{far}}  {_remark(one, found, page)}".rstrip()
        for one, name, size in zip(shown, names, sizes, strict=True)
    ]
    left = len(group) - len(shown)
    return [*rows, page.paint(f"  and {left} more (`--all` lists them)", "dim")] if left else rows


def _remark(one: Litter, found: Found, page: Page) -> str:
    if not one.precious:
        return ""
    if one.name in found.stored:
        return page.paint(f"also in {escape(found.store or '')}", "dim")
    what = "paid" if one.attempt is not None else "perhaps paid"
    return page.paint(f"{what}, in no store", "yellow")


def _sums(found: Found, page: Page) -> list[str]:
    goes, stays = found.goes, found.stays
    where = f"{escape(page.path(found.folder))} has {amount_of_bytes(found.total)}"
    if found.deleted:
        lines = [f"deleted {_files(goes)}" if goes else "nothing was deleted"]
    elif goes:
        lines = [f"{where}; {_files(goes)} could be deleted: {page.command('sorapipe gc --yes')}"]
    else:
        lines = [f"{where}; {'only what is in no store' if stays else 'nothing'} could be deleted"]
    if stays:
        paid = sum(one.attempt is not None for one in stays)
        hint = f"`{page.command('sorapipe push')}` first, or " if paid else ""
        verb, them = ("stays", "it") if len(stays) == 1 else ("stay", "them")
        lines.append(f"{_files(stays)} {verb}, for no store has {them}: {hint}`--unpushed`")
    return lines


def _files(group: Sequence[Litter]) -> str:
    return f"{count(len(group), 'file')} ({amount_of_bytes(_size(group))})"


def _size(group: Sequence[Litter]) -> int:
    return sum(one.size for one in group)


def litter_data(found: Found) -> dict[str, object]:
    """The same as data: `{v, folder, bytes, store, deleted, files: [{name, bytes, kind, take, in_store, goes, …}]}`."""
    goes = {one.name for one in found.goes}
    return {
        "v": 1,
        "folder": escape(found.folder),
        "bytes": found.total,
        "store": escape(found.store) if found.store else None,
        "deleted": found.deleted,
        "files": [
            {
                "name": escape(one.name),
                "bytes": one.size,
                "kind": one.kind.value,
                "take": escape(one.take) if one.take else None,
                "precious": one.precious,
                "in_store": one.name in found.stored,
                "goes": one.name in goes,
            }
            for one in found.litter
        ],
    }
