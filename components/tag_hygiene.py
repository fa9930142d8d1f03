"""Tag hygiene: spellings of a tag, tagged links within the website, and untagged mails; each with
the visitors concerned and the repair."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain
from typing import Final

import pandas as pd

from access.accounts import EVERYBODY
from access.notes import Note
from access.rules import Rule
from components import blocks as ui
from components import formats, history, merged_tags, texts, visit_tables
from components.converters import PARTS
from components.formats import Field
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import NN_, _
from umami.analysis import untagged_mails
from umami.analysis.tag_hygiene import Variants, variants
from umami.analysis.untagged_mails import UntaggedDay
from umami.api import conversions, reports, traffic
from umami.api.conversions import InternalTags
from umami.api.reports import Utm
from umami.api.traffic import Ranking, Timeline
from umami.errors import InvalidView
from umami.filters import MOST_VALUES, Filter
from umami.memoize import memoize
from umami.period import Period
from umami.view import View

ENDPOINTS: Final = ("metrics", "utm", "pageviews", "annotations", "internal_tags")
"""What a page with this card queries."""
MOST: Final = 500
"""Names of a field that are compared, the most frequent first."""
MOST_FINDINGS: Final = 20
"""Names that are listed; a file has all of them."""
MOST_NAMED: Final = 6
"""Spellings that a sentence names."""
FEWEST_VISITS: Final = 3
"""The visits from which a tagged link within the website tells: a second click in a mail during one
visit looks the same."""
VISITORS: Final = NN_("{count} visitor", "{count} visitors")
VIEWS: Final = NN_("{count} view", "{count} views")
MAILS: Final = re.compile(
    r"\b(e-?mails?|mail(ing)?s?|newsletters?|rundmails?|courriels?|infolettres?|correos?"
    r"|bolet[ií]n)\b",
    re.IGNORECASE,
)
"""Words of notes about a mail."""
MAIL_MEDIUM: Final = "^(e[-_ ]?mail|mail|mailing|newsletter)s?$"
"""The mediums of mails, as a regular expression of servers."""
SOURCED: Final = ("utmSource", "utmMedium", "utmCampaign", "referrer")
"""Fields of which a visitor with a source has at least one."""


def card(query: Collector, view: View) -> ui.Card:
    """Send the queries for what is wrong with the tags of a View."""
    items = [_spellings(query, view), _links(query, view), _mails(query, view)]
    about = _("What splits a campaign over several rows, or hides where a visit came from.")
    return ui.Card(_("Tag hygiene"), items, about=about)


def _spellings(query: Collector, view: View) -> ui.Section:
    rankings = [query.optional(traffic.metrics(view, field, MOST)) for field in merged_tags.FIELDS]
    rules, reader = query.rules(view.website, merged_tags.KIND), query.reader
    changes = reader is not None and reader.rules.may_change(view.website)
    reads = reader and reader.account and reader.permissions.filters(view.website)
    listed = rules if reads else ()
    make = partial(spelling_blocks, view, rules, listed, changes)
    return ui.Section(
        _("Spellings"), make, [*rankings, query.optional(reports.utm(view))], height=ui.TILES
    )


def spelling_blocks(
    view: View,
    rules: Sequence[Rule],
    listed: Sequence[Rule],
    changes: bool,
    *answers: Ranking | Utm | None,
) -> list[ui.Block]:
    """The names that occur in several spellings, with the repair and, for who ``changes`` rules, a
    button that shows them in one row; and the rules that are ``listed``. ``answers`` are rankings
    by field and the views by tag."""
    counts = {field: counted(field, *answers) for field in merged_tags.FIELDS}
    spelled = [(field, each) for field in counts for each in _variants(field, *answers)]
    spelled.sort(key=lambda item: -item[1].concerned)
    findings = [
        _finding(view, field, each, counts[field][1], rules, changes)
        for field, each in spelled[:MOST_FINDINGS]
    ]
    blocks: list[ui.Block] = [_heading(_("Spellings"))]
    if findings:
        blocks.append(ui.Findings("spellings", findings))
        if len(spelled) > len(findings):
            more = NN_("{count} more is in the file.", "{count} more are in the file.")
            blocks.append(ui.Text(formats.counted(*more, len(spelled) - len(findings))))
        blocks.append(_table(spelled, {unit for _count, unit in counts.values()}))
    else:
        blocks.append(ui.Text(_("No tag occurs in several spellings.")))
    unknown = [_field(field) for field, count in counts.items() if count[0] is None]
    if unknown:
        text = _("Not checked, as the server did not tell: {fields}.")
        blocks.append(ui.Text(text.format(fields=", ".join(unknown))))
    cut = [_field(field) for field, count in counts.items() if len(count[0] or ()) >= MOST]
    if cut:
        text = _("Only the {most} most frequent are checked: {fields}.")
        blocks.append(ui.Text(text.format(most=MOST, fields=", ".join(cut))))
    active = [(rule, merge) for rule in listed if (merge := merged_tags.read(rule))]
    if active:
        undo = [_rule_finding(rule, merge, changes) for rule, merge in active]
        blocks.append(_heading(_("Shown as one")))
        blocks.append(ui.Findings("merged_tags", undo, medium="page"))
    return blocks


def _heading(title: str) -> ui.Text:
    return ui.Text("", "body", lead=title, medium="page")


def counted(
    field: str, *answers: Ranking | Utm | None
) -> tuple[Mapping[str, int] | None, tuple[str, str]]:
    """The visitors by the values of a field, or else the views, with the words for their number;
    ``None`` where neither is known."""
    *rankings, utm = answers
    ranking = rankings[merged_tags.FIELDS.index(field)]
    if isinstance(ranking, Ranking):
        return {row.name: row.count for row in ranking.rows if row.name}, VISITORS
    if isinstance(utm, Utm):
        tags = utm.frame[utm.frame["parameter"] == PARTS[field]]
        return dict(zip(tags["value"], tags["views"].astype(int), strict=True)), VIEWS
    return None, VISITORS


@memoize
def _variants(field: str, *answers: Ranking | Utm | None) -> tuple[Variants, ...]:
    """The spellings of the values of a field."""
    return variants(counted(field, *answers)[0] or {})


def _field(field: str) -> str:
    return _(visit_tables.SOURCES[field][2])  # type: ignore[index]


def _finding(
    view: View,
    field: str,
    group: Variants,
    unit: tuple[str, str],
    rules: Sequence[Rule],
    changes: bool,
) -> ui.Finding:
    (name, count), *others = group.counts
    named = [f"{_quoted(name)} ({formats.counted(*unit, count)})"]
    named += [
        f"{_quoted(other)} ({formats.whole(number)})" for other, number in others[: MOST_NAMED - 1]
    ]
    if len(group.counts) > MOST_NAMED:
        more = len(group.counts) - MOST_NAMED
        named.append(formats.counted(*NN_("{count} more", "{count} more"), more))
    text = _("{tag}: {spellings}. Use {name} in your links.").format(
        tag=_field(field), spellings=", ".join(named), name=_quoted(name)
    )
    names = group.names[:MOST_VALUES]
    merged = any(set(names) <= set(merge.values) for merge in merged_tags.in_effect(rules, field))
    if (merged or changes) and len(group.names) > len(names):
        most = _("Only the {most} most frequent can be shown in one row.")
        text = f"{text} {most.format(most=MOST_VALUES)}"
    elif merged:
        text = f"{text} {_('They are shown in one row.')}"
    if merged or not changes:
        return ui.Finding(text, "spellcheck")
    try:
        merge = Merge(field, name, names)
        rule = merged_tags.rule_of(view.website, merge)
    except InvalidView:
        # No filter can have such a value.
        return ui.Finding(text, "spellcheck")
    return ui.Finding(text, "spellcheck", _("Show as one"), ui.AddRule(rule), "merge")


def _quoted(name: str) -> str:
    """A name within a sentence, in which backticks would mark code."""
    return f"“{formats.shortened(name.replace('`', 'ˋ'))}”"


def _rule_finding(rule: Rule, merge: Merge, changes: bool) -> ui.Finding:
    others = [_quoted(value) for value in merge.values if value != merge.name]
    more = [f"+{formats.whole(len(others) - MOST_NAMED)}"] if len(others) > MOST_NAMED else []
    text = _("{tag}: {name} includes {others}.").format(
        tag=_field(merge.field),
        name=_quoted(merge.name),
        others=", ".join([*others[:MOST_NAMED], *more]),
    )
    if rule.author != EVERYBODY:
        text = f"{text} {_('By {author}.').format(author=formats.shortened(rule.author))}"
    if not changes:
        return ui.Finding(text, "merge")
    return ui.Finding(text, "merge", _("Undo"), ui.DeleteRule(rule), "undo")


def _table(spelled: Sequence[tuple[str, Variants]], units: Collection[tuple[str, str]]) -> ui.Table:
    """All spellings, for a file: pages and reports name them in sentences."""
    rows = [
        (_field(field), each.name, name, count)
        for field, each in spelled
        for name, count in each.counts
    ]
    frame = pd.DataFrame(rows, columns=["field", "use", "name", "count"])
    counted_by = _("Visitors") if VISITORS in units else _("Views")
    fields = [
        Field("field", _("Parameter"), "text"),
        Field("use", _("Use"), "text"),
        Field("name", _("Spelling"), "text"),
        Field("count", counted_by),
    ]
    return ui.Table(_("spellings"), frame, fields, "tag_spellings", shown=0, printed=0)


def _links(query: Collector, view: View) -> ui.Section:
    title = _("Tagged links within the website")
    heading = _heading(title)
    if view.whole_visits:
        answer = query.ask(conversions.internal_tags(view))
        return ui.Section(title, lambda links: [heading, *link_blocks(links)], [answer])
    reason = _("This server does not tell what a visit viewed before a tagged page.")
    if query.client.capabilities.whole_visits:
        reason = _("Not checked with locked filters.")
    return ui.blocks_section(title, heading, ui.Text(reason))


@texts.memoize
def link_blocks(links: InternalTags) -> list[ui.Block]:
    """The pages that link to other pages of the website with tags, and the repair."""
    frame = links.frame[links.frame["visits"] >= FEWEST_VISITS].reset_index(drop=True)
    if frame.empty:
        return [ui.Text(_("No page links to another one with tags."))]
    repair = _(
        "Remove the utm_ parameters from links between your own pages: they overwrite the source "
        "of the visit. Links that fewer than {count} visits followed are left out."
    ).format(count=FEWEST_VISITS)
    fields = [
        Field("source", _("Page with the link"), "text"),
        Field("name", _("Tagged page"), "text"),
        Field("visits", _("Visits"), bar=True),
        Field("visitors", _("Visitors")),
    ]
    table = ui.Table(_("tagged links"), frame, fields, "internal_tags", shown=5)
    return [ui.Text(repair, "body"), table]


def _mails(query: Collector, view: View) -> ui.Section:
    title = _("Mails without tags")
    heading = _heading(title)
    reason = ""
    days = history.of_days(view, history.last_day(view))
    if view.is_filtered:
        reason = _("Not checked with filters.")
    else:
        sourced = replace(
            days,
            filters=tuple(Filter(field, "re", ".") for field in SOURCED),
            match="any",
            whole_visits=False,
        )
        mails = replace(days.filtered("utmMedium", MAIL_MEDIUM, "re"), whole_visits=False)
        capabilities = query.client.capabilities
        if lacking := sourced.lacking(capabilities) or mails.lacking(capabilities):
            reason = _("Not checked: {reason}").format(reason=texts.inside(_(lacking)))
    if reason:
        return ui.blocks_section(title, heading, ui.Text(reason))
    series = [query.optional(traffic.pageviews(each)) for each in (days, sourced, mails)]

    def make(notes: Sequence[Note], *counts: Timeline | None) -> list[ui.Block]:
        on_days = note_days(notes, view.period)
        return [heading, *mail_blocks(view, on_days, *counts)]

    return ui.Section(title, make, [query.notes(view), *series])


def note_days(notes: Iterable[Note], period: Period) -> frozenset[date]:
    """The days of a period on which notes about a mail begin."""
    first, last = period.days
    days = (note.walls(period.timezone)[0].date() for note in notes if MAILS.search(note.text))
    return frozenset(day for day in days if first <= day <= last)


@memoize
def _untagged(
    on_days: frozenset[date], period: Period, every: Timeline, sourced: Timeline, mails: Timeline
) -> tuple[frozenset[date], tuple[UntaggedDay, ...] | None]:
    """The days of mails within a period, by notes and by tags; and of these the days with clearly
    more visitors without a source than usual, ``None`` if that is unknown."""
    days = history.joined([every])["sessions"]
    with_source, by_mail = (
        history.on_days(each.frame.set_index("time")["sessions"], days.index)
        for each in (sourced, mails)
    )
    first, last = period.days
    tagged = (day for day in untagged_mails.mail_days(by_mail) if first <= day <= last)
    every_day = frozenset(chain(on_days, tagged))
    direct = (days - with_source).clip(lower=0)
    return every_day, untagged_mails.untagged_days(direct, every_day)


def mail_blocks(
    view: View,
    on_days: frozenset[date],
    every: Timeline | None,
    sourced: Timeline | None,
    mails: Timeline | None,
) -> list[ui.Block]:
    """The days of mails with clearly more visitors without a source than usual, and the repair.
    ``on_days`` are those of notes about mails; the timelines count all visitors by day, those with
    a source, and those by tagged links in mails."""
    if every is None or sourced is None or mails is None:
        return [ui.Text(_("Not checked, as the server did not tell."))]
    days, untagged = _untagged(on_days, view.period, every, sourced, mails)
    if untagged is None:
        text = _("Too little data to tell how many visitors without a source are usual.")
    elif not days:
        text = _("No day of this period looks like a day on which a mail was sent.")
    elif not untagged:
        text = _("No day of a mail has clearly more visitors without a source than usual.")
    else:
        findings = [_mail_finding(view, each) for each in untagged]
        return [ui.Findings("untagged_mails", findings)]
    return [ui.Text(text)]


def _mail_finding(view: View, untagged: UntaggedDay) -> ui.Finding:
    day = Period.of_days(untagged.day, untagged.day, view.period.timezone)
    text = _(
        "{day}, a day of a mail: {visitors} without a source, {more} more than usual. Tag the "
        "links of the mail."
    ).format(
        day=formats.period(day),
        visitors=formats.counted(*VISITORS, round(untagged.visitors)),
        more=formats.whole(untagged.more),
    )
    return ui.Finding(text, "mail", _("Open the day"), view.of_period(day))
