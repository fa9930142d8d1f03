"""Notes on days, hours and ranges of days of a website: what one reader sees, writes and deletes.

Notes for the reader alone and for the team are rows of the database. A note for everyone is an
annotation of Umami as well, where the server has them (3.4): text and date are then those of Umami,
and the row adds its author and its last day. Annotations that others write in Umami are notes for
everyone, too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal, get_args
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from access.database import NOTES, Opening, reading, writing
from access.permissions import Forbidden, Permissions, QueryClient
from umami.api import notes as api
from umami.api.notes import LONGEST_NOTE, Annotation
from umami.errors import (
    InvalidView,
    NotFound,
    NotOffered,
    UmamiError,
    Unauthorised,
)
from umami.period import EARLIEST, LATEST, Period, as_instant, zone
from umami.texts import N_, Message

Audience = Literal["me", "team", "everyone"]
"""The author, all accounts that may see the website, or whoever sees it, also by a share link."""
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
MOST: Final = 2_000
"""Notes of a website that one author may have."""
_NOON: Final = time(12)
"""The time (UTC) of an annotation for a whole day, which has the same date in almost every zone."""
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that change the direction of the text after them."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note from the local date ``first`` to ``last`` (included), or on the hour of ``at`` (UTC).

    ``author`` is the name of an account, ``""`` for a note that was written in Umami. ``id`` is
    that of its row, ``annotation`` that of the annotation in Umami; either may be ``""``.
    """

    website: str
    text: str
    first: date
    last: date
    at: datetime | None = None
    audience: Audience = "me"
    author: str = ""
    created: datetime | None = None
    id: str = ""
    annotation: str = ""

    @property
    def key(self) -> str:
        """What identifies it among the notes of a website."""
        return self.id or self.annotation

    def walls(self, timezone: str) -> tuple[datetime, datetime]:
        """The first and the last moment that it is about, as naive local times."""
        if self.at is not None:
            wall = self.at.astimezone(zone(timezone)).replace(tzinfo=None)
            return wall, wall
        last = datetime.combine(self.last, time.max)
        return datetime.combine(self.first, time()), last

    def touches(self, period: Period) -> bool:
        """Whether a period contains a part of it."""
        if self.at is not None:
            return period.start <= self.at <= period.end
        first, last = period.days
        return self.first <= last and first <= self.last


def cleaned(text: str) -> str:
    """A text on one line, without control characters and without those that turn the direction of
    what follows."""
    shown = (
        " " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in text
        if sign not in _DIRECTIONS and unicodedata.category(sign) != "Cs"
    )
    return " ".join("".join(shown).split())


def merged(
    rows: Iterable[Note],
    annotations: Iterable[Annotation] | None,
    *,
    website: str,
    timezone: str,
    as_of: datetime | None = None,
) -> tuple[Note, ...]:
    """One list of the rows and of the annotations in Umami, newest first.

    ``annotations`` are all of the website, ``None`` if they are unknown. A row whose annotation is
    missing was deleted in Umami, unless the row is newer than ``as_of``, when the server answered.
    An annotation for a whole day has the date that it has in ``timezone``, if it has a time.
    """
    known = {annotation.id: annotation for annotation in annotations or ()}
    notes = []
    for row in rows:
        annotation = known.pop(row.annotation, None)
        if annotation is not None:
            notes.append(_as_in_umami(row, annotation, timezone))
        elif not row.annotation or annotations is None or _is_newer(row, as_of):
            notes.append(row)
    for annotation in known.values():
        empty = Note(website, "", date.min, date.min, audience="everyone")
        notes.append(_as_in_umami(empty, annotation, timezone))
    return tuple(sorted(notes, key=lambda note: (*note.walls(timezone), note.key), reverse=True))


def _is_newer(row: Note, as_of: datetime | None) -> bool:
    return as_of is not None and row.created is not None and row.created > as_of


def _as_in_umami(row: Note, annotation: Annotation, timezone: str) -> Note:
    """A row with the text and the date of its annotation; a range keeps its length."""
    day = at = None
    if annotation.all_day:
        # Our own annotations are at noon. Other programs write midnight, in UTC or in their zone.
        moment = annotation.at
        if moment.time() not in (_NOON, time()):
            moment = moment.astimezone(zone(timezone))
        day = moment.date()
    else:
        at = annotation.at
        day = at.date()
    length = row.last - row.first if annotation.all_day else timedelta()
    return replace(
        row,
        text=cleaned(annotation.note)[:LONGEST_NOTE],
        first=day,
        last=day + length,
        at=at,
        annotation=annotation.id,
        created=row.created or annotation.created,
    )


@dataclass(frozen=True, slots=True)
class Notebook:
    """The notes of one reader. ``engine`` opens the database, or returns ``None`` where there is
    none yet and ``create`` is false. ``account`` is empty for readers of a share link."""

    engine: Opening
    account: str
    permissions: Permissions

    def rows(self, website: str) -> tuple[Note, ...]:
        """The rows of a website for this reader; none while the database cannot be reached."""
        if not self.permissions.sees(website):
            return ()
        rows = reading(self.engine, select(NOTES).where(NOTES.c.website == website))
        notes = map(_note, rows)
        return tuple(note for note in notes if self._sees(note))

    def _sees(self, note: Note) -> bool:
        if note.audience == "me":
            return self.is_author(note)
        return note.audience == "everyone" or bool(self.account)

    def is_author(self, note: Note) -> bool:
        """Whether the reader wrote a note."""
        return bool(self.account) and note.author == self.account

    def audiences(self, website: str) -> tuple[Audience, ...]:
        """For whom the reader may write notes; empty for nobody."""
        if not self.account or not self.permissions.sees(website):
            return ()
        return AUDIENCES if self.permissions.saves(website) else AUDIENCES[:1]

    def may_change(self, note: Note) -> bool:
        """Whether the reader may change or delete a note: its author, or an admin for notes that
        are not private."""
        if note.audience == "me":
            return self.is_author(note)
        if self.permissions.administers(note.website):
            return bool(self.account)
        return self.is_author(note) and note.audience in self.audiences(note.website)

    def add(self, client: QueryClient, note: Note) -> Note:
        """Save a new note; returns it with its id. A note for everyone is saved in Umami first,
        where the server has annotations that this connection may write.

        Raises ``Forbidden``, ``InvalidView`` for an invalid text or date, ``Unreachable`` without
        the database, and what the client raises; nothing is saved then.
        """
        note = _valid(note)
        if note.audience not in self.audiences(note.website):
            raise Forbidden(N_("You can write notes for yourself only."))
        note = replace(
            note, author=self.account, id=str(uuid4()), created=datetime.now(UTC), annotation=""
        )
        mine = select(func.count()).where(
            NOTES.c.website == note.website, NOTES.c.author == note.author
        )
        with self._store() as store:
            if (store.scalar(mine) or 0) >= MOST:
                raise InvalidView(
                    Message("You have {most} notes on this website.", most=MOST),
                    remedy=N_("Delete some of them first."),
                )
        if note.audience == "everyone":
            note = replace(note, annotation=_annotate(client, note))
        try:
            with self._store() as store:
                store.execute(insert(NOTES).values(_values(note)))
        except Exception:
            _erase(client, note)
            raise
        return note

    def change(self, client: QueryClient, old: Note, new: Note) -> Note:
        """Replace the text, the dates or the audience of a note. Raises as ``add`` does, and
        ``InvalidView`` if it is not as the reader saw it any more."""
        new = replace(_valid(new), website=old.website)
        self._require(old)
        if new.audience != old.audience:
            with self._store() as store:
                _require_unchanged(store, old)
            added = self.add(client, new)
            try:
                self.delete(client, old)
            except Exception:
                with suppress(UmamiError):
                    self.delete(client, added)
                raise
            return added
        new = replace(
            new, author=old.author, id=old.id, created=old.created, annotation=old.annotation
        )
        if old.annotation:
            client.ask(api.update_annotation(new.website, old.annotation, *_annotated(new)))
        if not new.id and new.first != new.last:
            # An annotation that was written in Umami gets a row for its last day.
            new = replace(new, id=str(uuid4()), created=new.created or datetime.now(UTC))
            statement: Any = insert(NOTES).values(_values(new))
        else:
            statement = update(NOTES).where(NOTES.c.id == new.id).values(_values(new))
        if new.id:
            try:
                with self._store() as store:
                    _require_unchanged(store, old)
                    store.execute(statement)
            except Exception:
                if old.annotation:
                    with suppress(UmamiError):
                        client.ask(
                            api.update_annotation(old.website, old.annotation, *_annotated(old))
                        )
                raise
        return new

    def delete(self, client: QueryClient, note: Note) -> None:
        """Delete a note, also in Umami. Raises ``Forbidden`` and what the client raises."""
        self._require(note)
        if note.annotation:
            with suppress(NotFound, NotOffered):
                client.ask(api.delete_annotation(note.website, note.annotation))
        if note.id:
            with self._store() as store:
                store.execute(delete(NOTES).where(NOTES.c.id == note.id))

    def _require(self, note: Note) -> None:
        if not self.may_change(note):
            raise Forbidden(N_("Only its author or an admin can change this note."))

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, N_("The database of notes cannot be reached."))


def _require_unchanged(store: Connection, old: Note) -> None:
    """Raise ``InvalidView`` if the row of a note is gone, or has changed. The text and the date of
    an annotation are Umami's, which may differ from those of its row."""
    if not old.id:
        return
    row = store.execute(select(NOTES).where(NOTES.c.id == old.id)).mappings().first()
    if row is None:
        raise InvalidView(
            N_("This note was deleted meanwhile."), remedy=N_("Close this form and open it again.")
        )
    if not old.annotation and _note(row) != old:
        raise InvalidView(
            N_("Somebody else has changed this note meanwhile."),
            remedy=N_("Close this form and open it again."),
        )


def _valid(note: Note) -> Note:
    text = cleaned(note.text)
    if not text:
        raise InvalidView(N_("The note has no text."), remedy=N_("Say what happened at that time."))
    if len(text) > LONGEST_NOTE:
        raise InvalidView(
            Message("A note has at most {longest} characters.", longest=LONGEST_NOTE),
            remedy=N_("Shorten it."),
        )
    if not (EARLIEST.date() <= note.first <= note.last < LATEST.date()):
        raise InvalidView(
            N_("The last day of a note is not before its first."), remedy=N_("Choose other days.")
        )
    if note.audience not in AUDIENCES:
        raise InvalidView(N_("Choose who sees the note."), remedy="")
    return replace(note, text=text)


def on_hour(website: str, day: date, hour: int, timezone: str) -> tuple[date, datetime]:
    """The UTC date and the instant of a local hour."""
    at = as_instant(datetime.combine(day, time(hour)), zone(timezone))
    return at.date(), at


def _annotated(note: Note) -> tuple[datetime, str, bool]:
    """The date, the text and whether it is about a whole day, as an annotation has them."""
    at = note.at or datetime.combine(note.first, _NOON, UTC)
    return at, note.text, note.at is None


def _annotate(client: QueryClient, note: Note) -> str:
    """Create the annotation of a note; returns its id, ``""`` where this server has none or this
    connection may only read."""
    try:
        return client.ask(api.create_annotation(note.website, *_annotated(note))).id
    except (NotOffered, Unauthorised):
        return ""


def _erase(client: QueryClient, note: Note) -> None:
    """Delete the annotation of a note that could not be saved."""
    if note.annotation:
        with suppress(UmamiError):
            client.ask(api.delete_annotation(note.website, note.annotation))


def _note(row: Any) -> Note:
    return Note(**{**row, "annotation": row["annotation"] or ""})


def _values(note: Note) -> dict[str, Any]:
    columns = {column.name: getattr(note, column.name) for column in NOTES.columns}
    return {**columns, "annotation": note.annotation or None}
