"""The dialog in which costs of campaigns are uploaded, and their uploads are listed and deleted."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import pandas as pd
import streamlit as st

from access.accounts import EVERYBODY
from access.cost_files import LONGEST_NAME, MICROS, MOST_BYTES, SOURCES, CostFile, parse
from access.costs import CostUpload
from components import (
    authorized,
    campaign_costs,
    elements,
    formats,
    merged_tags,
    page_context,
    render,
    texts,
    viewer,
)
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.merged_tags import Merge
from components.runtime import component
from components.texts import _
from umami.api import reports, traffic
from umami.endpoint import Query
from umami.errors import InvalidView, UmamiError
from umami.view import View

MOST_PASTED: Final = 80_000
"""Characters that can be pasted: a browser sends them with every message, which are limited."""
MOST_PIECES: Final = 64
MOST_NAMED: Final = 8
MOST_LISTED: Final = 50
_FILE_INPUT: Final = component("file_input")


@dataclass(slots=True)
class _Open:
    """The open dialog; ``number`` makes the keys of its inputs. ``pieces`` are those of the file
    ``id`` that the browser has sent so far."""

    view: View
    number: int
    id: str = ""
    pieces: list[str] = field(default_factory=list)
    pasted: str = ""
    name: str = ""
    file: CostFile | None = None
    problem: str = ""
    rows: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)

    def key(self, name: str) -> str:
        return f"costs_{name}_{self.number}"

    def read(self, name: str, content: bytes | str) -> None:
        """Parse a file or a pasted text."""
        self.name, self.file, self.problem = name, None, ""
        self.rows.clear()
        try:
            self.file = parse(content)
        except InvalidView as problem:
            self.problem = texts.sentences(problem)


_DIALOG: Final[EditDialog[_Open]] = EditDialog("costs")


def draw_button(view: View) -> None:
    """Draw the button that opens the dialog, for those who may change costs."""
    if page_context.reader().costs.may_write(view.website):
        elements.action_button(_("Costs"), "open_costs", _begin, view, icon="payments")


def draw_open() -> None:
    """Draw the dialog while it is open, and confirm what was done. Call it once per run, on every
    page."""
    opened = _DIALOG.form_here()
    if opened and page_context.reader().costs.may_write(opened.view.website):
        authorized.dialog(_("Costs of campaigns"), _draw, _DIALOG.close)
    else:
        _DIALOG.close()


def _begin(view: View) -> None:
    _DIALOG.open(_Open(view, _DIALOG.next_number()))


def _draw() -> None:
    opened = _DIALOG.current()
    elements.show_loss(_("costs"))
    st.caption(
        _(
            "Choose a CSV file of Google Ads or Meta Ads with a line for each day and campaign, or "
            "any table with the columns day, campaign, cost and currency."
        )
    )
    _inputs(opened)
    if opened.problem:
        st.error(plain(opened.problem, 400), icon=":material/error:")
    if opened.file:
        _preview(opened, opened.file)
    _DIALOG.show_problem()
    _uploads(opened)


def _inputs(opened: _Open) -> None:
    key = opened.key("file")

    def arrived() -> None:
        receive(opened, st.session_state[key].piece)

    _FILE_INPUT(
        key=key,
        data={
            "label": _("Choose a CSV file"),
            "problem": _("This file cannot be read, or is larger than 10 MB."),
            "most": MOST_BYTES,
            "id": opened.id,
            "received": len(opened.pieces),
            "name": "",
        },
        on_piece_change=authorized.callback(arrived),
    )
    pasted = st.text_area(
        _("Or paste the lines here"),
        key=opened.key("pasted"),
        max_chars=MOST_PASTED,
        height=96,
        placeholder="day,campaign,cost,currency\n2026-10-31,spring-sale,12.50,EUR",
    )
    if pasted and pasted != opened.pasted:
        opened.read(_("Pasted lines"), pasted)
    opened.pasted = pasted or ""


def receive(opened: _Open, piece: Any) -> None:
    """Add a piece of a file that the browser sends, and parse the file after the last one."""
    match piece:
        case {
            "id": str(id),
            "name": str(name),
            "at": int(at),
            "count": int(count),
            "content": str(content),
        } if 0 <= at < count <= MOST_PIECES:
            pass
        case _:
            return
    if at == 0:
        opened.id, opened.pieces = id, []
    if opened.id != id or at != len(opened.pieces):
        return
    opened.pieces.append(content)
    if len(opened.pieces) < count:
        return
    unpacker, file = zlib.decompressobj(wbits=31), b""
    with suppress(ValueError, zlib.error):
        packed = base64.b64decode("".join(opened.pieces), validate=True)
        # It stops at the limit, whatever the file unpacks to.
        file = unpacker.decompress(packed, MOST_BYTES + 1)
    if len(file) > MOST_BYTES or (unpacker.eof and not unpacker.unused_data):
        opened.read(name, file)
    else:
        opened.file, opened.problem = None, _("The file did not arrive. Choose it again.")


def _preview(opened: _Open, file: CostFile) -> None:
    """Draw what a file contains and what saving it does."""
    currency, source = _defaults(opened, file)
    if not file.names_currency and not currency:
        elements.show_note(_("Choose the currency of these costs."))
        return
    try:
        if (currency, source) not in opened.rows:
            opened.rows[currency, source] = file.rows(currency, source)
        rows = opened.rows[currency, source]
    except InvalidView as problem:
        elements.show_note(texts.sentences(problem))
        return
    reader, view = page_context.reader(), opened.view
    replaced, beside = reader.costs.overlap(view.website, rows)
    sentences = [
        _("{count} saved costs are replaced.").format(count=formats.whole(replaced))
        if replaced
        else _("No saved costs are replaced.")
    ]
    if beside:
        sentences.append(
            _(
                "{count} are of days and campaigns whose costs are saved with another source, and "
                "count in addition."
            ).format(count=formats.whole(beside))
        )
    rules = reader.rules.of(view.website, merged_tags.KIND)
    merges = merged_tags.in_effect(rules, "utmCampaign")
    sentences += matches(rows["campaign"].unique(), _campaigns(view), merges)
    with st.container(gap="xsmall"):
        st.markdown(f"**{plain(_contents(file, rows, view), 400)}**")
        for sentence in sentences:
            st.caption(plain(sentence, 800))
    elements.action_button(_("Save costs"), "costs_save", _save, opened, rows, type="primary")


def _defaults(opened: _Open, file: CostFile) -> tuple[str, str]:
    """Inputs for the currency and the source of lines that name none."""
    currency = source = ""
    if file.names_currency and file.names_source:
        return currency, source
    with st.container(horizontal=True, gap="small"):
        if not file.names_currency:
            names = texts.babel_locale().currencies
            known = sorted(str(code) for code in names if len(str(code)) == 3)
            suggested = opened.view.currency.strip().upper()
            chosen = st.selectbox(
                _("Currency"),
                known,
                index=known.index(suggested) if suggested in known else None,
                format_func=lambda code: f"{code} – {names[code]}",
                key=opened.key("currency"),
                placeholder=_("Choose or type"),
            )
            currency = str(chosen or "")
        if not file.names_source:
            typed = st.text_input(
                _("Source (utm_source)"),
                SOURCES[file.kind],
                # A file of another kind has another default.
                key=opened.key(f"source_{file.kind}"),
                max_chars=LONGEST_NAME,
                help=_("The source in the tagged links of these campaigns."),
            )
            source = str(typed or "")
    return currency, source


def _contents(file: CostFile, rows: pd.DataFrame, view: View) -> str:
    """The number of lines, their days and campaigns, and the sums by currency, in a sentence."""
    days = rows["day"]
    dates = formats.dates_between(days.min().date(), days.max().date(), view.period.timezone)
    sums = rows.groupby("currency")["micros"].sum().sort_values(ascending=False) / MICROS
    return _("{lines} for {days} ({dates}) and {campaigns}: {amounts}.").format(
        lines=formats.counted("{count} line", "{count} lines", len(file.frame)),
        days=formats.counted("{count} day", "{count} days", days.nunique()),
        dates=dates,
        campaigns=formats.counted(
            "{count} campaign", "{count} campaigns", rows["campaign"].nunique()
        ),
        amounts=campaign_costs.money({str(code): float(sum_) for code, sum_ in sums.items()}),
    )


def _campaigns(view: View) -> list[str]:
    """The campaigns of visits in the period, as far as the server names them."""
    unfiltered = view.unfiltered()
    queries: tuple[Query[Any], ...] = (
        traffic.metrics(unfiltered, "utmCampaign"),
        reports.utm(unfiltered),
    )
    ranking, tags = render.answers(page_context.client(), *queries)
    names: list[str] = []
    if not ranking.exception():
        names += [row.name for row in ranking.result().rows if row.name]
    if not tags.exception():
        frame = tags.result().frame
        names += frame.loc[frame["parameter"] == "campaign", "value"].tolist()
    return list(dict.fromkeys(names))


def matches(
    campaigns: Iterable[str], visited: Iterable[str], merges: Sequence[Merge] = ()
) -> list[str]:
    """How campaigns with costs match those with visits, in sentences, with the closest name for
    those that match none."""
    merged = {value: merge.name for merge in merges for value in merge.values}
    rows = dict.fromkeys(merged.get(name, name) for name in visited)
    targets = campaign_costs.targets(campaigns, rows, merges)
    alike, missing = [], []
    for name in campaigns:
        row = targets.get(name)
        if row is None or row not in rows:
            missing.append(name)
        elif row != name and name not in merged:
            alike.append(
                _("“{name}” as “{tag}”").format(
                    name=formats.shortened(name, 40), tag=formats.shortened(row, 40)
                )
            )
    sentences = []
    if alike:
        sentences.append(
            _("Counted for a similar tag: {names}.").format(
                names=campaign_costs.listed(alike, len(alike), MOST_NAMED)
            )
        )
    if missing:
        simple = {campaign_costs.simplified(row): row for row in reversed(rows)}
        suggested = [_suggestion(name, simple) for name in missing[:MOST_NAMED]]
        sentences.append(
            _("No visit of this period has these campaigns: {names}.").format(
                names=campaign_costs.listed(suggested, len(missing), MOST_NAMED)
            )
        )
    return sentences


def _suggestion(name: str, simple: dict[str, str]) -> str:
    shown = formats.shortened(name, 40)
    close = get_close_matches(campaign_costs.simplified(name)[:200], simple, 1)
    if not close:
        return f"“{shown}”"
    tag = formats.shortened(simple[close[0]], 40)
    return _("“{name}” (closest: “{tag}”)").format(name=shown, tag=tag)


def _save(opened: _Open, rows: pd.DataFrame) -> None:
    view = opened.view
    about = f"{formats.shortened(opened.name, 100)} of {view.website}"
    try:
        replaced = page_context.reader().costs.add(view.website, opened.name, rows)
    except UmamiError as problem:
        viewer.record(viewer.current(), "upload costs", about, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    viewer.record(viewer.current(), "upload costs", about)
    done = _("{count} costs were saved.").format(count=formats.whole(len(rows)))
    if replaced:
        done = _("{count} costs were saved; {replaced} of them replaced others.").format(
            count=formats.whole(len(rows)), replaced=formats.whole(replaced)
        )
    _DIALOG.confirm(done)
    _DIALOG.close()


def _uploads(opened: _Open) -> None:
    uploads = page_context.reader().costs.uploads(opened.view.website)
    if not uploads:
        return
    st.subheader(_("Uploads"), anchor=False)
    for upload in uploads[:MOST_LISTED]:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            with st.container(gap=None, width="content"):
                st.markdown(f"**{plain(upload.name, 60)}**")
                st.caption(plain(_about(upload, opened.view)))
            _delete_button(upload)
    if len(uploads) > MOST_LISTED:
        st.caption(
            _("The newest {shown} of {count} uploads.").format(
                shown=MOST_LISTED, count=formats.whole(len(uploads))
            )
        )


def _about(upload: CostUpload, view: View) -> str:
    parts = [formats.dated(upload.created, "yMMMd")]
    if upload.author != EVERYBODY:
        parts.append(formats.shortened(upload.author))
    if upload.first and upload.last:
        dates = formats.dates_between(upload.first, upload.last, view.period.timezone)
        parts += [
            _("costs of {dates}").format(dates=dates),
            campaign_costs.money(upload.amounts),
        ]
    else:
        parts.append(_("replaced by later uploads"))
    return " · ".join(parts)


def _delete_button(upload: CostUpload) -> None:
    with st.popover(_("Delete"), icon=":material/delete:", key=f"delete_costs_{upload.id}"):
        st.markdown(_("Delete the costs of **{name}**?").format(name=plain(upload.name, 60)))
        st.caption(_("Costs that this upload replaced do not come back."))
        elements.action_button(
            _("Delete them"), f"delete_costs_now_{upload.id}", _delete, upload, type="primary"
        )


def _delete(upload: CostUpload) -> None:
    about = f"{formats.shortened(upload.name, 100)} of {upload.website}"
    try:
        page_context.reader().costs.delete(upload)
    except UmamiError as problem:
        viewer.record(viewer.current(), "delete costs", about, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    viewer.record(viewer.current(), "delete costs", about)
    _DIALOG.confirm(_("The costs of “{name}” were deleted.").format(name=upload.name))
    _DIALOG.redraw()
