"""Everything that can go wrong between a question and its answer.

Each error carries one calm sentence for a person (``str(error)``) and what that person can
do about it (``error.remedy``). No message ever holds a token, a password or a traceback.
"""

from __future__ import annotations

from typing import Final


class UmamiError(Exception):
    """Base of all our errors: ``except UmamiError`` catches whatever a question can raise."""

    remedy = "Try again in a moment."
    asked = True
    """Whether the server was asked; it is not while it is known to be unwell."""

    def __init__(self, message: str, *, endpoint: str | None = None) -> None:
        super().__init__(message)
        self.endpoint = endpoint
        """Name of the endpoint that was asked, where one was (``"stats"``)."""


class SettingsError(UmamiError):
    """A setting is missing, contradictory or malformed; the message names it."""

    remedy = "Correct the setting and start again."


class InvalidView(UmamiError):
    """A period, filter or other part of a View that cannot be asked of any server."""

    remedy = "Choose another period or filter."


class Unreachable(UmamiError):
    """No connection to the server could be made, or it broke before an answer came."""

    remedy = "Check the address and that the server is running."


class CertificateUntrusted(Unreachable):
    """The server's certificate is not one that this machine trusts."""

    remedy = (
        "Give the server a certificate that this machine trusts, or name a file with that of its "
        "authority in SSL_CERT_FILE."
    )


class TimedOut(UmamiError):
    """The server took longer than we were willing to wait."""

    remedy = "Choose a shorter period, or try again when the server is less busy."


class Unauthorised(UmamiError):
    """The server does not accept our credentials, or this account may not see the website.

    Umami answers 401 for both; it never answers 403 to a question.
    """

    remedy = "Check the credentials, and that this account may see the website."


class SecondFactor(Unauthorised):
    """The account signs in with more than a password."""

    remedy = "Make an account for the dashboard in Umami that has no second factor."


class NotShared(UmamiError):
    """A share link does not show this part of the website."""

    remedy = "Ask whoever shared the website to include it, in Umami under Share."


class NotFound(UmamiError):
    """The website, session or report does not exist (any more)."""

    remedy = "Choose another one; it may have been deleted."


class WrongAddress(NotFound):
    """No Umami server answers at the address that was set."""

    remedy = (
        "Use the address at which Umami opens in your browser, without the path of one of its "
        "pages; a path that Umami was installed under, such as /umami, belongs to it."
    )


class Rejected(UmamiError):
    """The server understood the question and refused it (400), giving reasons."""

    remedy = "Change what is asked: the reasons are the server's own."

    def __init__(
        self, message: str, *, endpoint: str | None = None, reasons: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, endpoint=endpoint)
        self.reasons = reasons
        """The server's reasons, one sentence each; may be empty."""


class RateLimited(UmamiError):
    """The server asked us to slow down (429) and went on asking after our retries."""

    remedy = "Wait a little; Umami Cloud allows 50 calls in 15 seconds."


class ServerFault(UmamiError):
    """The server failed while answering (5xx)."""

    remedy = "This is a fault of the Umami server; its log tells more."

    def __init__(self, message: str, *, endpoint: str | None = None, status: int = 500) -> None:
        super().__init__(message, endpoint=endpoint)
        self.status = status
        """500 where Umami itself failed; 502 to 504 come from what stands in front of it."""


class UnexpectedAnswer(UmamiError):
    """The answer is not what this endpoint answers: broken JSON, HTML, wrong types."""

    remedy = "Check that the address is that of an Umami server, and its version."


class NotOffered(UmamiError):
    """This server cannot answer that: its generation has no such question, or no true answer."""

    remedy = "Another version of Umami can tell."


class UndetectableVersion(UmamiError):
    """The answers of the server fit no generation of Umami, or more than one."""

    remedy = "Umami shows its version at the bottom of its settings."


class ServerVersionChanged(UmamiError):
    """The server became another generation while it was asked, so the answer means nothing."""

    remedy = "Ask again: it will be asked in its new way."


class Cancelled(UmamiError):
    """Whoever asked had left before the question was sent, so that it was not."""

    remedy = "Ask again."


TRANSIENT: Final = (Unreachable, TimedOut, RateLimited, ServerFault, UnexpectedAnswer)
"""What may be over in a while: until then an older answer stands in, where there is one."""
