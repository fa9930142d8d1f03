"""The setup steps that choose a data source and check the connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

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
_KEEP: Final = "setup_KEEP"
SHOWN: Final = 12
"""The maximum number of listed website names."""


def choose() -> None:
    """Draw the choice of a data source and its form."""
    now = _now()
    sources = [source for source in SOURCES if source != "same" or _lacks_people(now)]
    source = st.radio(
        "Which data do you want to see?",
        sources,
        format_func=lambda source: SOURCES[source][0],
        captions=[SOURCES[source][1] for source in sources],
        key="setup_source",
        persist_state="session",
    )
    if source == "demo":
        _demo(now)
    elif source == "tables":
        _form("tables", _tables)
    elif source == "same" and now:
        if drafts.sent("Continue", key="setup_same", draw=st.button):
            _ask(lambda: now)
    else:
        _server()
    drafts.was_wrong()


def _now() -> Settings | None:
    """The current settings; ``None`` if they are invalid."""
    try:
        return umami_server.set_up()
    except SettingsError:
        return None


def _lacks_people(now: Settings | None) -> bool:
    """Whether real data is shown without accounts."""
    return now is not None and not now.demo and "people" in drafts.order()


def _demo(now: Settings | None) -> None:
    if now and now.demo:
        st.button(
            "Open the demo",
            type="primary",
            on_click=authorized.callback(navigation.go),
            args=("overview",),
        )
    else:
        st.button(
            "Continue",
            key="setup_demo",
            type="primary",
            on_click=authorized.callback(drafts.keep),
            args=(Draft(step="save"),),
        )


def _server() -> None:
    way = st.segmented_control(
        "How do you sign in to it?",
        list(WAYS),
        default="account",
        format_func=WAYS.__getitem__,
        required=True,
        key="setup_way",
        persist_state="session",
    )
    fields = {"account": _account, "key": _key, "share": _share}
    _form(way or "account", fields[way or "account"])


def _account() -> dict[str, str]:
    return {
        "URL": _typed("Address", "URL", "umami.example.com"),
        "USERNAME": _typed("User name", "USERNAME", ""),
        "PASSWORD": _secret("Password", "PASSWORD"),
    }


def _key() -> dict[str, str]:
    return {
        "API_KEY": _secret("API key", "API_KEY"),
        "URL": _typed("Address (leave it empty for Umami Cloud)", "KEY_URL", "umami.example.com"),
    }


def _share() -> dict[str, str]:
    link = _typed("Share link", "SHARE_URL", "https://umami.example.com/share/…", persist=False)
    st.caption(
        "It shows one website, read-only. Create it in Umami, in the settings of the website."
    )
    return {"SHARE_URL": link}


def _tables() -> dict[str, str]:
    typed = _typed("Folder, zip or tar", "DATA", "~/Downloads/umami-export.zip")
    st.caption(
        "What Umami Cloud exports, or the tables of your database as CSV files with headers."
    )
    st.checkbox(
        "Store them in a file",
        value=True,
        key=_KEEP,
        help="The next start is quick, and later exports are added to what is there.",
    )
    return {"DATA": typed}


def _typed(label: str, name: str, placeholder: str, *, persist: bool = True) -> str:
    return st.text_input(
        label,
        key=f"setup_{name}",
        placeholder=placeholder,
        autocomplete="off",
        persist_state="session" if persist else None,
    )


def _secret(label: str, name: str) -> str:
    return st.text_input(label, key=f"setup_{name}", type="password", autocomplete="new-password")


def _form(way: Way, fields: Callable[[], dict[str, str]]) -> None:
    """Draw the form of a connection method, and check its input."""
    with st.form(f"setup_{way}", border=True):
        typed = fields()
        pressed = drafts.sent("Check", key=f"setup_check_{way}")
    if pressed and way == "tables" and st.session_state.get(_KEEP):
        _import(typed)
    elif pressed:
        _ask(lambda: meant(way, typed))


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
        drafts.wrong_next(str(problem), problem.remedy)
        st.rerun()
    else:
        _ask(lambda: draft.settings, notes)


def _ask(chosen: Callable[[], Settings], notes: tuple[str, ...] = ()) -> None:
    """Check the chosen settings and continue, or show the error."""
    looking = viewer.still()
    if not viewer.sets_up(looking):
        st.rerun()
    settings: Settings | None = None
    try:
        settings = chosen()
        server = _look(settings)
    except UmamiError as problem:
        if settings:
            viewer.record(looking, "try a server", drafts.described(settings), done=False)
        drafts.wrong(str(problem), problem.remedy)
        return
    viewer.record(looking, "try a server", drafts.described(settings))
    drafts.keep(Draft(settings, server, notes=notes))
    st.rerun()


def _look(settings: Settings) -> CheckedServer:
    """Check the server with a spinner. Raises ``UmamiError``."""
    words = "Reading the tables …" if settings.embedded else "Connecting to the server …"
    with st.spinner(words):
        return umami_server.tried(settings)


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
