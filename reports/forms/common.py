"""What the forms of subscriptions and alerts share: the open dialog, and checks of addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import streamlit as st
from pydantic import ValidationError

from access.notifications import Alert, Notification, Subscription
from components import (
    conditions,
    controls,
    elements,
    page_context,
    page_registry,
    runtime,
    texts,
    url_state,
    viewer,
)
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.loading import Collector
from components.texts import N_, Message, _
from reports import mail
from reports.mail import Recipient
from umami.api.websites import Website
from umami.errors import InvalidView, SettingsError, UmamiError
from umami.filters import Capabilities
from umami.view import View
from umami.view_parsing import parse

T = TypeVar("T")
Spec = TypeVar("Spec", Subscription, Alert)
_NO_MAILS: Final = N_("Mails cannot be sent yet: no mail server is configured.")
_MAIL_REMEDY: Final = N_(
    "Set DASHBOARD_SMTP_URL (smtp://user:password@host:587) and DASHBOARD_MAIL_FROM, and start the "
    "dashboard again."
)
CHECK: Final = N_("Check what you entered.")


@dataclass(frozen=True, slots=True)
class Opened:
    """The form in the dialog.

    ``old`` is what it changes. ``website`` and ``params``, of the View, are those that it began
    with; ``values`` are those of its inputs, ``number`` makes their keys, new for each form.
    """

    kind: str
    website: str
    params: Mapping[str, list[str]]
    values: Mapping[str, Any]
    old: Notification | None
    number: int

    def key(self, name: str) -> str:
        """The key of an input."""
        return f"mail_{name}_{self.number}"

    def begin(self) -> None:
        """Give the inputs their first values. Streamlit forgets those that are not drawn."""
        for name, value in self.values.items():
            st.session_state.setdefault(self.key(name), value)

    def held(self) -> dict[str, Any]:
        """The values of the inputs."""
        return {
            name: st.session_state.get(self.key(name), value) for name, value in self.values.items()
        }


DIALOG: Final[EditDialog[Opened]] = EditDialog("mail or alert")


def open_form(
    kind: str,
    website: str,
    params: Mapping[str, Sequence[str]],
    values: Mapping[str, Any],
    old: Notification | None = None,
) -> None:
    """Open the dialog with a form. Call it in a callback."""
    st.session_state["menu"] = st.session_state["report_menu"] = False
    spelled = {name: list(items) for name, items in params.items()}
    number = DIALOG.next_number()
    DIALOG.open(Opened(kind, website, spelled, values, old, number))


def may_send(website: str) -> bool:
    """Whether the viewer may set up mails and alerts of a website."""
    reader = page_context.reader()
    return bool(reader.account) and reader.permissions.exports(website)


def sendable(sites: Iterable[Website]) -> list[Website]:
    """The websites of which the viewer may set up mails and alerts."""
    return [site for site in sites if may_send(site.id)]


def mail_problem() -> SettingsError | None:
    """Why no mails can be sent, if so."""
    try:
        mail.load_settings()
    except SettingsError as problem:
        if viewer.running().smtp_url:
            return problem
        return SettingsError(_NO_MAILS, remedy=_MAIL_REMEDY)
    return None


def show_mail_problem() -> bool:
    """Say why no mails can be sent; returns whether that is so."""
    problem = mail_problem()
    if problem:
        st.warning(plain(texts.sentences(problem), 400), icon=":material/mail_off:")
    return problem is not None


def own_address() -> str:
    """The mail address of the viewer's account; ``""`` if it is unknown."""
    if not viewer.signs_in():
        return ""
    account = viewer.desk().accounts().users.get(viewer.current().account)
    return (account and account.email) or ""


def website_names(sites: Sequence[Website]) -> dict[str, str]:
    """A unique name of each website."""
    return controls.labels(sites)


def address_input(form: Opened, label: str) -> None:
    """Draw the input of mail addresses."""
    st.text_input(
        label,
        key=form.key("recipients"),
        placeholder="ada@example.com, Bo <bo@example.com>",
        max_chars=4_000,
        autocomplete="off",
    )


def focus(form: Opened, name: str) -> None:
    """Move the focus into an input of a form that has just opened."""
    elements.focus("mail", f"mail {form.number}", f".st-key-{form.key(name)} input")


def parse_recipients(text: str) -> list[Recipient]:
    """The addresses of an input. Raises ``UmamiError``."""
    try:
        return mail.recipients([text]) if text.strip() else []
    except mail.MailFailed as problem:
        raise InvalidView(problem.message, remedy=CHECK) from None


def check_recipients(
    recipients: Iterable[Recipient], websites: Iterable[str], sites: Sequence[Website]
) -> None:
    """Refuse an address of an account that may not see a website. Raises ``InvalidView``."""
    if not viewer.signs_in():
        return
    accounts, names = viewer.desk().accounts(), website_names(sites)
    for recipient in recipients:
        account = accounts.by_email(recipient.address)
        if account is None:
            continue
        permissions = account.permissions(page_registry.ENDPOINTS, lambda: sites)
        hidden = next((website for website in websites if not permissions.sees(website)), None)
        if hidden:
            raise InvalidView(
                Message(
                    "{address} belongs to an account that may not see {website}.",
                    address=recipient.address,
                    website=names.get(hidden, hidden),
                ),
                remedy=N_("Remove the address or the website."),
            )


def spelled(recipients: Iterable[Recipient]) -> tuple[str, ...]:
    """Addresses as they are stored."""
    return tuple(str(recipient.header) for recipient in recipients)


def view_of(
    website: str, params: Mapping[str, Sequence[str]], timezone: str, capabilities: Capabilities
) -> View:
    """The View of a website with parameters."""
    view = parse(
        {**params, "website": [website], "tz": [timezone]},
        now=datetime.now(UTC),
        websites=[website],
        capabilities=capabilities,
    ).view
    return view if view.conversion else view.with_default(viewer.saved_conversion(website))


def show_filters(view: View) -> None:
    """Name the filters of a View, if there are any."""
    query = Collector(page_context.client(), reader=page_context.reader())
    if narrowed := conditions.in_words(query, view):
        st.caption(f":material/filter_alt: {plain(' · '.join(narrowed))}")


def translated(names: Mapping[T, str]) -> dict[T, str]:
    """Names of options in the language of the reader."""
    return {name: _(label) for name, label in names.items()}


def choice(form: Opened, name: str, label: str, options: Mapping[Any, str]) -> None:
    """Draw a select box of a form; where its value is no option, the first one is chosen."""
    key = form.key(name)
    # Streamlit would choose the first one whenever there are other options than before.
    value = st.session_state.get(key)
    st.session_state[key] = value if value in options else next(iter(options), None)
    st.selectbox(
        label,
        list(options),
        format_func=lambda option: options.get(option, str(option)),
        key=key,
    )


def validated(make: Callable[[], T]) -> T:
    """What ``make`` returns. Raises ``InvalidView`` for values that are out of range."""
    try:
        return make()
    except ValidationError:
        # The message of the error quotes the input.
        raise InvalidView(N_("A value is missing, too long or too large."), remedy=CHECK) from None


def save(form: Opened, make: Callable[[], Spec], done: Callable[[Spec], str]) -> None:
    """Save what ``make`` returns for a form and close the dialog; a problem is shown there.

    ``done`` makes the confirmation. Call it in a callback.
    """
    kind = form.kind
    what = f"change {kind}" if form.old else f"add {kind}"
    book = page_context.reader().notifications
    try:
        spec = make()
        if form.old:
            book.change(form.old, spec)
        else:
            book.add(spec, runtime.public())
    except UmamiError as problem:
        viewer.record(viewer.current(), what, form.website, done=False)
        DIALOG.refuse(texts.sentences(problem))
        return
    viewer.record(viewer.current(), what, audited(spec))
    is_sent = form.old is None or form.old.active
    DIALOG.confirm(done(spec) if is_sent else _("“{name}” was saved.").format(name=spec.name))
    DIALOG.close()


def audited(spec: Subscription | Alert) -> str:
    """What the audit log says about it: its name, of which websites, and to whom."""
    if isinstance(spec, Subscription):
        websites, to = spec.websites, spec.recipients
    else:
        websites = (spec.website,)
        to = (*spec.recipients, *([spec.webhook.host] if spec.webhook else []))
    return f"{spec.name} of {', '.join(websites)} to {', '.join(to)}"


def view_params() -> dict[str, list[str]]:
    """The parameters of the current View without its website."""
    return {name: values for name, values in url_state.params().items() if name != "website"}


def show_loss() -> None:
    """Say that a restart deletes mails and alerts, where that is so."""
    elements.show_loss(_("mails and alerts"))
