"""Sentences that say what changed between two periods, and why.

The rules are fixed (``umami/analysis/changes.py``). The page, its report and mails have the same
sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from components import blocks as ui
from components import figure_parts, formats, history, merged_tags, view_description
from components.charts import bars
from components.figure_parts import LABELS, SHARES, WORDS
from components.formats import Field
from components.loading import Collector, Compared
from components.merged_tags import Merge
from components.texts import _, inside
from components.view_description import value_name, why_empty
from umami.analysis import changes
from umami.analysis.changes import FIGURES, Cause, Figure, Split
from umami.analysis.expected import Stretch
from umami.api import traffic, websites
from umami.api.conversions import VisitGroups
from umami.api.traffic import Ranking, Stats, Timeline
from umami.api.websites import DateRange
from umami.conversion import Conversion
from umami.period import Period, zone
from umami.view import View

FIELDS_OF_COUNTS: Final = ("utmCampaign", "referrer", "channel", "entry", "country", "device")
"""The fields by which counts are explained, the most specific first."""
FIELDS_OF_STRETCHES: Final = ("utmCampaign", "channel", "entry")
"""The fields by which unusual days are explained: each costs a server two requests a stretch."""
FIELDS_OF_RATES: Final = ("device", "channel", "country")
"""The fields by which rates are explained: a visit has one value of each."""
MOST: Final = 5
"""Sentences of the longest list."""
MOST_UNUSUAL: Final = 3
"""Stretches of unusual days with a sentence."""
LEAST_EARLIER: Final = 0.05
"""The size of a stretch in the comparison that is named, as a fraction of its visitors."""
WEEKS_BACK: Final = 13
"""Weeks among which those without unusual days are searched."""
LEAST_STRETCH: Final = 0.1
"""The size of a stretch that is named, as a fraction of the largest one's."""
HEIGHT: Final = 300 + ui.CHART_BUTTONS
"""Pixels, as the chart beside it."""


_ORDER: Final = (
    "revenue",
    "conversions",
    "visitors",
    "conversion_rate",
    "bounce_rate",
    "duration",
)
"""The figures of the sentences, the most important first."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of both periods, with the totals that it is computed from."""

    figure: Figure
    now: changes.Totals
    before: changes.Totals
    currency: str = ""

    @property
    def values(self) -> tuple[float, float]:
        """The figure of the period and that of the comparison."""
        now, before = (changes.value(self.figure, totals) for totals in (self.now, self.before))
        return now or 0.0, before or 0.0

    @property
    def size(self) -> float:
        """The difference."""
        now, before = self.values
        return now - before

    @property
    def shown_size(self) -> float:
        """The difference of the figures as they are shown, so that what is shown adds up."""
        digits = _digits(self)
        now, before = (round(value, digits) for value in self.values)
        return round(now - before, digits)

    def shown(self, number: float) -> str:
        """A value of the figure."""
        match WORDS[self.figure.name].kind:
            case "percent":
                return formats.percent(number)
            case "seconds":
                return formats.duration(number)
            case "money":
                return formats.money(number, self.currency)
        return formats.whole(number)

    def signed(self, part: float) -> str:
        """A part of the change, with its sign."""
        kind = WORDS[self.figure.name].kind
        if kind == "percent":
            return formats.points(part)
        if kind == "count":
            return formats.decimal(part, sign=True)
        sign = "+" if part > 0 else "-" if part < 0 else ""
        return f"{sign}{self.shown(abs(part))}"


def explaining(
    tiles: ui.Tiles,
    names: Sequence[str],
    why_not: Callable[[str], str],
    opened: View | None = None,
) -> ui.Tiles:
    """Tiles of which a click on the change of a figure opens Compare, which explains it.

    ``names`` are the figures of the tiles in order; ``why_not`` returns a sentence for one that
    cannot be explained, which its tile shows, and otherwise nothing. ``opened`` is the View of the
    figures, where it is not that of the page.
    """
    reasons = [why_not(name) for name in names]
    return replace(
        tiles,
        tiles=[
            replace(tile, figure="" if reason else name, unexplained=reason)
            for tile, name, reason in zip(tiles.tiles, names, reasons, strict=True)
        ],
        on_explain=lambda figure: _explanation(figure, view=opened),
    )


def _explanation(figure: str, field: str = "", view: View | None = None) -> ui.OpenPage:
    """Opens Compare with the change of a figure, and no longer with two segments side by side."""
    params = {"figure": figure, **({"by": field} if field else {}), "left": "", "right": ""}
    return ui.OpenPage("compare", params, view)


def steps(
    change: Change, parts: pd.DataFrame, most: int, others: str
) -> list[tuple[str, float, str]]:
    """The bars of a chart of parts, rounded as they are shown, which add up to the change:
    ``label``, part and its text.

    The first ``most`` values have bars of their own, for a rate one for each kind of part; the
    ``others`` are one bar.
    """
    named = parts[parts["name"].notna()].head(most)
    bars: list[tuple[str, float]] = []
    for row in named.to_dict("records"):
        if change.figure.per is None:
            bars.append((row["label"], row["change"]))
            continue
        bars.append((_("{value}: share").format(value=row["label"]), row["mix"]))
        bars.append((_("{value}: rate").format(value=row["label"]), row["rate"]))
    rest = change.shown_size - sum(part for _unused, part in bars)
    bars.append((others, round(rest, _digits(change))))
    return [(label, part, change.signed(part)) for label, part in bars if part]


def parts_blocks(
    change: Change,
    parts: pd.DataFrame,
    others: str,
    named: tuple[str, str],
    most: int,
    filter_field: str | None = None,
    merges: tuple[Merge, ...] = (),
) -> list[ui.Block]:
    """A chart and a table of the parts of a change, which have a ``label``.

    ``others`` is the name of what has no bar of its own; ``named`` are what the parts are called,
    in the singular and in the plural.
    """
    figure = inside(_(WORDS[change.figure.name].name))
    alt = _("Parts of the change of {figure}").format(figure=figure)
    ends = (_("Whole change"), change.signed(change.shown_size))
    draw = partial(bars.waterfall, steps(change, parts, most, others), ends)
    title, many = map(_, named)
    table = ui.Table(
        _("{many}: parts of the change").format(many=many),
        parts,
        _fields_of_parts(change, title),
        "parts",
        value="name" if filter_field else None,
        filter_field=filter_field,
        merged=merged_tags.filters(merges),
    )
    return [ui.Chart(alt, "waterfall", draw), table]


def _fields_of_parts(change: Change, title: str) -> list[Field]:
    words = WORDS[change.figure.name]
    delta: formats.Kind = "points" if words.kind == "percent" else "delta"
    part = partial(
        Field,
        kind=delta,
        currency=change.currency if words.kind == "money" else "",
        falls_well=change.figure.name == "bounce_rate",
    )
    of_value = partial(Field, kind=words.kind, currency=change.currency)
    split: list[Field] = []
    if change.figure.per:
        share = SHARES[change.figure.per]
        split = [
            Field("share_before", _(share.before), "percent", wide=True),
            Field("share_now", _(share.now), "percent", wide=True),
            part("mix", _("By share")),
            part("rate", _("By rate")),
        ]
    return [
        Field("label", title, "text"),
        of_value("before", _("Before"), wide=True),
        of_value("now", _("Now"), wide=True),
        *split,
        part("change", _("Part of the change")),
    ]


def _digits(change: Change) -> int:
    """The decimals of parts: tenths of a point, whole seconds, cents."""
    match WORDS[change.figure.name].kind:
        case "percent":
            return 3
        case "money":
            return formats.decimals(change.currency)
    return 0


def parts(change: Change, *answers: Any, merges: tuple[Merge, ...] = ()) -> pd.DataFrame | None:
    """The parts of a field's values in a change (``changes.parts``) from the answers about the
    period and then those about the comparison; ``None`` if they are unknown. Merged values are one;
    what is counted twice is part of the overlap."""
    frames = figure_parts.frames(change.figure, [_merged(answer, merges) for answer in answers])
    if frames is None:
        return None
    exact = changes.parts(change.figure, *frames, change.now, change.before)
    return None if exact is None else as_shown(change, exact)


def as_shown(change: Change, parts: pd.DataFrame) -> pd.DataFrame:
    """The parts rounded as they are shown, so that sentences, charts and tables agree and add up to
    the change that is shown."""
    columns = ["mix", "rate"] if change.figure.per else ["change"]
    numbers = parts[columns].to_numpy().ravel().tolist()
    shown = np.reshape(
        changes.rounded(numbers, _digits(change), change.shown_size), (-1, len(columns))
    )
    rounded = dict(zip(columns, shown.T, strict=True))
    rounded["change"] = shown.sum(axis=1).round(_digits(change))
    return parts.assign(**rounded)


def _merged(answer: Any, merges: tuple[Merge, ...]) -> Any:
    """An answer with one row for what is merged."""
    if merges and isinstance(answer, VisitGroups):
        return merged_tags.groups(answer, merges, overlapping=True)
    return merged_tags.ranking(answer, merges) if isinstance(answer, Ranking) else answer


def section(
    query: Collector,
    view: View,
    conversion: Conversion | None,
    totals: Compared[Stats],
    brought: Sequence[Future[Any]],
    days: Sequence[Future[Timeline | None]],
) -> ui.Section:
    """What changed, in sentences. Queries for causes are sent for figures beyond their usual
    variation only.

    ``totals`` and ``brought`` are the answers that the tiles show, ``days`` is the traffic by day
    that tells what is usual (``history.ask``).
    """
    with query.later():
        recorded = query.optional(websites.daterange(view.website))
    sentences = _Sentences(query, view, conversion)
    return ui.Section(
        _("What changed"),
        sentences.make,
        [*totals, *(brought if view.whole_visits else ()), *days, recorded],
        ask_more=sentences.ask_more,
        height=HEIGHT,
        low_on_phones=True,
    )


@dataclass(slots=True)
class _Sentences:
    """The sentences of one run of a page."""

    query: Collector
    view: View
    conversion: Conversion | None
    spread: float = changes.UNKNOWN_DISPERSION
    moved: Sequence[Change] = ()
    """The figures that changed beyond their usual variation, most important first."""
    unusual: Sequence[tuple[Stretch, View]] = ()
    """The stretches of unusual days in the period, the largest first, and the View of each."""
    earlier: Sequence[Stretch] = ()
    """The largest stretch of unusual days in the comparison, if any."""
    why_not: str = ""
    """Why the period cannot be compared, if it cannot."""

    def ask_more(self, *answers: Any) -> list[Future[Any]]:
        """Find what changed and what was unusual, and send the queries for the causes."""
        days = history.joined(answers)
        self.spread = changes.dispersion(days["sessions"].tolist())
        every = history.unusual_stretches(days)
        within = _within(self.view, every)[:MOST_UNUSUAL]
        self.unusual = [(stretch, _beside(self.view, stretch, every)) for stretch in within]
        both = figure_parts.both_totals(self.view, answers)
        before = self.view.compared()
        if both and before:
            self.earlier = [
                stretch
                for stretch in _within(before, every)[:1]
                if abs(stretch.difference) >= LEAST_EARLIER * both[1]["visitors"]
            ]
        if both:
            self.why_not = self._why_not(both, answers)
        currency = self.conversion.currency if self.conversion else ""
        known = (
            figure_parts.figures_of(self.view, self.conversion) if both and not self.why_not else []
        )
        self.moved = [
            Change(FIGURES[name], *both, currency)
            for name in _ORDER
            if both and name in known and changes.is_beyond_usual(FIGURES[name], *both, self.spread)
        ][:MOST]
        sent: list[Future[Any]] = []
        with self.query.later():
            for _unused, beside in self.unusual:
                sent += self.query.compared(beside, traffic.stats)
                for field in FIELDS_OF_STRETCHES:
                    sent += self._ask(beside, field, FIGURES["visitors"])
            for change in self.moved:
                for field in _fields(change.figure):
                    sent += self._ask(self.view, field, change.figure)
        return sent

    def _ask(self, view: View, field: str, figure: Figure) -> tuple[Future[Any], Future[Any]]:
        return figure_parts.ask_groups(self.query, view, self.conversion, field, figure)

    def _why_not(self, both: tuple[changes.Totals, changes.Totals], answers: Sequence[Any]) -> str:
        """Why the period cannot be compared: one of both has no data, or not from its beginning."""
        now, before = (totals["visits"] for totals in both)
        earlier = self.view.compared()
        if not now:
            return why_empty(self.view, _("No visits in this period."))
        recorded = next((answer for answer in answers if isinstance(answer, DateRange)), None)
        if recorded and recorded.start and earlier and recorded.start > earlier.period.start:
            first = recorded.start.astimezone(zone(self.view.period.timezone))
            return _(
                "The comparison has too few days to explain a change: records begin on {day}."
            ).format(day=formats.moment(first, "day"))
        return "" if before else _("The comparison has no visits.")

    def _parts_by_field(
        self, change: Change, fields: Sequence[str], answers: Iterator[Any]
    ) -> dict[str, pd.DataFrame]:
        """The parts of a change by each field whose values are known; takes two answers a field."""
        by_field = {
            field: parts(
                change,
                next(answers),
                next(answers),
                merges=merged_tags.of(self.query, self.view.website, field),
            )
            for field in fields
        }
        return {field: frame for field, frame in by_field.items() if frame is not None}

    def make(self, *answers: Any) -> list[ui.Block]:
        """The sentences."""
        further = 2 * len(self.unusual) * (1 + len(FIELDS_OF_STRETCHES))
        further += 2 * sum(len(_fields(change.figure)) for change in self.moved)
        rest = iter(answers[len(answers) - further :])
        findings: list[ui.Finding] = []
        for stretch, beside in self.unusual:
            now, before = (figure_parts.totals_of(next(rest), None) for _side in range(2))
            change = Change(FIGURES["visitors"], now, before)
            by_field = self._parts_by_field(change, FIELDS_OF_STRETCHES, rest)
            findings.append(unusual(stretch, beside, change, by_field, self.spread))
        if self.why_not:
            findings.append(ui.Finding(self.why_not, "info"))
        for stretch in self.earlier if self.moved else ():
            about = _("The comparison has unusual days.")
            text = f"{about} {_days_in_words(self.view, stretch)}"
            days = _beside(self.view, stretch)
            findings.append(ui.Finding(text, "info", _("Open these days"), days))
        for change in self.moved:
            by_field = self._parts_by_field(change, _fields(change.figure), rest)
            findings.append(explained(change, by_field, self.spread))
        if not findings and self.view.comparison == "none":
            return [ui.Text(_("Choose a comparison in the bar to see what changed."), "empty")]
        if not findings:
            text = _("Nothing unusual: every figure is within its usual variation.")
            findings = [ui.Finding(text, "check_circle")]
        return [ui.Findings("what_changed", findings[:MOST], HEIGHT)]


def _fields(figure: Figure) -> tuple[str, ...]:
    return FIELDS_OF_RATES if figure.per else FIELDS_OF_COUNTS


def _within(view: View, stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches of unusual days in the period of a View: the largest of each kind, then the
    others by their size. Those that are small beside the largest are left out."""
    first, last = view.period.days
    within = [part for part in stretches if first <= part.last and part.first <= last]
    within.sort(key=lambda part: -abs(part.difference))
    largest = {part.kind: part for part in reversed(within)}
    least = LEAST_STRETCH * max((abs(part.difference) for part in within), default=0.0)
    named = [part for part in within if abs(part.difference) >= least]
    return sorted(named, key=lambda part: part is not largest[part.kind])


def _days_in_words(view: View, stretch: Stretch) -> str:
    """The dates of a stretch, and by how much it differs from what was expected."""
    text = (
        _("{days}: {part} more visitors than expected.")
        if stretch.kind == "spike"
        else _("{days}: {part} fewer visitors than expected.")
    )
    period = Period.of_days(stretch.first, stretch.last, view.period.timezone)
    part = abs(stretch.difference) / stretch.expected if stretch.expected else 1.0
    return text.format(days=formats.days(period), part=formats.percent(part, 0))


def _beside(view: View, stretch: Stretch, others: Sequence[Stretch] = ()) -> View:
    """The View of a stretch, compared with as many days some whole weeks before it: the last ones
    without an unusual day of another stretch, if there are any in three months."""
    timezone = view.period.timezone
    shortest = (stretch.last - stretch.first).days // 7 + 1
    before = [
        (stretch.first - timedelta(weeks=weeks), stretch.last - timedelta(weeks=weeks))
        for weeks in range(shortest, shortest + WEEKS_BACK)
    ]
    usual = (
        (first, last)
        for first, last in before
        if not any(other.first <= last and first <= other.last for other in others)
    )
    days = Period.of_days(stretch.first, stretch.last, timezone)
    earlier = Period.of_days(*next(usual, before[0]), timezone)
    against = (earlier.start, earlier.end)
    return replace(view, period=days, preset="custom", comparison="custom", against=against)


def unusual(
    stretch: Stretch,
    beside: View,
    change: Change,
    by_field: Mapping[str, pd.DataFrame],
    spread: float,
) -> ui.Finding:
    """The sentence about a stretch of unusual days; ``change`` is that of the days before it."""
    field, why = _why(change, by_field, spread)
    if field and field != "entry":
        # What was expected is not what these days are compared with.
        why = _("Compared with {dates}, {sentence}").format(
            dates=view_description.compared(beside), sentence=inside(why)
        )
    days = formats.days(beside.period)
    return ui.Finding(
        f"{_days_in_words(beside, stretch)} {why}".strip(),
        "warning" if field == "entry" and stretch.kind == "drop" else "notifications",
        _("Explain: {figure}").format(figure=days),
        _explanation(change.figure.name, field, beside),
    )


def explained(change: Change, by_field: Mapping[str, pd.DataFrame], spread: float) -> ui.Finding:
    """The sentence about a change whose parts by field are known."""
    field, why = _why(change, by_field, spread)
    return ui.Finding(
        f"{sentence(change)} {why}".strip(),
        "trending_up" if change.size > 0 else "trending_down",
        _("Explain: {figure}").format(figure=_(WORDS[change.figure.name].name)),
        _explanation(change.figure.name, field),
    )


def _why(change: Change, by_field: Mapping[str, pd.DataFrame], spread: float) -> tuple[str, str]:
    """The field that explains a change, if any, and a sentence."""
    if change.figure.per:
        split = changes.main_split(by_field, change.size)
        return (split.field, split_in_words(change, split)) if split else ("", "")
    cause = changes.main_cause(change.figure, by_field, change.now, change.before, spread)
    alike = "entry" in by_field and changes.are_alike(by_field["entry"])
    if alike and (cause is None or cause.field in ("country", "device", "entry")):
        return "entry", _("All frequent pages fell alike, so tracking may have been interrupted.")
    if cause:
        return cause.field, _part_in_words(change, cause)
    if not by_field:
        return "", ""
    return "", _("No single page, source, country or device stands out.")


def sentence(change: Change) -> str:
    """That a figure rose or fell: ``Visitors rose by 12.3% to 2,911.``"""
    now, before = change.values
    name = _(WORDS[change.figure.name].name)
    if WORDS[change.figure.name].kind == "percent":
        if not change.shown_size:
            return _("{figure} stayed at {now}.").format(figure=name, now=change.shown(now))
        by = formats.points(abs(change.shown_size)).lstrip("+")
    else:
        by = (formats.relative(abs(now / before - 1)) if before else None) or change.shown(
            abs(change.size)
        )
        by = by.lstrip("+")
    text = (
        _("{figure} rose by {by} to {now}.")
        if now > before
        else _("{figure} fell by {by} to {now}.")
    )
    return text.format(figure=name, by=by, now=change.shown(now))


def value_in_words(cause: Cause) -> str:
    """A value with its field: ``Referrer google.com``."""
    name = formats.shortened(value_name(cause.field, cause.name, of=cause.country or None))
    return f"{_(LABELS[cause.field])} {name}"


def _part_in_words(change: Change, cause: Cause) -> str:
    return _("{value} accounts for {part} of {change}.").format(
        value=value_in_words(cause),
        part=change.signed(cause.change),
        change=change.signed(change.size),
    )


def split_in_words(change: Change, split: Split) -> str:
    """Why a rate changed: ``+0.9 pts because device Mobile has a larger share of visits, …``"""
    words, share = WORDS[change.figure.name], SHARES[change.figure.per or ""]
    of_mix, of_rate = split.of_mix, split.of_rate
    clauses = [
        (
            0.0 if of_mix is None else of_mix.change,
            of_mix,
            share.larger if of_mix and of_mix.share > 0 else share.smaller,
        ),
        (
            0.0 if of_rate is None else of_rate.change,
            of_rate,
            words.up if of_rate and of_rate.change > 0 else words.down,
        ),
    ]
    said = [
        _(text).format(part=change.signed(part), name=inside(value_in_words(cause)))
        for part, cause, text in sorted(clauses, key=lambda clause: -abs(clause[0]))
        if cause and round(part, _digits(change))
    ]
    return f"{', '.join(said)}." if said else ""
