"""Carries out one effect and gives back the news; decides nothing and changes no state but that of files and books."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import Event as Flag
from typing import assert_never

from sorapipe.engine.compose import Script
from sorapipe.engine.download import Bringer, Broken, Bytes, Judgement, Twins, judge
from sorapipe.engine.events import Downloading
from sorapipe.engine.gather import Unfit, gather
from sorapipe.engine.messages import (
    Bind,
    Bound,
    Conclude,
    Concluded,
    Copied,
    CopyClip,
    Create,
    Created,
    DiskRefused,
    Download,
    Heard,
    Loaded,
    News,
    NotComposed,
    NotLoaded,
    Poll,
    PollAll,
    Polled,
    PolledAll,
    Save,
    Saved,
    Seek,
    Sought,
)
from sorapipe.engine.poll import worked
from sorapipe.engine.seams import Books, Clips, Random, Token
from sorapipe.planning.facts import Attempt, AttemptState
from sorapipe.planning.plan_types import Reason, Reuse
from sorapipe.providers.base import (
    Accepted,
    CreateAnswer,
    Media,
    Missed,
    Order,
    PollAnswer,
    Provider,
    Refusal,
    Refused,
    Succeeded,
    Unknown,
)
from sorapipe.state.files import Files
from sorapipe.state.lock import LockUnusable
from sorapipe.state.records import Json
from sorapipe.state.renders import Renders
from sorapipe.storyboard.model import Handle
from sorapipe.storyboard.source import Asset


@dataclass(frozen=True)
class Studio:
    """Everything that effects work with. `renders` is the folder of the clips.

    `callback_url` goes into every order, where there is one. `clock` counts seconds, only to time saves. `post` takes
    news that come in the middle of an effect, from any thread. `interrupted` breaks downloads off. `upload` gives the
    bytes of a planned file, or raises `FileRefused`.
    """

    script: Script
    books: Books
    files: Files
    clips: Clips
    providers: Mapping[str, Provider]
    upload: Callable[[Asset], bytes]
    assets: Mapping[str, Asset]
    renders: Renders
    token: Token
    random: Random
    clock: Callable[[], float]
    post: Callable[[News], None]
    twins: Twins
    interrupted: Flag
    callback_url: str | None = None


Work = Create | Poll | PollAll | Seek | Bind | Download | CopyClip | Conclude | Save


def carry_out(effect: Work, studio: Studio) -> News:
    """Does what an effect says. A disk that refuses is news, never an exception."""
    match effect:
        case Create():
            return create(effect, studio)
        case Poll():
            return poll(effect, studio)
        case PollAll():
            return poll_all(effect, studio)
        case Seek():
            return seek(effect, studio)
        case Bind():
            return bind(effect, studio)
        case Download():
            return download(effect, studio)
        case CopyClip():
            return copy_clip(effect, studio)
        case Conclude():
            return conclude(effect, studio)
        case Save():
            return save(studio)
        case _:
            assert_never(effect)


# Creates.


def create(effect: Create, studio: Studio) -> News:
    """Composes, uploads, journals the intent, sends once, journals the answer before anything else is done with it."""
    key = effect.step.key
    token = studio.token()
    try:
        inputs, bound = gather(effect, studio)
        order = replace(studio.script.order(effect.step, token, inputs), callback_url=studio.callback_url)
    except Unfit as error:
        return NotComposed(key, Reason("inputs", str(error), error.command))
    except OSError as error:
        return DiskRefused(key, str(error), "create")
    attempt = replace(effect.draft, token=token, inputs=bound)
    provider = studio.providers[attempt.provider]
    ready = _prepare(provider, order)
    if isinstance(ready, Refused):
        return _not_prepared(key, attempt, ready, studio)
    try:
        studio.books.intent(attempt, as_sent(ready))
    except OSError as error:
        return DiskRefused(key, str(error), "create")
    return _write_answer(key, attempt, _order(provider, ready), studio)


def _prepare(provider: Provider, order: Order) -> Order | Refused:
    """Uploads what must be there first. No intent is journaled yet: whatever ends us in here, nothing was bought."""
    try:
        return provider.prepare(order)
    except Exception as error:
        return Refused(Refusal.REQUEST, f"BUG: {type(error).__name__} before it was sent: {error}")


def _not_prepared(key: str, attempt: Attempt, refused: Refused, studio: Studio) -> News:
    """An upload that was refused for what it is will be refused again; any other is a refusal like a create's."""
    if refused.refusal is Refusal.REQUEST:
        return NotComposed(key, Reason("inputs", refused.message))
    return Created(key, attempt, refused, studio.random())


def _order(provider: Provider, order: Order) -> CreateAnswer:
    try:
        return provider.create(order)
    except Exception as error:  # whatever broke in there, it may have been bought
        return Unknown(f"BUG: {type(error).__name__} while it was sent: {error}")


def _write_answer(key: str, attempt: Attempt, answer: CreateAnswer, studio: Studio) -> News:
    books, token = studio.books, attempt.token
    try:
        match answer:
            case Accepted(task=task, character=made):
                books.submitted(token, task, None if made is None else Handle(made.id, made.username))
            case Refused(refusal=Refusal.REQUEST, message=message):
                books.failed(token, message, Decimal(0))
            case Refused(message=message):
                books.void(token, message)
            case Unknown(message=message):
                books.uncertain(token, message)
            case _:
                assert_never(answer)
    except OSError as error:
        if not isinstance(answer, Accepted):
            bought = isinstance(answer, Unknown)
            return DiskRefused(key, str(error), "create", attempt, sent=bought)
        refuge = books.last_resort(token, answer.task)
        where = None if refuge is None else str(refuge)
        return DiskRefused(key, str(error), "create", attempt, answer.task, where, sent=True)
    return Created(key, attempt, answer, studio.random())


def as_sent(order: Order) -> dict[str, Json]:
    """An order for the journal: all that is sent, pictures as their digests."""
    found: dict[str, Json] = {}
    for name in Order.__dataclass_fields__:
        value = getattr(order, name)
        match value:
            case None | False | () | "":
                continue
            case Media():
                digest = hashlib.sha256(value.data).hexdigest()
                where = {} if value.url is None else {"url": value.url}
                found[name] = {"name": value.name, "sha256": digest, "bytes": len(value.data), **where}
            case tuple() if name == "extra":
                found[name] = {key: _plain(one) for key, one in value}
            case tuple():
                found[name] = [_plain(one) for one in value]
            case _:
                found[name] = _plain(value)
    return found


def _plain(value: object) -> Json:
    return value if isinstance(value, str | int | bool) else str(value)


# Polls.


def poll(effect: Poll, studio: Studio) -> News:
    """Asks once. That a task has ended is journaled when it is heard for the first time."""
    provider = studio.providers[effect.attempt.provider]
    try:
        answer = provider.poll(effect.task, character=effect.attempt.address.startswith("@"))
    except Exception as error:  # that an answer can't be read says nothing about the job
        answer = Missed(f"BUG: {type(error).__name__} while asking: {error}")
    return _heard(effect, answer, studio.random(), studio)


def poll_all(effect: PollAll, studio: Studio) -> PolledAll:
    """Looks at the list once. What it shows is heard as if each task had been asked by itself."""
    provider, chance = studio.providers[effect.provider], studio.random()
    try:
        listed = provider.newest([one.task for one in effect.due])
    except Exception as error:
        listed = Missed(f"BUG: {type(error).__name__} while reading a list: {error}")
    if isinstance(listed, Missed):
        return PolledAll(effect.provider, chance, missed=listed)
    shown = [one for one in (*effect.due, *effect.others) if one.task in listed.answers]
    heard = [_heard(one, listed.answers[one.task], chance, studio) for one in shown]
    return PolledAll(
        effect.provider,
        chance,
        tuple(one for one in heard if isinstance(one, Polled)),
        tuple(one for one in heard if isinstance(one, DiskRefused)),
        listed.tokens,
    )


def _heard(asked: Poll, answer: PollAnswer, chance: float, studio: Studio) -> Polled | DiskRefused:
    heard = isinstance(answer, Succeeded) and asked.attempt.state is AttemptState.SUBMITTED
    if isinstance(answer, Succeeded) and heard and not studio.interrupted.is_set():
        studio.files.reach("P11")
        seconds = worked(answer.seconds, asked.after, asked.age)
        try:
            studio.books.ended(asked.attempt.token, url=answer.url, cost=answer.cost, seconds=seconds)
        except OSError as error:
            return DiskRefused(asked.key, str(error), "poll")
    return Polled(asked.key, asked.task, answer, chance)


# What is uncertain.


def seek(effect: Seek, studio: Studio) -> Sought:
    """Looks through the list once."""
    try:
        listed = studio.providers[effect.provider].newest((), effect.tokens)
    except Exception as error:
        listed = Missed(f"BUG: {type(error).__name__} while reading a list: {error}")
    if isinstance(listed, Missed):
        return Sought(effect.provider, missed=listed)
    return Sought(effect.provider, listed.tokens, runs=listed.runs)


def bind(effect: Bind, studio: Studio) -> News:
    """Journals the task, before anything else is done with it."""
    attempt, books = effect.attempt, studio.books
    try:
        books.submitted(attempt.token, effect.task)
    except OSError as error:
        refuge = books.last_resort(attempt.token, effect.task)
        where = None if refuge is None else str(refuge)
        return DiskRefused(effect.key, str(error), "bind", attempt, effect.task, where, sent=True)
    return Bound(effect.key, attempt)


# Clips.


def download(effect: Download, studio: Studio) -> News:
    """Brings, looks, places, journals."""
    attempt = effect.attempt
    bringer = Bringer(studio.files, studio.renders, studio.interrupted.is_set)
    out = attempt.out or studio.renders.out(effect.stem, effect.label)

    def progress(done: int, total: int | None) -> None:
        studio.post(Heard(Downloading(effect.key, done, total)))

    try:
        whole = bringer.bring(effect.key, out, studio.providers[attempt.provider], effect.url, progress)
        if isinstance(whole, NotLoaded):
            if whole.broken:
                bringer.discard(out)
            return whole
        return _keep(effect, bringer, out, whole, studio)
    except OSError as error:
        return DiskRefused(effect.key, str(error), "download")


def _keep(effect: Download, bringer: Bringer, out: str, whole: Bytes, studio: Studio) -> News:
    token = effect.attempt.token
    try:
        found = _judge(effect, whole, studio)
    except Broken as error:
        bringer.discard(out)
        return NotLoaded(effect.key, f"the clip is not right: {error}", broken=True)
    studio.files.reach("P16")
    if effect.sha256 is not None and whole.sha256 != effect.sha256:
        bringer.discard(out)
        return NotLoaded(effect.key, "the provider sent another file than the one that was here", broken=True)
    name = bringer.place(out, whole)
    notes = found.notes
    if name != out:
        notes = (*notes, f"another file is called `{out}`; it was left alone and this clip is `{name}`")
    if found.suspicion is None:
        studio.books.done(token, sha256=whole.sha256, size=whole.size, out=name)
    else:
        studio.books.suspect(token, found.suspicion, sha256=whole.sha256, size=whole.size, out=name)
    return Loaded(effect.key, whole.sha256, whole.size, name, notes, found.suspicion)


def _judge(effect: Download, whole: Bytes, studio: Studio) -> Judgement:
    tasks = frozenset(effect.attempt.tasks)
    found = judge(studio.clips, whole.part, effect.expected, tasks)
    sold = studio.twins.sold(tasks, effect.attempt.token) if effect.sha256 is None else None
    if sold is not None and found.suspicion is None:
        return Judgement(f"another take has its task `{sold}` too: one of them can't be right", found.notes)
    twin = studio.twins.claim(whole.sha256, tasks)
    if twin is None or found.suspicion is not None:
        return found
    return Judgement(f"its bytes are those of another task's clip, `{twin}`", found.notes)


def copy_clip(effect: CopyClip, studio: Studio) -> News:
    """Copies a clip that exists to its new name and writes it down; for a character there is nothing to copy."""
    reuse = effect.reuse
    try:
        attempt = reuse.attempt
        if attempt is not None:
            out = _copy(reuse.clip, attempt, studio)
            if out is None and not effect.fetched:
                return Copied(effect.key, None, None, _not_copied(reuse.clip, studio))
            attempt = replace(attempt, out=out or attempt.out)
            _write_down(reuse, attempt, studio.books)
        if reuse.character is not None:
            studio.books.character(reuse.character)
    except OSError as error:
        return DiskRefused(effect.key, str(error), "copy")
    return Copied(effect.key, attempt, reuse.character)


def _not_copied(clip: str | None, studio: Studio) -> str:
    if clip is None or studio.files.size(studio.renders.path(clip)) is None:
        return f"there is no clip `{clip}` any more that could be copied"
    return f"`{clip}` is another file now: move it away, and the clip that was paid is fetched again"


def _write_down(reuse: Reuse, attempt: Attempt, books: Books) -> None:
    """The attempt, with the pick and the mark that come with it from its old name."""
    books.record(attempt)
    if reuse.pick is not None:
        books.pick(attempt.address, attempt.token, attempt.take)
    if reuse.no_good:
        books.no_good(attempt.address, attempt.token, attempt.take)


def _copy(clip: str | None, attempt: Attempt, studio: Studio) -> str | None:
    """Copies the clip to its new name, or beside it where another file has that. The name; `None`: no clip is there."""
    if clip is None or attempt.out is None or attempt.sha256 is None:
        return None
    files, renders = studio.files, studio.renders
    if files.digest(renders.path(attempt.out)) == attempt.sha256:
        files.remove(renders.part(attempt.out))  # of a run that ended before it had lost its first name
        return attempt.out
    data = files.read(renders.path(clip))
    if data is None or hashlib.sha256(data).hexdigest() != attempt.sha256:
        return None
    handle = renders.open_part(attempt.out)
    try:
        files.append(handle, data)
        files.sync(handle)
    finally:
        files.close(handle)
    return renders.place(renders.part(attempt.out), attempt.out, attempt.sha256)


# Books.


def conclude(effect: Conclude, studio: Studio) -> News:
    """Journals what the schedule concluded."""
    books, attempt, made = studio.books, effect.attempt, effect.character
    why = attempt.why or ""
    try:
        match attempt.state:
            case _ if made is not None and not attempt.address.startswith("@"):
                books.character(made)  # whatever became of the shot's clip
            case AttemptState.DONE:
                handle = None if made is None else made.handle
                books.done(attempt.token, sha256=attempt.sha256, size=attempt.size, out=attempt.out, handle=handle)
            case AttemptState.FAILED:
                books.failed(attempt.token, why, attempt.cost)
            case AttemptState.VANISHED:
                books.vanished(attempt.token, why)
            case AttemptState.UNAVAILABLE:
                books.unavailable(attempt.token, why)
            case AttemptState.UNCERTAIN:
                books.not_bought(attempt.address, attempt.token, attempt.take, why)
            case other:
                raise AssertionError(f"BUG: nothing is concluded by `{other.value}`")
    except OSError as error:
        return DiskRefused(effect.key, str(error), "conclude")
    return Concluded(effect.key)


def save(studio: Studio) -> News:
    """Brings the lock up to date and says how long it took."""
    began = studio.clock()
    try:
        studio.books.save()
    except OSError as error:
        return DiskRefused(None, str(error), "save")
    except LockUnusable as error:
        return DiskRefused(None, str(error), "save", lock=True)
    return Saved(studio.clock() - began)
