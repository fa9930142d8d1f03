"""Attribution: which sources get the credit for conversions and revenue, by several models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import (
    conversions,
    figure_parts,
    formats,
    loading,
    merged_tags,
    texts,
    what_changed,
)
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures, figures, unexplained
from components.formats import Field, Kind
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import N_, _
from components.view_description import described, value_name, why_empty
from components.visit_tables import MOST, OTHER, SOURCES
from umami.analysis import marketing as analysis
from umami.analysis.steps import KINDS
from umami.api import revenue
from umami.api.conversions import MODELS, Credit, CreditedField, credit
from umami.api.revenue import Attribution
from umami.conversion import Conversion, FunnelStep
from umami.errors import UmamiError
from umami.view import View

INFO: Final = PageInfo(
    "attribution",
    N_("Attribution"),
    "call_split",
    N_("Marketing"),
    2,
    N_("Which channels get the credit for conversions and revenue."),
    ("credit", "attribution", *conversions.ENDPOINTS, "reports"),
    params=("credit",),
)
CREDITED: Final[dict[CreditedField, str]] = {
    "channel": N_("(none)"),
    "referrer": N_("Direct / none"),
    "utmCampaign": N_("(no campaign)"),
    "utmSource": N_("(no source)"),
    "utmMedium": N_("(no medium)"),
    "utmContent": N_("(no content)"),
    "utmTerm": N_("(no keyword)"),
}
"""The fields to credit, with the name of visits without a value."""
MODEL_NAMES: Final[dict[str, tuple[str, str]]] = {
    "first": (N_("First touch"), N_("All credit goes to the visitor's first visit in the period.")),
    "last": (N_("Last touch"), N_("All credit goes to the visit with the conversion itself.")),
    "last_known": (
        N_("Last non-direct"),
        N_(
            "All credit goes to the last visit with a known source, or to the last visit if none "
            "has."
        ),
    ),
    "linear": (N_("Linear"), N_("All visits up to the conversion get the same credit.")),
    "time_decay": (
        N_("Time decay"),
        N_("A visit 7 days before the conversion gets half the credit."),
    ),
    "position": (
        N_("Position"),
        N_("The first and last visit get 40% each, those between share 20%."),
    ),
}
MAIN: Final = "last_known"
"""The model that orders the rows and has a bar and a change."""
PARTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "referrer": (*SOURCES["referrer"][::2], "referrer", N_("(direct or unknown)")),
    "paid ads": (N_("Paid ads"), N_("Paid ad"), "ads", N_("(no paid ad)")),
    "source": (*SOURCES["utmSource"][::2], "utmSource", N_("(no source)")),
    "medium": (*SOURCES["utmMedium"][::2], "utmMedium", N_("(no medium)")),
    "campaign": (*SOURCES["utmCampaign"][::2], "utmCampaign", N_("(no campaign)")),
    "content": (*SOURCES["utmContent"][::2], "utmContent", N_("(no content)")),
    "term": (*SOURCES["utmTerm"][::2], "utmTerm", N_("(no keyword)")),
}
"""The parts of Umami's report: title, heading, field for the labels, name of the remainder."""
BY_VISIT: Final = N_(
    "{} is credited to the visits of its visitor in this period, up to and including the visit "
    "itself. Every column adds up to {}."
)
FIRST_ONLY: Final = N_(
    "Umami reports the source of each converted visitor's first visit in the period. It does not "
    "report the visits in between."
)


def reports_money(query: Collector) -> bool:
    """Whether the server credits revenue in its report; ``False`` if it does not answer."""
    try:
        return query.client.definitions.attribution_money
    except UmamiError:
        # Every section shows the error.
        return False


def in_money(params: ui.Params) -> bool:
    """Whether to credit revenue instead of conversions."""
    return last_value(params, "credit") == "revenue"


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Credit for the chosen conversion; reports add the saved ones."""
    conversion = conversions.chosen(query, view, params)
    credited = [*_credit(query, view, conversion, in_money(params))]
    if not credited:
        yield from conversions.left_out(query, view, params)
        empty = why_not(view, conversion)
        credited = [ui.blocks_section(_("Conversion"), ui.Text(empty, "empty"))]
    yield from credited
    yield ui.ReportItems(partial(_saved, query, view, conversion, in_money(params)))


def why_not(view: View, conversion: Conversion) -> str:
    """The reason why there is no credit."""
    if not conversion:
        return _("Choose the page or the event that counts as a conversion: Conversion in the bar.")
    if not view.keeps_whole_visits:
        return _(
            "With these filters, the server would keep only the matching parts of visits, so it "
            "cannot credit conversions."
        )
    return _("This server credits one page or one event. Choose it with Conversion in the bar.")


def _saved(query: Collector, view: View, shown: Conversion, in_money: bool) -> Iterator[ui.Item]:
    """Credit for the saved conversions that are not ``shown`` already."""
    saved = [
        conversions.chosen(query, view, params)
        for _unused, params in loading.saved_analyses(query, view, "attribution")
    ]
    for conversion in dict.fromkeys(saved):
        if conversion.step and conversion.step != shown.step:
            yield from _credit(query, view, conversion, in_money)


def _credit(
    query: Collector, view: View, conversion: Conversion, in_money: bool
) -> Iterator[ui.Item]:
    """Credit by six models where the server counts visits, else as Umami reports it."""
    if view.whole_visits and conversion:
        yield from _by_models(query, view, conversion, in_money)
    elif view.keeps_whole_visits and conversion.is_exact and conversion.step:
        currency = conversion.currency if in_money and reports_money(query) else ""
        yield from _by_first_touch(query, view, conversion.step, currency)


def _by_models(
    query: Collector, view: View, conversion: Conversion, in_money: bool
) -> Iterator[ui.Item]:
    currency = conversion.currency
    ask = partial(credit, step=conversion.step, currency=currency or None, limit=MOST)
    channels = query.compared(view, partial(ask, source="channel"))
    tiles = partial(_totals, currency, partial(figure_parts.why_not, view, conversion))
    name = conversions.described(conversion)
    yield ui.Section(name, tiles, [*channels], about=described(view), framed=False)

    def section(field: CreditedField) -> ui.Section:
        answers = query.compared(view, partial(ask, source=field))
        merges = merged_tags.of(query, view.website, field)
        draw = partial(_models, view, field, merges, currency if in_money else "")
        return ui.Section(
            _("Credit by {credited}").format(credited=texts.inside(_(SOURCES[field][2]))),
            draw,
            [*answers],
            height=ui.TABLE,
        )

    tabs = [ui.Tab(_(SOURCES[field][0]), partial(section, field)) for field in CREDITED]
    title = _("Which channels get the credit for {name}").format(name=formats.shortened(name))
    yield ui.Card(title, [ui.Tabs("credited", tabs)], about=described(view))


def _totals(
    currency: str, why_not: Callable[[str], str], now: Credit, before: Credit | None = None
) -> list[ui.Block]:
    """Tiles with the conversions and, in a currency, the revenue."""
    fields: Figures = [(_("Conversions"), "total", _("Visits that converted."), "count")]
    tiles = figures(now, before, fields)
    if currency:
        money: Figures = [(_("Revenue"), "amount", _("All purchases in this currency."), "money")]
        tiles += figures(now, before, money, currency)
    names = ("conversions", "revenue")[: len(tiles)]
    return [what_changed.explaining(ui.Tiles(tiles), names, why_not)]


def _models(
    view: View,
    field: CreditedField,
    merges: tuple[Merge, ...],
    currency: str,
    now: Credit,
    before: Credit | None = None,
) -> list[ui.Block]:
    """The credit by one field, a column for each model: revenue in a currency, or conversions."""
    frame = model_table(field, bool(currency), now, before, merges)
    if frame.empty:
        nothing = _("No visit converted in this period.")
        return [ui.Text(why_empty(view, nothing), "empty")]
    title, _unused, heading = map(_, SOURCES[field])
    kind: Kind = "money" if currency else "number"
    merged = "note" in frame
    fields = [Field("label", heading, "text", note="note" if merged else None)]
    for model, names_of in MODEL_NAMES.items():
        name, about = map(_, names_of)
        main, wide = model == MAIN, model not in ("last", MAIN)
        fields.append(Field(model, name, kind, bar=main, wide=wide, currency=currency, help=about))
        if main and "change" in frame:
            fields.append(
                Field(
                    "change",
                    _("Change"),
                    "change",
                    wide=True,
                    help=_("Of {name}.").format(name=name),
                )
            )
    return [
        ui.Text(
            _(BY_VISIT).format(
                *(
                    _("The revenue of a visit"),
                    _("the revenue of {amount}").format(amount=formats.money(now.amount, currency)),
                )
                if currency
                else (
                    _("A visit that converted"),
                    _("the {total} conversions").format(total=formats.whole(now.total)),
                )
            )
        ),
        ui.Table(
            title,
            frame,
            fields,
            f"credit_{field}",
            report_title=_("credit to {title}").format(title=texts.inside(title)),
        ),
        *([ui.Text(_(merged_tags.UNDO))] if merged else []),
    ]


@texts.memoize
def model_table(
    field: CreditedField,
    in_money: bool,
    now: Credit,
    before: Credit | None,
    merges: tuple[Merge, ...] = (),
) -> pd.DataFrame:
    """The credit of each value, with a ``label`` and the ``change`` of the main model, and a
    ``note`` if some are merged.

    Values beyond the server's limit are the last row, so every column adds up to the total.
    """
    cut = len(now.conversions) == MOST
    merged = merged_tags.notes(merges, now.conversions["name"])
    if merges:
        now = merged_tags.credit(now, merges)
        before = before and merged_tags.credit(before, merges)
    frame, total = (now.revenue, now.amount) if in_money else (now.conversions, float(now.total))
    models = list(MODELS)
    frame = frame[(frame[models].abs() > 0).any(axis=1)]
    frame = frame.sort_values(MAIN, ascending=False, kind="stable", ignore_index=True)
    none = _(CREDITED[field])
    labels = [value_name(field, name) if name else none for name in frame["name"]]
    if cut:
        rest = total - frame[models].sum()
        frame = pd.concat([frame, pd.DataFrame([{"name": _(OTHER), **rest}])], ignore_index=True)
        labels.append(_(OTHER))
    frame = frame.assign(label=labels)
    if merged:
        frame["note"] = [merged.get(name) for name in frame["name"]]
    if before is not None:
        earlier = (before.revenue if in_money else before.conversions).set_index("name")[MAIN]
        was = frame["name"].map(earlier).fillna(0)
        frame["change"] = frame[MAIN] / was.where(was > 0) - 1
    return frame


def _by_first_touch(
    query: Collector, view: View, step: FunnelStep, currency: str
) -> Iterator[ui.Item]:
    """Credit by first and last touch, and by first touch of the comparison, as Umami reports it."""
    credited = partial(
        revenue.attribution, kind=step.kind, step=step.value, currency=currency or None
    )
    first = query.compared(view, partial(credited, model="first-click"))
    last = query.ask(credited(view, model="last-click"))
    merges = {
        part: merged_tags.of(query, view.website, field)
        for part, (_title, _heading, field, _rest) in PARTS.items()
    }
    happened = _("How often it occurred: {kind} {step}.").format(
        kind=texts.inside(_(KINDS[step.kind])), step=step.value[:60]
    )
    fields: Figures = [
        (_("Conversions"), "conversions", happened, "count"),
        (_("Converted visitors"), "visitors", _("Visitors who converted."), "count"),
        (_("Converted visits"), "visits", _("Visits with a conversion."), "count"),
    ]

    def totals(now: Attribution, before: Attribution | None = None) -> list[ui.Block]:
        """The tiles, which are the same in both models."""
        reason = _("Make it a goal: the page Goals explains how many visitors reach it.")
        return [ui.Tiles(unexplained(figures(now, before, fields), reason))]

    yield ui.Section(step.value, totals, [*first], about=described(view), framed=False)
    yield ui.Section(
        _("Credit for {step}").format(step=step.value),
        partial(_parts, view, step, currency, merges),
        [first.now, last, *first.earlier],
        height=ui.TABLE,
        framed=False,
    )


def _parts(
    view: View,
    step: FunnelStep,
    currency: str,
    merges: Mapping[str, tuple[Merge, ...]],
    first: Attribution,
    last: Attribution,
    before: Attribution | None = None,
) -> list[ui.Block]:
    """The credit by each part of Umami's report, in visitors or in a currency."""
    named = tuple((part, each) for part, each in merges.items() if each)
    table = touches("amount" if currency else "visitors", first, last, before, named)
    if table.empty:
        no_credit = _("No visitor converted in this period, or their sources are unknown.")
        return [ui.Text(why_empty(view, no_credit), "empty")]
    credited = [part for part in PARTS if (table["part"] == part).any()]
    missing = ", ".join(
        _(title) for part, (title, *_unused) in PARTS.items() if part not in credited
    )
    return [
        ui.Text(
            _("Credit for {step}").format(step=formats.shortened(step.value)),
            "heading",
            medium="page",
        ),
        ui.Text(_(FIRST_ONLY)),
        ui.Cards([(_(PARTS[part][0]), [part_table(part, table, currency)]) for part in credited]),
        *([ui.Text(_("No credit by {missing}.").format(missing=missing))] if missing else []),
        *([ui.Text(_(merged_tags.UNDO))] if table["note"].notna().any() else []),
    ]


@texts.memoize
def touches(
    value: str,
    first: Attribution,
    last: Attribution,
    before: Attribution | None,
    merges: tuple[tuple[str, tuple[Merge, ...]], ...] = (),
) -> pd.DataFrame:
    """The credit by first and last touch with a ``label`` for each name, and the comparison's; a
    ``note`` marks what is merged by the ``merges`` of a part.

    ``value`` is ``visitors`` or ``amount``. The last row of each part is the remainder.
    """
    table = analysis.touches(first, last, before, value).assign(note=None)
    for part, of_part in merges:
        table = _merged_part(table, part, of_part)
    labels = [
        _(PARTS[part][3]) if not name else value_name(PARTS[part][2], name)
        for part, name in zip(table["part"], table["name"], strict=True)
    ]
    return table.assign(label=labels)


def _merged_part(table: pd.DataFrame, part: str, merges: tuple[Merge, ...]) -> pd.DataFrame:
    """The table with one row for what is merged in a part, where the rows of the list name it. A
    number is unknown if that of a spelling is."""
    here = table["part"] == part
    of_part = table[here]
    notes = merged_tags.notes(merges, of_part["name"])
    columns = [column for column in ("first", "last", "before") if column in table]
    sums = {
        column: merged_tags.amounts(
            dict(zip(of_part["name"], of_part[column], strict=True)), merges
        )
        for column in columns
    }
    merged = pd.DataFrame({"name": list(sums["first"])})
    for column, numbers in sums.items():
        merged[column] = list(numbers.values())
    largest = merged[["first", "last"]].max(axis="columns").where(merged["name"] != "", -1.0)
    merged = merged.loc[largest.sort_values(ascending=False, kind="stable").index]
    merged = merged.assign(part=part, note=merged["name"].map(notes.get))
    if "before" in table:
        was = merged["before"]
        merged["change"] = merged["first"] / was.where(was > 0) - 1
    return pd.concat([table[~here], merged[list(table.columns)]], ignore_index=True)


def part_table(part: str, table: pd.DataFrame, currency: str) -> ui.Table:
    """The credit by one part; last touch only where any has a source."""
    title = _(PARTS[part][0])
    frame = table[table["part"] == part].reset_index(drop=True)
    kind: Kind = "money" if currency else "count"
    noted = "note" if frame["note"].notna().any() else None
    fields = [
        Field("label", _(PARTS[part][1]), "text", note=noted),
        Field("first", _("First touch"), kind, bar=True, currency=currency),
    ]
    if frame.loc[frame["name"] != "", "last"].fillna(0).any():
        about = _("The view right before the conversion, where it has a source.")
        fields.append(Field("last", _("Last touch"), kind, currency=currency, help=about))
    if "change" in frame:
        fields.append(Field("change", _("Change"), "change", wide=True, help=_("Of first touch.")))
    return ui.Table(
        title,
        frame,
        fields,
        f"credit_{part}",
        printed=10,
        report_title=_("credit to {title}").format(title=texts.inside(title)),
    )
