"""The draft of a setup, and the steps that choose a data source and check the connection.

A draft is filled step by step in one tab, and discarded when the page is left. It contains
passwords of accounts only as hashes, but the credentials of the server in plain text until they are
saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple, get_args

import streamlit as st

from access.secrets_file import Person
from components import (
    authorized,
    elements,
    embedded_launcher,
    formats,
    navigation,
    runtime,
    texts,
    umami_server,
    viewer,
)
from components.escaping import plain
from components.texts import N_, _
from umami.background_task import BackgroundTask, TaskCancelled
from umami.connection_check import CheckedServer, Way, meant, unreadable
from umami.errors import SettingsError, UmamiError
from umami.settings import Settings

Step = Literal["choose", "check", "people", "save"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
STEP_NAMES: Final[dict[Step, str]] = {
    "choose": N_("Choose"),
    "check": N_("Check"),
    "people": N_("People"),
    "save": N_("Save"),
}
_DRAFT: Final = "what is being set up"
_SENT: Final = "the form that was just sent"


@dataclass(frozen=True, slots=True)
class Draft:
    """The current choices; default settings mean the demo."""

    settings: Settings = field(default_factory=Settings, repr=False)
    server: CheckedServer | None = None
    """The checked server; ``None`` for the demo, which needs no check."""
    step: Step = "check"
    people: tuple[Person, ...] = ()
    refused: str = ""
    """The reason why it could not be saved."""
    importing: BackgroundTask[tuple[str, ...]] | None = None
    """The running import of tables; the check follows when it is done."""
    notes: tuple[str, ...] = ()
    """Sentences about data that the import skipped."""

    @property
    def admin(self) -> Person | None:
        """The first admin."""
        return next((person for person in self.people if "admin" in person.roles), None)


def current() -> Draft | None:
    """The draft of this tab, if any."""
    draft: Draft | None = authorized.data().get(_DRAFT)
    return draft


def keep(draft: Draft) -> None:
    """Store the draft of this tab."""
    authorized.data()[_DRAFT] = draft


def forget() -> None:
    """Discard the draft, cancel its import and close its tables."""
    draft: Draft | None = authorized.data().pop(_DRAFT, None)
    if draft:
        if draft.importing:
            draft.importing.cancel()
        umami_server.let_go(draft.settings)


def order() -> list[Step]:
    """The steps of the setup; without ``people`` if accounts exist already."""
    makes = not viewer.signs_in() and viewer.accounts_stand_in_secrets()
    return [step for step in STEPS if makes or step != "people"]


def go(step: Step) -> None:
    """Go to a step; ``choose`` discards the draft. Call it in a callback."""
    draft = current()
    if step == "choose":
        forget()
    elif draft:
        keep(replace(draft, step=step, refused=""))


def steps(now: Step) -> None:
    """Draw the list of steps and the current step."""
    at = order().index(now)
    with st.container(horizontal=True, gap="xsmall", key="setup_steps"):
        for number, step in enumerate(order()):
            st.badge(
                f"{number + 1} {_(STEP_NAMES[step])}",
                icon=":material/check:" if number < at else None,
                color="primary" if number == at else "green" if number < at else "gray",
            )


def onward(now: Step, label: str = "", *, primary: bool = True) -> None:
    """Draw buttons to the next and the previous step."""
    following = order()[order().index(now) + 1]
    with st.container(horizontal=True, gap="small"):
        kind = "primary" if primary else "secondary"
        elements.action_button(label or _("Continue"), "setup_on", go, following, type=kind)
        back(now)


def back(now: Step) -> None:
    """Draw a button to the previous step; without a check, that is ``choose``."""
    draft = current()
    before = order()[order().index(now) - 1] if draft and draft.server else "choose"
    elements.text_button(_("Back"), "setup_back", go, before)


def sent(
    label: str, *, key: str, primary: bool = True, draw: Callable[..., Any] = st.form_submit_button
) -> bool:
    """Draw a button and return whether it was pressed; survives a rerun in between."""

    def pressed() -> None:
        st.session_state[_SENT] = key

    kind = "primary" if primary else "secondary"
    draw(label, key=key, type=kind, on_click=authorized.callback(pressed))
    if st.session_state.get(_SENT) != key:
        return False
    del st.session_state[_SENT]
    return True


def wrong(*sentences: str) -> None:
    """Show an error in the input and its remedy."""
    st.error(
        "  \n".join(plain(sentence, 400) for sentence in sentences if sentence),
        icon=":material/error:",
    )


def described(settings: Settings) -> str:
    """A description of settings without secrets."""
    if settings.database:
        if settings.writer:
            return _("a replica of a database; changes are made by {server}").format(
                server=described(settings.writer)
            )
        return _("a replica of a database")
    if settings.embedded:
        return (
            _("demo data")
            if settings.demo
            else _("tables in {data}").format(data=settings.data or settings.store)
        )
    where = (
        "Umami Cloud"
        if settings.cloud
        else _("Umami at {address}").format(address=settings.address)
    )
    if settings.share is not None:
        return _("{where}, by a share link").format(where=where)
    return (
        _("{where}, with an API key").format(where=where)
        if settings.api_key
        else _("{where}, as {username}").format(where=where, username=settings.username)
    )


def listed(words: Sequence[str]) -> str:
    """Join words for a sentence: ``a, b and c``."""
    return (
        words[0]
        if len(words) == 1
        else _("{words} and {last}").format(words=", ".join(words[:-1]), last=words[-1])
    )


SOURCES: Final = {
    "server": (
        N_("An Umami server"),
        N_("Your own, or Umami Cloud: you need a way to sign in to it."),
    ),
    "tables": (N_("Exported data"), N_("A folder or archive of Umami’s tables on this machine.")),
    "database": (
        N_("The database of an Umami"),
        N_("A replica of its PostgreSQL database: answers are several times faster."),
    ),
    "demo": (N_("The demo"), N_("A fictional shop with a year of traffic. Nothing to fill in.")),
    "same": (N_("The current data"), N_("Set up accounts only.")),
}
WAYS: Final[dict[Way, str]] = {
    "account": N_("User name and password"),
    "key": N_("API key"),
    "share": N_("Share link"),
}


class _Input(NamedTuple):
    """An input of a form; its widget is ``key``, the setting that it fills ``name``."""

    label: str
    key: str
    name: str
    placeholder: str = ""
    secret: bool = False
    persists: bool = True


_HOST: Final = "umami.example.com"
INPUTS: Final[dict[Way, tuple[_Input, ...]]] = {
    "account": (
        _Input(N_("Address"), "URL", "URL", _HOST),
        _Input(N_("User name"), "USERNAME", "USERNAME"),
        _Input(N_("Password"), "PASSWORD", "PASSWORD", secret=True),
    ),
    "key": (
        _Input(N_("API key"), "API_KEY", "API_KEY", secret=True),
        _Input(N_("Address (leave it empty for Umami Cloud)"), "KEY_URL", "URL", _HOST),
    ),
    "share": (
        _Input(
            N_("Share link"), "SHARE_URL", "SHARE_URL", f"https://{_HOST}/share/…", persists=False
        ),
    ),
    "tables": (_Input(N_("Folder, zip or tar"), "DATA", "DATA", "~/Downloads/umami-export.zip"),),
    "database": (
        _Input(
            N_("Address of the database"),
            "DATABASE_URL",
            "DATABASE_URL",
            "postgresql://reader:password@host/umami",
            secret=True,
        ),
    ),
}
WRITER: Final = (
    _Input(N_("Address of Umami"), "WRITER_URL", "URL", _HOST),
    _Input(N_("User name"), "WRITER_USERNAME", "USERNAME"),
    _Input(N_("Password"), "WRITER_PASSWORD", "PASSWORD", secret=True),
)
"""The inputs of the server that makes the changes to a database."""
HINTS: Final[dict[Way, str]] = {
    "share": N_(
        "It shows one website, read-only. Create it in Umami, in the settings of the website."
    ),
    "tables": N_(
        "What Umami Cloud exports, or the tables of your database as CSV files with headers."
    ),
    "database": N_(
        "A role that may only read is enough. The rows are copied into a file beside the "
        "secrets, which then follows the database."
    ),
}
_KEEP: Final = "setup_KEEP"
_WRONG: Final = "what was wrong with the imported tables"
SHOWN: Final = 12
"""The maximum number of listed website names."""
LEAST_LAG: Final = 5.0
"""Seconds by which a standby is behind before the check says so."""


def choose() -> None:
    """Draw the choice of a data source and its form."""
    now: Settings | None = None
    with suppress(SettingsError):
        now = umami_server.set_up()
    # Accounts can be added to real data that is shown without accounts.
    lacks_people = now is not None and not now.demo and "people" in order()
    sources = [source for source in SOURCES if source != "same" or lacks_people]
    source = st.radio(
        _("Which data do you want to see?"),
        sources,
        format_func=lambda source: _(SOURCES[source][0]),
        captions=[_(SOURCES[source][1]) for source in sources],
        key="setup_source",
        persist_state="session",
    )
    if source == "demo" and now and now.demo:
        elements.action_button(_("Open the demo"), None, navigation.go, "overview", type="primary")
    elif source == "demo":
        elements.action_button(
            _("Continue"), "setup_demo", keep, Draft(step="save"), type="primary"
        )
    elif source == "tables":
        _form("tables")
    elif source == "database":
        _form("database")
    elif source == "same" and now:
        if sent(_("Continue"), key="setup_same", draw=st.button):
            _check(lambda: now)
    else:
        way = st.segmented_control(
            _("How do you sign in to it?"),
            list(WAYS),
            default="account",
            format_func=lambda way: _(WAYS[way]),
            required=True,
            key="setup_way",
            persist_state="session",
        )
        _form(way or "account")
    if sentences := st.session_state.pop(_WRONG, None):
        wrong(*sentences)


def _form(way: Way) -> None:
    """Draw the form of a connection method, and check its input."""
    with st.form(f"setup_{way}", border=True):
        typed = {entry.name: _draw_input(entry) for entry in INPUTS[way]}
        if way in HINTS:
            st.caption(_(HINTS[way]))
        if way == "database":
            with st.expander(_("Make changes in the dashboard (optional)")):
                st.caption(
                    _(
                        "The dashboard never writes into the database. With an account of the "
                        "Umami that uses it, websites, segments, saved reports and notes can be "
                        "changed here: the dashboard sends changes to that Umami."
                    )
                )
                typed |= {entry.name: _draw_input(entry) for entry in WRITER}
        if way == "tables":
            st.checkbox(
                _("Store them in a file"),
                value=True,
                key=_KEEP,
                help=_("The next start is quick, and later exports are added to what is there."),
            )
        pressed = sent(_("Check"), key=f"setup_check_{way}")
    if pressed and way == "tables" and st.session_state.get(_KEEP):
        _import(typed)
    elif pressed and way == "database":
        # A file of its own: the one for tables may contain data of other sources.
        store = runtime.secrets_file().with_name("replica.duckdb")
        _check(lambda: meant(way, typed).model_copy(update={"store": store}))
    elif pressed:
        _check(lambda: meant(way, typed))


def _draw_input(entry: _Input) -> str:
    return st.text_input(
        _(entry.label),
        key=f"setup_{entry.key}",
        type="password" if entry.secret else "default",
        placeholder=entry.placeholder,
        autocomplete="new-password" if entry.secret else "off",
        persist_state="session" if entry.persists and not entry.secret else None,
    )


def _import(typed: dict[str, str]) -> None:
    """Start to import tables into the store file, or show why they cannot be read."""
    looking = viewer.still()
    if not viewer.sets_up(looking):
        st.rerun()
    try:
        data = meant("tables", typed).data
    except UmamiError as problem:
        wrong(texts.sentence(problem), _(problem.remedy))
        return
    store = runtime.secrets_file().with_name("umami.duckdb")
    if data is not None:
        work = authorized.job(partial(embedded_launcher.take_in, data, store), "import")
        keep(Draft(Settings(store=store), importing=work))
    st.rerun()


def importing(draft: Draft, work: BackgroundTask[tuple[str, ...]]) -> None:
    """Show the progress of an import; once it is done, check the result."""
    if work.state == "running":
        elements.show_progress(work, what=_("Reading the tables"), key="setup_import")
        return
    forget()
    try:
        notes = work.result()
    except TaskCancelled:
        st.rerun()
    except SettingsError as refusal:
        problem = unreadable(refusal, draft.settings)
        # The next run draws the first step.
        st.session_state[_WRONG] = (texts.sentence(problem), _(problem.remedy))
        st.rerun()
    else:
        _check(lambda: draft.settings, notes)


def _check(chosen: Callable[[], Settings], notes: tuple[str, ...] = ()) -> None:
    """Check the chosen settings and continue, or show the error."""
    looking = viewer.still()
    if not viewer.sets_up(looking):
        st.rerun()
    settings: Settings | None = None
    try:
        settings = chosen()
        reads = settings.embedded and not settings.database
        words = _("Reading the tables …") if reads else _("Connecting to the server …")
        with st.spinner(words):
            server = umami_server.tried(settings)
            notes = (*notes, *_standby_notes(settings))
    except UmamiError as problem:
        if settings:
            viewer.record(looking, "try a server", described(settings), done=False)
        wrong(texts.sentence(problem), _(problem.remedy))
        return
    viewer.record(looking, "try a server", described(settings))
    keep(Draft(settings, server, notes=notes))
    st.rerun()


def _standby_notes(settings: Settings) -> tuple[str, ...]:
    """A sentence if the database is a standby that is behind its primary."""
    replica = umami_server.opened(settings).replica if settings.database else None
    seconds = replica.status.lag.total_seconds() if replica else 0.0
    if seconds < LEAST_LAG:
        return ()
    text = _("The database is a standby that is {duration} behind its primary, and so are figures.")
    return (text.format(duration=formats.duration(seconds)),)


def checked(draft: Draft, server: CheckedServer) -> None:
    """Draw the result of the check."""
    with st.container(border=True, gap="xsmall"):
        st.header(_("Connected"), anchor=False)
        exported = draft.settings.embedded and not draft.settings.database
        what = _("Umami’s tables") if exported else server.what
        st.markdown(f":material/check_circle: **{plain(what)}**")
        where = described(draft.settings)
        st.caption(plain(where[:1].upper() + where[1:]))
        if server.count:
            counted = formats.counted("{count} website", "{count} websites", server.count)
            names = [site.name or site.domain for site in server.websites[:SHOWN]]
            more = server.count - len(names)
            words = listed(
                [*names, _("{more} more").format(more=formats.whole(more))] if more else names
            )
            st.markdown(f"**{counted}**: {plain(words, 1000)}")
        else:
            st.markdown(
                _("**No website yet.** Add one in Umami, or sign in with an account that has one.")
            )
        for note in draft.notes:
            st.caption(plain(note, 1000))
    onward("check")
