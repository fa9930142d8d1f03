"""The draft of a setup: filled step by step in one tab, and discarded when the page is left.

It contains passwords of accounts only as hashes, but the credentials of the server in plain text
until they are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import streamlit as st

from access.secrets_file import Person
from components import authorized, elements, umami_server, viewer
from components.escaping import plain
from umami.background_task import BackgroundTask
from umami.connection_check import CheckedServer
from umami.settings import Settings

Step = Literal["choose", "check", "people", "save"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
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
    draft = authorized.data().get(_DRAFT)
    return draft if isinstance(draft, Draft) else None


def keep(draft: Draft) -> None:
    """Store the draft of this tab."""
    authorized.data()[_DRAFT] = draft


def forget() -> None:
    """Discard the draft, cancel its import and close its tables."""
    draft = authorized.data().pop(_DRAFT, None)
    if isinstance(draft, Draft):
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
                f"{number + 1} {step.capitalize()}",
                icon=":material/check:" if number < at else None,
                color="primary" if number == at else "green" if number < at else "gray",
            )


def onward(now: Step, label: str = "Continue", *, primary: bool = True) -> None:
    """Draw buttons to the next and the previous step."""
    following = order()[order().index(now) + 1]
    with st.container(horizontal=True, gap="small"):
        kind = "primary" if primary else "secondary"
        elements.action_button(label, "setup_on", go, following, type=kind)
        back(now)


def back(now: Step) -> None:
    """Draw a button to the previous step; without a check, that is ``choose``."""
    draft = current()
    before = order()[order().index(now) - 1] if draft and draft.server else "choose"
    elements.text_button("Back", "setup_back", go, before)


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
    if settings.embedded:
        return "demo data" if settings.demo else f"tables in {settings.data or settings.store}"
    where = "Umami Cloud" if settings.cloud else f"Umami at {settings.address}"
    if settings.share is not None:
        return f"{where}, by a share link"
    return f"{where}, with an API key" if settings.api_key else f"{where}, as {settings.username}"


def listed(words: Sequence[str]) -> str:
    """Join words for a sentence: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
