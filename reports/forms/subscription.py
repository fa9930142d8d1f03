"""The form of a subscription: a report that is mailed regularly."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from access.notes import cleaned
from access.notifications import Notification, Schedule, Subscription
from access.saved_views import SavedView
from components import (
    authorized,
    controls,
    elements,
    formats,
    navigation,
    page_registry,
    texts,
    viewer,
)
from components.runtime import component
from components.texts import N_, _
from reports import build
from reports.chromium import PAPERS
from reports.forms import common, words
from reports.forms.common import Opened
from reports.forms.words import ATTACHMENTS, FREQUENCIES
from umami.api.websites import Website
from umami.errors import InvalidView
from umami.filters import Capabilities
from umami.period import PRESETS
from umami.view import ALL_TIME, CUSTOM

KIND: Final = "subscription"
INSTEAD: Final = "last-week"
"""The period in place of fixed dates."""
_DATES: Final = ("from", "to", "compare_from", "compare_to", "tz", "website", "period", "compare")
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_LOGO: Final = component("logo_input", like="file_input")


def begin(view: SavedView, sites: Sequence[Website]) -> None:
    """Open the form for a view, which need not be saved. Call it in a callback."""
    params = view.params
    period = _last(params, "period")
    offered = [page.name for page in _offered()]
    page = view.page if view.page in offered else offered[0]
    name = common.website_names(sites).get(view.website, "")
    title = view.name if view.id else page_registry.titles()[page]
    values = {
        "name": f"{name}: {title}",
        "recipients": common.own_address(),
        "websites": [view.website],
        "pages": [page],
        "period": period if period in _periods() else INSTEAD,
        "is_moved": period not in _periods(),
        "compare": _last(params, "compare").replace(CUSTOM, "previous") or "previous",
        "language": texts.language(),
        "timezone": _last(params, "tz") or "UTC",
        **_values(Schedule()),
        "attachment": "pdf",
        "paper": "A4",
        "brand": "",
        "logo": "",
    }
    common.open_form(KIND, view.website, params, values)


def change(old: Notification, spec: Subscription) -> None:
    """Open the form for an existing subscription. Call it in a callback."""
    values = {
        "name": spec.name,
        "recipients": ", ".join(spec.recipients),
        "websites": list(spec.websites),
        "pages": list(spec.pages),
        "period": _last(spec.params, "period") or INSTEAD,
        "is_moved": False,
        "compare": _last(spec.params, "compare") or "previous",
        "language": spec.language[:2],
        "timezone": spec.timezone,
        **_values(spec.schedule),
        "attachment": spec.attachment,
        "paper": spec.paper,
        "brand": spec.brand,
        "logo": base64.b64encode(spec.logo).decode(),
    }
    common.open_form(KIND, spec.websites[0], spec.params, values, old)


def _values(due: Schedule) -> dict[str, Any]:
    return due.model_dump()


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    return next(reversed(params.get(name, ())), "")


def _periods() -> dict[str, str]:
    """The periods that move with time."""
    names = {name: _(preset.label) for name, preset in PRESETS.items()}
    return {**names, ALL_TIME: _(controls.PERIODS[ALL_TIME])}


def _offered() -> list[Any]:
    mine = navigation.opened(viewer.current().permissions)
    return [page for page in build.offered() if page in mine]


def draw(form: Opened, sites: Sequence[Website], capabilities: Capabilities) -> None:
    """Draw the form."""
    form.begin()
    common.show_loss()
    refused = common.show_mail_problem()
    common.address_input(form, _("Send to"))
    st.text_input(_("Name"), key=form.key("name"), max_chars=200)
    _schedule(form)
    names = common.website_names(common.sendable(sites))
    titles = {page.name: _(page.title) for page in _offered()}
    with elements.grid():
        _several(form, "websites", _("Websites"), names)
        _several(form, "pages", _("Pages"), titles)
        common.choice(form, "period", _("Period"), _periods())
        common.choice(
            form,
            "compare",
            _("Comparison"),
            {name: _(label) for name, label in controls.COMPARISONS.items() if name != CUSTOM},
        )
    if form.values["is_moved"]:
        elements.show_note(
            _("A mail that is sent regularly needs a period that moves, such as “Last week”.")
        )
    websites = form.held()["websites"] or [form.website]
    common.show_filters(
        common.view_of(websites[0], form.params, form.values["timezone"], capabilities)
    )
    _file(form)
    with st.expander(_("More: your name and logo")):
        _brand(form)
    elements.action_button(
        _("Save") if form.old else _("Create"),
        "mail_save",
        _save,
        form,
        sites,
        type="primary",
        disabled=refused,
    )
    common.DIALOG.show_problem()
    common.focus(form, "recipients")


def _schedule(form: Opened) -> None:
    with elements.row():
        common.choice(form, "frequency", _("How often"), common.translated(FREQUENCIES))
        frequency = st.session_state[form.key("frequency")]
        if frequency == "weekly":
            common.choice(
                form, "weekday", _("Weekday"), {day: formats.weekday(day) for day in range(7)}
            )
        elif frequency == "monthly":
            common.choice(
                form, "day", _("Day of the month"), {day: str(day) for day in range(1, 29)}
            )
        common.choice(form, "hour", _("Hour"), {hour: formats.hour(hour) for hour in range(24)})
    st.caption(_("In the time zone {zone}.").format(zone=form.values["timezone"].replace("_", " ")))


def _file(form: Opened) -> None:
    with elements.row():
        common.choice(form, "attachment", _("Attached file"), common.translated(ATTACHMENTS))
        if st.session_state[form.key("attachment")] == "pdf":
            common.choice(form, "paper", _("Paper"), {paper: paper for paper in PAPERS})
        common.choice(form, "language", _("Language"), texts.LANGUAGES)


def _brand(form: Opened) -> None:
    st.text_input(_("Your name at the top of the mail"), key=form.key("brand"), max_chars=100)
    key = form.key("logo_input")

    def chosen() -> None:
        picture = st.session_state[key].picture
        if isinstance(picture, str):
            st.session_state[form.key("logo")] = "" if picture == "-" else picture

    _LOGO(
        key=key,
        data={
            "label": _("Choose a logo (PNG or JPEG)"),
            "remove": _("Remove"),
            "problem": _("This file is no picture that can be read."),
            "content": st.session_state.get(form.key("logo")) or "",
        },
        on_picture_change=authorized.callback(chosen),
    )


def _several(form: Opened, name: str, label: str, options: Mapping[str, str]) -> None:
    key = form.key(name)
    # What its owner may no longer choose is left out.
    st.session_state[key] = [value for value in st.session_state[key] or () if value in options]
    st.multiselect(
        label, list(options), format_func=lambda option: options.get(option, option), key=key
    )


def _save(form: Opened, sites: Sequence[Website]) -> None:
    def done(spec: Subscription) -> str:
        saved = _("“{name}” will be mailed regularly.").format(name=spec.name)
        return f"{saved} {words.next_send(spec, datetime.now(UTC))}"

    common.save(form, lambda: _spec(form, sites), done)


def _spec(form: Opened, sites: Sequence[Website]) -> Subscription:
    """The subscription of the inputs. Raises ``UmamiError``."""
    held = form.held()
    recipients = common.parse_recipients(str(held["recipients"] or ""))
    websites = tuple(held["websites"] or ())
    problem = None
    if not recipients:
        problem = N_("Enter at least one mail address.")
    elif not websites:
        problem = N_("Choose at least one website.")
    elif not held["pages"]:
        problem = N_("Choose at least one page.")
    elif held["period"] not in _periods():
        problem = N_("A mail that is sent regularly needs a period that moves.")
    if problem:
        raise InvalidView(problem, remedy=common.CHECK)
    common.check_recipients(recipients, websites, sites)
    params = {name: list(values) for name, values in form.params.items() if name not in _DATES}
    if held["compare"] != form.values["compare"]:
        params.pop("weekdays", None)
    params |= {"period": [held["period"]], "compare": [held["compare"]]}
    due = {name: held[name] for name in ("frequency", "weekday", "day", "hour")}
    return common.validated(
        lambda: Subscription(
            name=cleaned(str(held["name"] or "")),
            params=params,
            recipients=common.spelled(recipients),
            timezone=held["timezone"],
            language=held["language"],
            websites=websites,
            pages=tuple(held["pages"]),
            schedule=Schedule(**due),
            attachment=held["attachment"],
            paper=held["paper"],
            brand=cleaned(str(held["brand"] or "")),
            logo=_logo(str(held["logo"] or "")),
        )
    )


def _logo(content: str) -> bytes:
    """A checked logo in Base64. Raises ``InvalidView``."""
    try:
        picture = base64.b64decode(content, validate=True)
    except binascii.Error:
        picture = b"-"
    if picture and not picture.startswith((_PNG, _JPEG)):
        raise InvalidView(N_("The logo is no PNG or JPEG."), remedy=N_("Choose another file."))
    return content.encode()
