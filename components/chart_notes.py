"""Notes of a website: their flags over time charts, and the dialog that adds, changes and deletes
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from access import notes as access
from access.notes import Audience, Note
from components import (
    authorized,
    elements,
    formats,
    history,
    page_context,
    texts,
    url_state,
    viewer,
)
from components.charts.over_time import unusual_in_words
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.notes import AUDIENCES, dates, flags
from components.runtime import component
from components.texts import N_, _
from umami.analysis.expected import Marks
from umami.api.notes import LONGEST_NOTE
from umami.api.traffic import Timeline
from umami.errors import UmamiError
from umami.period import EARLIEST, LATEST, zone
from umami.view import View

Kind = Literal["day", "days", "hour"]
KINDS: Final[dict[Kind, str]] = {"day": N_("Day"), "days": N_("Several days"), "hour": N_("Hour")}
_COMPONENT: Final = component("chart_notes")
_KEY: Final = "chart_notes"
_EPOCH: Final = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Open:
    """The note in the dialog; ``old`` is the one that it changes. ``values`` are those that the
    inputs begin with, ``number`` makes their keys, which are new for each note."""

    website: str
    timezone: str
    old: Note | None
    values: Mapping[str, Any]
    number: int

    def key(self, name: str) -> str:
        return f"note_{name}_{self.number}"


_DIALOG: Final[EditDialog[_Open]] = EditDialog("note")


def draw(view: View, notes: Sequence[Note], *days: Timeline | pd.DataFrame | None) -> None:
    """Draw the flags of notes over the time charts of this page, and the buttons that add one.

    ``days`` are those that tell what is usual (``history.ask_shown``): the usual range and unusual
    days are drawn over the charts of visitors, views, visits or conversions.
    """
    notebook = page_context.reader().notebook
    writes = bool(notebook.audiences(view.website))
    by_key = {note.key: note for note in notes}

    def added() -> None:
        moment: Any = st.session_state[_KEY].add
        begin(view, _wall(moment))

    def edited() -> None:
        key: Any = st.session_state[_KEY].edit
        if isinstance(key, str) and key in by_key:
            change(view, by_key[key])

    with st.container(key="chart_notes_unseen", gap=None):
        _COMPONENT(
            key=_KEY,
            data={
                "flags": [
                    {
                        "x": _milliseconds(flag.start),
                        "until": _milliseconds(flag.end),
                        "notes": [
                            {
                                "key": note.key,
                                "text": note.text,
                                "when": when,
                                "changes": notebook.may_change(note),
                            }
                            for note, when in zip(flag.notes, flag.dates, strict=True)
                        ],
                    }
                    for flag in flags(notes, view.period)
                ],
                "writes": writes,
                "usual": _usual(history.marks(history.shown(days), view.period)),
                "texts": {
                    "note": _("Note"),
                    "add": _("Add a note"),
                    "more": _("Add another"),
                    "change": _("Edit"),
                    "notes": _("Notes"),
                    "usual": _("Usual range"),
                    "unusual": _("Unusual day"),
                },
            },
            height=0,
            on_add_change=authorized.callback(added),
            on_edit_change=authorized.callback(edited),
        )


def _usual(marks: Mapping[str, Marks]) -> dict[str, Any]:
    """The usual range by day, and the unusual days with a sentence each, by column."""
    return {
        column: {
            "range": [
                [_milliseconds(day.to_pydatetime()), low, high]
                for day, low, high in zip(
                    of.band.index, of.band["low"], of.band["high"], strict=True
                )
            ],
            "days": [
                {
                    "x": _milliseconds(datetime.combine(day.day, time())),
                    "y": day.actual,
                    "text": unusual_in_words(column, day),
                }
                for day in of.days
            ],
        }
        for column, of in marks.items()
    }


def _milliseconds(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)


def _wall(moment: object) -> datetime | None:
    """The naive local time of a place on a chart's axis; ``None`` for anything else."""
    first, last = (_milliseconds(edge.replace(tzinfo=None)) for edge in (EARLIEST, LATEST))
    if isinstance(moment, int | float) and first <= moment < last:
        return _EPOCH + timedelta(milliseconds=int(moment))
    return None


def may_add(view: View) -> bool:
    """Whether the viewer may write notes on the website of a View."""
    return bool(page_context.reader().notebook.audiences(view.website))


def begin(view: View, wall: datetime | None = None, kind: Kind | None = None) -> None:
    """Open the dialog for a new note at a local time, by default on the last day of the period.
    ``kind`` is by default that of the buckets of the period. Call it in a callback."""
    audiences = page_context.reader().notebook.audiences(view.website)
    if not audiences:
        return
    now = datetime.now(zone(view.period.timezone)).replace(tzinfo=None)
    day = min(view.period.days[1], now.date()) if wall is None else wall.date()
    hourly = wall is not None and view.period.unit == "hour"
    kind = kind or ("hour" if hourly else "day")
    audience: Audience = "team" if "team" in audiences else audiences[0]
    _open(view, None, "", kind, (day, day), (wall or now).hour, audience)


def change(view: View, note: Note) -> None:
    """Open the dialog for an existing note. Call it in a callback."""
    first, last = note.walls(view.period.timezone)
    kind: Kind = "hour" if note.at else "days" if note.last > note.first else "day"
    _open(view, note, note.text, kind, (first.date(), last.date()), first.hour, note.audience)


def _open(
    view: View,
    old: Note | None,
    text: str,
    kind: Kind,
    days: tuple[date, date],
    hour: int,
    audience: Audience,
) -> None:
    values = {
        "text": text,
        "kind": kind,
        "day": days[0],
        "days": days,
        "hour": hour,
        "audience": audience,
    }
    number = _DIALOG.next_number()
    _DIALOG.open(_Open(view.website, view.period.timezone, old, values, number))


def draw_open() -> None:
    """Draw the dialog while a note is open, and confirm what was done. Call once per run."""
    opened = _DIALOG.form_here()
    if opened:
        title = _("Edit note") if opened.old else _("Add a note")
        authorized.dialog(title, _form, _DIALOG.close, "small")


def _form() -> None:
    opened = _DIALOG.current()
    for name, value in opened.values.items():
        # Streamlit forgets inputs that are not drawn, such as those of another kind of date.
        st.session_state.setdefault(opened.key(name), value)
    elements.show_loss(_("notes"))
    with st.container(key="note_form"):
        st.text_area(
            _("What happened?"),
            key=opened.key("text"),
            max_chars=LONGEST_NOTE,
            height=96,
            placeholder=_("Newsletter sent, new prices, shop was down …"),
        )
        _date_inputs(opened)
        audiences = page_context.reader().notebook.audiences(opened.website)
        if opened.old and opened.old.audience not in audiences:
            audiences = (*audiences, opened.old.audience)
        if len(audiences) > 1:
            st.segmented_control(
                _("Who sees it?"),
                audiences,
                format_func=lambda audience: _(AUDIENCES[audience]),
                key=opened.key("audience"),
                required=True,
                help=_(
                    "Team: everybody with an account that sees this website. Everyone: also people "
                    "with a share link; the note is saved in Umami, too, from Umami 3.4 on."
                ),
            )
        with elements.row():
            elements.action_button(_("Save"), "note_save", _save, opened, type="primary")
            if opened.old:
                elements.action_button(
                    _("Delete"), "note_delete", delete, opened.old, icon="delete"
                )
        elements.focus("note", f"note {opened.number}", ".st-key-note_form textarea")
    _DIALOG.show_problem()


def _date_inputs(opened: _Open) -> None:
    """Draw inputs for a day, a range of days or an hour."""
    kind = st.segmented_control(
        _("When?"),
        list(KINDS),
        format_func=lambda kind: _(KINDS[kind]),
        key=opened.key("kind"),
        required=True,
    )
    options: dict[str, Any] = {
        "min_value": EARLIEST.date(),
        "max_value": LATEST.date() - timedelta(days=1),
        "format": formats.date_input(),
    }
    if kind == "days":
        st.date_input(_("First and last day"), key=opened.key("days"), **options)
        return
    with elements.row():
        st.date_input(_("Day"), key=opened.key("day"), **options)
        if kind == "hour":
            st.selectbox(
                _("Hour"), list(range(24)), format_func=formats.hours, key=opened.key("hour")
            )


def _save(opened: _Open) -> None:
    """Save the note in the dialog; a problem is shown there."""
    held = {
        name: st.session_state.get(opened.key(name), value) for name, value in opened.values.items()
    }
    note = _typed(opened, held)
    if note is None:
        _DIALOG.refuse(_("Choose the first and the last day."))
        return
    notebook, client = page_context.reader().notebook, page_context.client()
    old = opened.old
    try:
        saved = notebook.change(client, old, note) if old else notebook.add(client, note)
    except UmamiError as problem:
        _record("change note" if old else "add note", note, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    _record("change note" if old else "add note", saved)
    _DIALOG.confirm(_("The note on {dates} was saved.").format(dates=dates(saved, opened.timezone)))
    _DIALOG.close()


def _typed(opened: _Open, held: dict[str, Any]) -> Note | None:
    """The note of the inputs; ``None`` if a date is missing."""
    kind, days = held["kind"], held["days"]
    chosen = days if kind == "days" else (held["day"], held["day"])
    if not isinstance(chosen, tuple) or len(chosen) != 2 or None in chosen:
        return None
    first, last = chosen
    at = None
    if kind == "hour":
        first, at = access.on_hour(
            opened.website, first, int(held["hour"] or 0) % 24, opened.timezone
        )
        last = first
    audience: Audience = held["audience"] or "me"
    return Note(opened.website, str(held["text"] or ""), first, last, at, audience)


def delete(note: Note) -> None:
    """Delete a note. Call it in a callback, which shows errors."""
    try:
        page_context.reader().notebook.delete(page_context.client(), note)
    except UmamiError as problem:
        _record("delete note", note, done=False)
        if _DIALOG.form() is None:
            raise
        _DIALOG.refuse(texts.sentences(problem))
        return
    _record("delete note", note)
    _DIALOG.confirm(_("The note was deleted."))
    _DIALOG.close()


def _record(what: str, note: Note, *, done: bool = True) -> None:
    """Write an entry to the audit log, except about private notes."""
    if note.audience != "me":
        about = f"{note.first} of {note.website}: {note.text}"
        viewer.record(viewer.current(), what, about, done=done)


def add_button() -> None:
    """Draw a button that opens the dialog for a new note on today, for those who may write."""
    view = url_state.view()
    if may_add(view):
        now = datetime.now(UTC).astimezone(zone(view.period.timezone)).replace(tzinfo=None)
        elements.action_button(
            _("Add a note"), "add_note", begin, view, now, "day", icon="add_notes"
        )


def detail(view: View, selected: str, notes: Sequence[Note]) -> None:
    """Draw the selected note with the buttons that change and delete it."""
    note = next((note for note in notes if note.key == selected), None)
    if note is None:
        return
    with st.container(border=True, key="note_detail"):
        st.markdown(plain(note.text, LONGEST_NOTE))
        st.caption(plain(f"{dates(note, view.period.timezone)} · {_(AUDIENCES[note.audience])}"))
        if not page_context.reader().notebook.may_change(note):
            return
        with elements.row():
            elements.action_button(_("Edit"), "change_note", change, view, note, icon="edit")
            with st.popover(_("Delete"), icon=":material/delete:", key="delete_note"):
                if note.annotation:
                    st.caption(_("This deletes the note in Umami, too."))
                elements.action_button(
                    _("Delete it"), "delete_note_now", _delete_selected, note, type="primary"
                )


def _delete_selected(note: Note) -> None:
    """Delete the selected note and forget that it is selected."""
    delete(note)
    url_state.set_params(note="")
