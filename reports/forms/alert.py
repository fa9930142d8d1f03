"""The form of an alert: what it watches for, whom it tells, and when it would have fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from access.notes import cleaned
from access.notifications import Alert, Notification, Webhook
from access.permissions import AuthorizedClient
from access.saved_views import SavedView
from components import authorized, elements, formats, texts, viewer
from components.escaping import plain
from components.texts import N_, _
from reports import alerting, webhooks
from reports.forms import common, words
from reports.forms.common import Opened
from umami.analysis.alerts import Condition, Figure, Kind
from umami.api.websites import Website
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import InvalidView, UmamiError

KIND: Final = "alert"
FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "above": ("figure", "limit", "span"),
    "below": ("figure", "limit", "span"),
    "changed": ("figure", "percent", "direction", "span"),
    "unusual": ("figure", "direction", "span"),
    "no_data": ("hours",),
    "new_value": ("field", "visitors"),
    "behind_pace": ("figure", "limit"),
}
"""The inputs of each kind of condition."""
FIGURES: Final[dict[Kind, tuple[Figure, ...]]] = {
    "unusual": ("visitors", "visits", "views"),
    "behind_pace": ("visitors", "visits", "views", "conversions", "revenue"),
}
"""The figures of the kinds that know only some."""
_REHEARSAL: Final = "the check of an alert over the last 90 days"
_FILTERS: Final = ("filter", "match", "segment", "cohort", "conversion", "conversion_currency")
_NO_WEBHOOK: Final = "none"


def begin(view: SavedView) -> None:
    """Open the form for a view, which need not be saved. Call it in a callback."""
    values = {
        "name": view.name if view.id else "",
        "recipients": "" if common.mail_problem() else common.own_address(),
        "timezone": next(iter(view.params.get("tz", ())), "UTC"),
        **_values(Condition(kind="unusual")),
        "service": _NO_WEBHOOK,
        "url": "",
        "is_quiet": False,
        "quiet_first": 22,
        "quiet_last": 7,
    }
    params = {name: items for name, items in view.params.items() if name in _FILTERS}
    common.open_form(KIND, view.website, params, {**values, "website": view.website})


def change(old: Notification, spec: Alert) -> None:
    """Open the form for an existing alert. Call it in a callback."""
    first, last = spec.quiet or (22, 7)
    values = {
        "name": spec.name,
        "recipients": ", ".join(spec.recipients),
        "timezone": spec.timezone,
        **_values(spec.condition),
        "service": spec.webhook.service if spec.webhook else _NO_WEBHOOK,
        "url": "",
        "is_quiet": spec.quiet is not None,
        "quiet_first": first,
        "quiet_last": last,
        "website": spec.website,
    }
    common.open_form(KIND, spec.website, spec.params, values, old)


def _values(watched: Condition) -> dict[str, Any]:
    rate = watched.figure == "bounce_rate" and watched.kind in ("above", "below")
    return {
        "kind": watched.kind,
        "figure": watched.figure,
        "span": watched.span,
        "direction": watched.direction,
        "limit": watched.limit * (100 if rate else 1),
        "percent": round(watched.limit * 100) if watched.kind == "changed" else 30,
        "hours": watched.hours,
        "field": watched.field,
        "visitors": int(watched.limit) if watched.kind == "new_value" else 10,
    }


def draw(form: Opened, sites: Sequence[Website], client: AuthorizedClient) -> None:
    """Draw the form."""
    form.begin()
    common.show_loss()
    names = common.website_names(common.sendable(sites))
    with elements.grid():
        common.choice(form, "website", _("Website"), names)
        common.choice(form, "kind", _("Tell me when"), common.translated(words.KINDS))
    _condition_inputs(form)
    held = form.held()
    view = common.view_of(
        held["website"], _params(form, held), held["timezone"], client.capabilities
    )
    common.show_filters(view)
    watched = _condition(held)
    if watched:
        _rehearsal(form, watched, client)
    else:
        _cancel()
        st.caption(_("Enter a value to see when this would have happened."))
    st.text_input(
        _("Name"),
        key=form.key("name"),
        max_chars=200,
        placeholder=words.condition(watched) if watched else "",
    )
    common.show_mail_problem()
    common.address_input(form, _("Send to"))
    _webhook(form)
    _quiet_hours(form)
    label = _("Save") if form.old else _("Create")
    elements.action_button(label, "mail_save", _save, form, sites, type="primary")
    common.DIALOG.show_problem()


def _condition_inputs(form: Opened) -> None:
    """Draw the inputs of the chosen kind."""
    kind: Kind = st.session_state[form.key("kind")]
    fields = FIELDS[kind]
    with elements.row():
        if "field" in fields:
            common.choice(form, "field", _("What is new"), common.translated(words.NEW_FIELDS))
        if "figure" in fields:
            offered = FIGURES.get(kind, tuple(words.FIGURES))
            figures = {name: _(words.FIGURES[name]) for name in offered}
            common.choice(form, "figure", _("Figure"), figures)
        number = partial(st.number_input, min_value=0.0, step=1.0, format="%g")
        if "limit" in fields:
            is_rate = st.session_state[form.key("figure")] == "bounce_rate"
            label = _("Limit in percent") if is_rate else _("Limit")
            label = _("Goal of the month") if kind == "behind_pace" else label
            number(label, key=form.key("limit"))
        if "percent" in fields:
            st.number_input(
                _("More than … percent"), min_value=1, max_value=10_000, key=form.key("percent")
            )
        if "direction" in fields:
            common.choice(form, "direction", _("Direction"), common.translated(words.DIRECTIONS))
        if "span" in fields:
            spans = common.translated(words.SPANS)
            if kind == "unusual":
                spans.pop("week")
            common.choice(form, "span", _("Measured"), spans)
        if "hours" in fields:
            st.number_input(
                _("Hours without data"), min_value=1, max_value=72, key=form.key("hours")
            )
        if "visitors" in fields:
            st.number_input(_("Visitors on a day, at least"), min_value=1, key=form.key("visitors"))


def _params(form: Opened, held: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters of its View: filters and conversions belong to one website."""
    same = held["website"] == form.website
    return {name: list(values) for name, values in form.params.items()} if same else {}


def _condition(held: Mapping[str, Any]) -> Condition | None:
    """The condition of the inputs; ``None`` while it lacks a limit."""
    kind: Kind = held["kind"]
    fields = FIELDS[kind]
    limit = float(held["limit"] or 0) if "limit" in fields else 0.0
    if "limit" in fields and not limit:
        return None
    if "limit" in fields and held["figure"] == "bounce_rate":
        limit /= 100
    if "percent" in fields:
        limit = float(held["percent"] or 1) / 100
    if "visitors" in fields:
        limit = float(held["visitors"] or 1)
    shared = {name: held[name] for name in ("figure", "span", "direction", "field", "hours")}
    chosen = {name: value for name, value in shared.items() if name in fields}
    return common.validated(lambda: Condition(kind=kind, limit=limit, **chosen))


def _rehearsal(form: Opened, watched: Condition, client: AuthorizedClient) -> None:
    """Show when a condition would have been met in the last 90 days. The check begins by itself and
    runs in the background."""
    held = form.held()
    params = _params(form, held)
    alert = Alert(
        name="-",
        params=params,
        website=held["website"],
        condition=watched,
        timezone=held["timezone"],
        language=texts.locale(),
    )
    before: tuple[Alert, BackgroundTask[str]] | None = authorized.data().get(_REHEARSAL)
    if before is None or before[0] != alert:
        _cancel()
        view = common.view_of(alert.website, params, alert.timezone, client.capabilities)

        def check(_progress: ProgressCallback) -> str:
            return alerting.rehearse(client, view, alert, datetime.now(UTC)).sentence

        before = alert, authorized.job(check, "rehearsal")
        authorized.data()[_REHEARSAL] = before
    _show_rehearsal(before[1])


def _show_rehearsal(task: BackgroundTask[str]) -> None:
    is_running = task.state == "running"

    @authorized.fragment(run_every=elements.EVERY if is_running else None)
    def watched() -> None:
        if is_running and task.state != "running":
            st.rerun()
        with st.container(key="rehearsal", height="content"):
            if is_running:
                st.caption(f":material/history: {_('Checking the last 90 days …')}")
            else:
                st.caption(f":material/history: {plain(_outcome(task), 600)}")

    watched()


def _outcome(task: BackgroundTask[str]) -> str:
    try:
        return task.result(0)
    except UmamiError as problem:
        return texts.sentences(problem)
    except (TaskCancelled, Exception):
        return _("The last 90 days could not be checked.")


def _cancel() -> None:
    before: tuple[Alert, BackgroundTask[str]] | None = authorized.data().pop(_REHEARSAL, None)
    if before:
        before[1].cancel()


def _webhook(form: Opened) -> None:
    services = {_NO_WEBHOOK: _("No"), **common.translated(words.SERVICES)}
    with elements.row():
        common.choice(form, "service", _("Also to a webhook"), services)
        if st.session_state[form.key("service")] != _NO_WEBHOOK:
            old = form.old.spec if form.old else None
            is_kept = isinstance(old, Alert) and old.webhook is not None
            st.text_input(
                _("Address of the webhook"),
                key=form.key("url"),
                max_chars=2_000,
                autocomplete="off",
                placeholder=_("Unchanged") if is_kept else "https://",
            )


def _quiet_hours(form: Opened) -> None:
    hours = {hour: formats.hour(hour) for hour in range(24)}
    st.toggle(
        _("Quiet hours"),
        key=form.key("is_quiet"),
        help=_("No message is sent in these hours. It follows after them if it still applies."),
    )
    if st.session_state[form.key("is_quiet")]:
        with elements.row():
            common.choice(form, "quiet_first", _("From"), hours)
            common.choice(form, "quiet_last", _("Until"), hours)


def _save(form: Opened, sites: Sequence[Website]) -> None:
    def done(spec: Alert) -> str:
        return _("“{name}” is checked every hour.").format(name=spec.name)

    common.save(form, lambda: _spec(form, sites), done)
    if common.DIALOG.form() is None:
        _cancel()


def _spec(form: Opened, sites: Sequence[Website]) -> Alert:
    """The alert of the inputs. Raises ``UmamiError``."""
    held = form.held()
    watched = _condition(held)
    if watched is None:
        raise InvalidView(N_("Enter a limit above zero."), remedy=common.CHECK)
    recipients = common.parse_recipients(str(held["recipients"] or ""))
    hook = _hook(form, held)
    if not recipients and hook is None:
        raise InvalidView(N_("Enter a mail address or a webhook."), remedy=common.CHECK)
    if recipients and hook is None and (problem := common.mail_problem()):
        raise problem
    common.check_recipients(recipients, [held["website"]], sites)
    quiet = (held["quiet_first"], held["quiet_last"]) if held["is_quiet"] else None
    return common.validated(
        lambda: Alert(
            name=cleaned(str(held["name"] or "")) or words.condition(watched),
            params=_params(form, held),
            recipients=common.spelled(recipients),
            timezone=held["timezone"],
            language=texts.language(),
            website=held["website"],
            condition=watched,
            webhook=hook,
            quiet=quiet if quiet and quiet[0] != quiet[1] else None,
        )
    )


def _hook(form: Opened, held: Mapping[str, Any]) -> Webhook | None:
    """The webhook of the inputs, whose address is checked. Raises ``UmamiError``."""
    if held["service"] == _NO_WEBHOOK:
        return None
    url, old = str(held["url"] or "").strip(), form.old.spec if form.old else None
    if not url and isinstance(old, Alert) and old.webhook:
        return Webhook(service=held["service"], url=old.webhook.url)
    if not url:
        raise InvalidView(N_("Enter the address of the webhook."), remedy=common.CHECK)
    allow_private = viewer.running().private_webhooks
    webhooks.check_address(url, allow_private=allow_private)
    return common.validated(lambda: Webhook(service=held["service"], url=url))
