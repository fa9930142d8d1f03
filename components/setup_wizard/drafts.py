"""What is being set up: chosen step by step in one tab, and forgotten when the page is left.

Passwords of people are only in it as hashes; what opens a server is, until it is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import streamlit as st

from access.secrets_file import Person
from components import authorized, umami_server, viewer
from components.escaping import plain
from umami.background_task import BackgroundTask
from umami.connection_check import CheckedServer
from umami.settings import Settings

Step = Literal["choose", "check", "people", "save"]
STEPS: Final[dict[Step, str]] = {
    "choose": "Choose",
    "check": "Check",
    "people": "People",
    "save": "Save",
}
_DRAFT: Final = "what is being set up"
_SENT: Final = "the form that was just sent"
_WRONG: Final = "what was wrong with what was chosen"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is chosen so far; settings that say nothing mean the demo."""

    settings: Settings = field(default_factory=Settings, repr=False)
    found: CheckedServer | None = None
    """What answered; the demo needs no check."""
    step: Step = "check"
    people: tuple[Person, ...] = ()
    refused: str = ""
    """Why it could not be written."""
    importing: BackgroundTask[tuple[str, ...]] | None = None
    """Tables on their way into the file that keeps them; nothing is checked before they are in."""
    notes: tuple[str, ...] = ()
    """What the import did not read, a sentence each."""

    @property
    def admin(self) -> Person | None:
        """Whoever runs the dashboard, the first of them."""
        return next((one for one in self.people if "admin" in one.roles), None)


def current() -> Draft | None:
    """What is being set up in this tab."""
    found = authorized.data().get(_DRAFT)
    return found if isinstance(found, Draft) else None


def keep(draft: Draft) -> None:
    """This is what is chosen now."""
    authorized.data()[_DRAFT] = draft


def forget() -> None:
    """Choose anew, or nothing at all."""
    draft = authorized.data().pop(_DRAFT, None)
    if isinstance(draft, Draft):
        if draft.importing:
            draft.importing.cancel()
        umami_server.let_go(draft.settings)


def order() -> list[Step]:
    """The steps there are: where people sign in already, they stay as they are."""
    makes = not viewer.signs_in() and viewer.accounts_stand_in_secrets()
    return [step for step in STEPS if makes or step != "people"]


def go(step: Step) -> None:
    """Go to a step; before the check there is nothing chosen. A callback's."""
    draft = current()
    if step == "choose":
        forget()
    elif draft:
        keep(replace(draft, step=step, refused=""))


def steps(now: Step) -> None:
    """Draw where in the steps this is."""
    at = order().index(now)
    with st.container(horizontal=True, gap="xsmall", key="setup_steps"):
        for number, step in enumerate(order()):
            st.badge(
                f"{number + 1} {STEPS[step]}",
                icon=":material/check:" if number < at else None,
                color="primary" if number == at else "green" if number < at else "gray",
            )


def onward(now: Step, label: str = "Continue", *, primary: bool = True) -> None:
    """Buttons to the next step and to the one before."""
    following = order()[order().index(now) + 1]
    with st.container(horizontal=True, gap="small"):
        st.button(
            label,
            key="setup_on",
            type="primary" if primary else "secondary",
            on_click=authorized.callback(go),
            args=(following,),
        )
        back(now)


def back(now: Step) -> None:
    """A button to the step before; what needed no check was chosen there."""
    draft = current()
    before = order()[order().index(now) - 1] if draft and draft.found else "choose"
    st.button(
        "Back", key="setup_back", type="tertiary", on_click=authorized.callback(go), args=(before,)
    )


def sent(
    label: str, *, key: str, primary: bool = True, draw: Callable[..., Any] = st.form_submit_button
) -> bool:
    """Draw a button; whether it was pressed, which holds until what follows has begun."""

    def pressed() -> None:
        st.session_state[_SENT] = key

    draw(
        label,
        key=key,
        type="primary" if primary else "secondary",
        on_click=authorized.callback(pressed),
    )
    if st.session_state.get(_SENT) != key:
        return False
    del st.session_state[_SENT]
    return True


def wrong(*sentences: str) -> None:
    """Say what is wrong with what was typed, and what to change."""
    st.error("  \n".join(plain(one, 400) for one in sentences if one), icon=":material/error:")


def wrong_next(*sentences: str) -> None:
    """Say in the next run, where it is chosen anew, what is wrong with what was chosen."""
    st.session_state[_WRONG] = sentences


def was_wrong() -> None:
    """Say what an earlier run found wrong."""
    if sentences := st.session_state.pop(_WRONG, None):
        wrong(*sentences)


def described(settings: Settings) -> str:
    """What settings mean, in words; holds no secret."""
    if settings.embedded:
        return "demo data" if settings.demo else f"tables in {settings.data or settings.store}"
    where = "Umami Cloud" if settings.cloud else f"Umami at {settings.address}"
    if settings.share is not None:
        return f"{where}, by a share link"
    return f"{where}, with an API key" if settings.api_key else f"{where}, as {settings.username}"


def listed(words: Sequence[str]) -> str:
    """One or more words as they stand in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
