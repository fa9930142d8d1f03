"""The lines of the audit log in the reader's language. The database holds them in English."""

from __future__ import annotations

import re
from typing import Final

from access.audit import SOMEBODY
from components.texts import N_, _

ACTIONS: Final = (
    N_("Sign in"),
    N_("Sign out"),
    N_("Sign out everywhere"),
    N_("Change password"),
    N_("Accept invitation"),
    N_("Open share link"),
    N_("Make share link"),
    N_("Withdraw share link"),
    N_("Invite"),
    N_("Make sign-in link"),
    N_("Setup"),
    N_("Try a server"),
    N_("Export"),
    N_("Create website"),
    N_("Update website"),
    N_("Delete website"),
    N_("Reset website"),
    N_("Create share"),
    N_("Create annotation"),
    N_("Update annotation"),
    N_("Delete annotation"),
    N_("Create report"),
    N_("Update report"),
    N_("Delete report"),
    N_("Create segment"),
    N_("Update segment"),
    N_("Delete segment"),
    N_("Send pageview"),
    N_("Send event"),
    N_("Send identity"),
    N_("Save website group"),
    N_("Delete website group"),
    N_("Save groups"),
    N_("Save channels"),
    N_("Save conversion"),
    N_("Save view"),
    N_("Delete view"),
    N_("Add note"),
    N_("Change note"),
    N_("Delete note"),
    N_("Add rule"),
    N_("Delete rule"),
    N_("Upload costs"),
    N_("Delete costs"),
    N_("Add alert"),
    N_("Change alert"),
    N_("Pause alert"),
    N_("Resume alert"),
    N_("Delete alert"),
    N_("Send test of alert"),
    N_("Add subscription"),
    N_("Change subscription"),
    N_("Pause subscription"),
    N_("Resume subscription"),
    N_("Delete subscription"),
    N_("Send test of subscription"),
)
_ABOUT: Final = (
    N_("set up"),
    N_("too early"),
    N_("as {email}, by an identity provider"),
    N_("{count} more refused since {hour} UTC"),
    N_("report ({pages}) as {kind} of {website}"),
    N_("{username} as {role}, to {address}"),
    N_("{day} of {website}: {note}"),
    N_("{name}, of {website}"),
    N_("{name} of {website}"),
)
"""What the lines say about their actions, the longest templates first."""


def action(what: str) -> str:
    """An action; one of an older version stays as it is."""
    return _(what.capitalize())


def actions_with(text: str) -> list[str]:
    """The actions, as the database has them, that contain a text in the reader's language."""
    wanted = text.casefold()
    return [name.lower() for name in ACTIONS if wanted in _(name).casefold()]


def account(who: str) -> str:
    """The account of a line, or that no account has the name."""
    return _("somebody") if who == SOMEBODY else who


def about(text: str) -> str:
    """What a line says about its action; names stay as they are."""
    for template in _ABOUT:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template))
        if match := re.fullmatch(pattern, text, re.DOTALL):
            return _(template).format(**match.groupdict())
    return text
