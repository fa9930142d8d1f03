"""Access: accounts, share links and the audit log."""

import streamlit as st

from components import (
    blocks,
    elements,
    entrypoint_guard,
    invitations,
    page_context,
    sharing,
    table,
    url_state,
    viewer,
)
from components.loading import every_website
from components.texts import _
from reports import mail

entrypoint_guard.check()

view = url_state.view()
place = blocks.list_position("log", url_state.read_params(*blocks.list_param_names("log")))
settings = viewer.running()


def send(to: str, subject: str, text: str) -> None:
    """Mail a text. Raises ``UmamiError``."""
    mail.send_text(mail.parse_settings(settings.smtp_url, settings.mail_from), to, subject, text)


mailer = send if settings.smtp_url else None
with elements.title(_("Access")):
    pass
if not viewer.current().permissions.admin:
    st.caption(_("This page is for admins only."))
else:
    sites = every_website(page_context.client())
    if not viewer.signs_in():
        st.caption(_("No sign-in yet: anyone with the address sees everything."))
    invitations.draw({site.id: site.name for site in sites}, mailer)
    st.caption(_("`docs/access.md` describes roles, identity providers and accounts made by hand."))
    if viewer.signs_in():
        elements.show_loss(_("sessions, share links and the audit log"))
        with elements.card(_("Accounts")):
            sharing.everybody(sites)
            invitations.renew(mailer)
        with elements.card(_("Share links")):
            sharing.links(sites)
        with elements.card(_("Audit log")):
            table.search_box(place, _("Search user, action or object"))
            sharing.log(place, view.period.timezone, sites)
