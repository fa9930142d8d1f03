"""The setup steps that choose a data source and check the connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

import streamlit as st

from components import (
    authorized,
    elements,
    embedded_launcher,
    navigation,
    runtime,
    umami_server,
    viewer,
)
from components.escaping import plain
from components.setup_wizard import drafts
from components.setup_wizard.drafts import Draft
from umami.background_task import BackgroundTask, TaskCancelled
from umami.connection_check import CheckedServer, Way, meant, unreadable
from umami.errors import SettingsError, UmamiError
from umami.settings import Settings

SOURCES: Final = {
    "server": ("An Umami server", "Your own, or Umami Cloud: you need a way to sign in to it."),
    "tables": ("Exported data", "A folder or archive of Umami’s tables on this machine."),
    "demo": ("The demo", "A fictional shop with a year of traffic. Nothing to fill in."),
    "same": ("The current data", "Set up accounts only."),
}
WAYS: Final[dict[Way, str]] = {
    "account": "User name and password",
    "key": "API key",
    "share": "Share link",
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
        _Input("Address", "URL", "URL", _HOST),
        _Input("User name", "USERNAME", "USERNAME"),
        _Input("Password", "PASSWORD", "PASSWORD", secret=True),
    ),
    "key": (
        _Input("API key", "API_KEY", "API_KEY", secret=True),
        _Input("Address (leave it empty for Umami Cloud)", "KEY_URL", "URL", _HOST),
    ),
    "share": (
        _Input("Share link", "SHARE_URL", "SHARE_URL", f"https://{_HOST}/share/…", persists=False),
    ),
    "tables": (_Input("Folder, zip or tar", "DATA", "DATA", "~/Downloads/umami-export.zip"),),
}
HINTS: Final[dict[Way, str]] = {
    "share": "It shows one website, read-only. Create it in Umami, in the settings of the website.",
    "tables": "What Umami Cloud exports, or the tables of your database as CSV files with headers.",
}
_KEEP: Final = "setup_KEEP"
_WRONG: Final = "what was wrong with the imported tables"
SHOWN: Final = 12
"""The maximum number of listed website names."""


def choose() -> None:
    """Draw the choice of a data source and its form."""
    now: Settings | None = None
    with suppress(SettingsError):
        now = umami_server.set_up()
    # Accounts can be added to real data that is shown without accounts.
    lacks_people = now is not None and not now.demo and "people" in drafts.order()
    sources = [source for source in SOURCES if source != "same" or lacks_people]
    source = st.radio(
        "Which data do you want to see?",
        sources,
        format_func=lambda source: SOURCES[source][0],
        captions=[SOURCES[source][1] for source in sources],
        key="setup_source",
        persist_state="session",
    )
    if source == "demo" and now and now.demo:
        elements.action_button("Open the demo", None, navigation.go, "overview", type="primary")
    elif source == "demo":
        elements.action_button(
            "Continue", "setup_demo", drafts.keep, Draft(step="save"), type="primary"
        )
    elif source == "tables":
        _form("tables")
    elif source == "same" and now:
        if drafts.sent("Continue", key="setup_same", draw=st.button):
            _check(lambda: now)
    else:
        way = st.segmented_control(
            "How do you sign in to it?",
            list(WAYS),
            default="account",
            format_func=WAYS.__getitem__,
            required=True,
            key="setup_way",
            persist_state="session",
        )
        _form(way or "account")
    if sentences := st.session_state.pop(_WRONG, None):
        drafts.wrong(*sentences)


def _form(way: Way) -> None:
    """Draw the form of a connection method, and check its input."""
    with st.form(f"setup_{way}", border=True):
        typed = {entry.name: _draw_input(entry) for entry in INPUTS[way]}
        if way in HINTS:
            st.caption(HINTS[way])
        if way == "tables":
            st.checkbox(
                "Store them in a file",
                value=True,
                key=_KEEP,
                help="The next start is quick, and later exports are added to what is there.",
            )
        pressed = drafts.sent("Check", key=f"setup_check_{way}")
    if pressed and way == "tables" and st.session_state.get(_KEEP):
        _import(typed)
    elif pressed:
        _check(lambda: meant(way, typed))


def _draw_input(entry: _Input) -> str:
    return st.text_input(
        entry.label,
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
        drafts.wrong(str(problem), problem.remedy)
        return
    store = runtime.secrets_file().with_name("umami.duckdb")
    if data is not None:
        work = authorized.job(partial(embedded_launcher.take_in, data, store), "import")
        drafts.keep(Draft(Settings(store=store), importing=work))
    st.rerun()


def importing(draft: Draft, work: BackgroundTask[tuple[str, ...]]) -> None:
    """Show the progress of an import; once it is done, check the result."""
    if work.state == "running":
        elements.show_progress(work, what="Reading the tables", key="setup_import")
        return
    drafts.forget()
    try:
        notes = work.result()
    except TaskCancelled:
        st.rerun()
    except SettingsError as refusal:
        problem = unreadable(refusal)
        # The next run draws the first step.
        st.session_state[_WRONG] = (str(problem), problem.remedy)
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
        words = "Reading the tables …" if settings.embedded else "Connecting to the server …"
        with st.spinner(words):
            server = umami_server.tried(settings)
    except UmamiError as problem:
        if settings:
            viewer.record(looking, "try a server", drafts.described(settings), done=False)
        drafts.wrong(str(problem), problem.remedy)
        return
    viewer.record(looking, "try a server", drafts.described(settings))
    drafts.keep(Draft(settings, server, notes=notes))
    st.rerun()


def checked(draft: Draft, server: CheckedServer) -> None:
    """Draw the result of the check."""
    with st.container(border=True, gap="xsmall"):
        st.subheader("Connected", anchor=False)
        what = "Umami’s tables" if draft.settings.embedded else server.what
        st.markdown(f":material/check_circle: **{plain(what)}**")
        where = drafts.described(draft.settings)
        st.caption(plain(where[:1].upper() + where[1:]))
        if server.count:
            counted = "1 website" if server.count == 1 else f"{server.count:,} websites"
            names = [site.name or site.domain for site in server.websites[:SHOWN]]
            more = server.count - len(names)
            listed = drafts.listed([*names, f"{more:,} more"] if more else names)
            st.markdown(f"**{counted}**: {plain(listed, 1000)}")
        else:
            st.markdown(
                "**No website yet.** Add one in Umami, or sign in with an account that has one."
            )
        for note in draft.notes:
            st.caption(plain(note, 1000))
    drafts.onward("check")
