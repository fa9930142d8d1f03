"""Everything that can go wrong between a query and its answer. Each error contains one sentence for
a person (``str(error)``) and what that person can do about it (``error.remedy``). No message
contains a token, a password or a traceback."""

from typing import Final

from umami.texts import N_


class UmamiError(Exception):
    """Base of all our errors: ``except UmamiError`` catches whatever a query can raise."""

    remedy = N_("Try again in a moment.")
    sent = True
    """Whether a request was sent; while the circuit breaker is open, none is."""

    def __init__(
        self, message: str, *, endpoint: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.endpoint = endpoint
        """Name of the endpoint, where the error belongs to one (``"stats"``)."""
        if remedy is not None:
            self.remedy = remedy

    @property
    def message(self) -> str:
        """The sentence; a ``Message`` keeps its template for a translation."""
        message: str = self.args[0]
        return message


class SettingsError(UmamiError):
    """A setting is missing, contradictory or malformed; the message names it."""

    remedy = N_("Correct the setting and start again.")


class InvalidView(UmamiError):
    """A period, filter or other part of a View that no server supports."""

    remedy = N_("Choose another period or filter.")


class Unreachable(UmamiError):
    """No connection to the server could be made, or it broke before the answer arrived."""

    remedy = N_("Check the address and that the server is running.")


class CertificateUntrusted(Unreachable):
    """This machine does not trust the server's certificate."""

    remedy = N_(
        "Give the server a certificate that this machine trusts, or name a file with that of its "
        "authority in SSL_CERT_FILE."
    )


class TimedOut(UmamiError):
    """The server took longer than the timeout."""

    remedy = N_("Choose a shorter period, or try again when the server is less busy.")


class Unauthorised(UmamiError):
    """The server does not accept our credentials, or this account may not see the website. Umami
    answers 401 for both; it never answers 403 to a query."""

    remedy = N_("Check the credentials, and that this account may see the website.")


class SecondFactor(Unauthorised):
    """The account requires more than a password."""

    remedy = N_("Make an account for the dashboard in Umami that has no second factor.")


class NotShared(UmamiError):
    """A share link does not show this part of the website."""

    remedy = N_("Ask the person who shared the website to include it, in Umami under Share.")


class NotFound(UmamiError):
    """The website, session or report does not exist (any more)."""

    remedy = N_("Choose another one; it may have been deleted.")


class WrongAddress(NotFound):
    """No Umami server answers at the address in the settings."""

    remedy = N_(
        "Use the address at which Umami opens in your browser, without the path of one of its "
        "pages; a path that Umami was installed under, such as /umami, belongs to it."
    )


class Rejected(UmamiError):
    """The server understood the query and refused it (400), with reasons."""

    remedy = N_("Change the query: the reasons are the server's own.")
    reasons: tuple[str, ...] = ()
    """The server's reasons, one sentence each."""


class RateLimited(UmamiError):
    """The server limits the rate of requests (429), also after our retries."""

    remedy = N_("Wait a little; Umami Cloud allows 50 calls in 15 seconds.")


class ServerFault(UmamiError):
    """The server failed while answering (5xx)."""

    remedy = N_("This is a fault of the Umami server; its log has details.")
    status = 500
    """500 where Umami itself failed; 502 to 504 come from a proxy in front of it."""


class UnexpectedAnswer(UmamiError):
    """The answer does not have the endpoint's format: broken JSON, HTML, wrong types."""

    remedy = N_("Check that the address is that of an Umami server, and its version.")


class NotOffered(UmamiError):
    """This server's version has no such endpoint, or no correct answer to the query."""

    remedy = N_("Another version of Umami supports this.")


class UndetectableVersion(UmamiError):
    """The server's answers fit no generation of Umami, or more than one."""

    remedy = N_("Umami shows its version at the bottom of its settings.")


class ServerVersionChanged(UmamiError):
    """The server's version changed during a query, so the answer cannot be interpreted."""

    remedy = N_("Try again: the query will be sent in the form of the new version.")


class Cancelled(UmamiError):
    """All callers had left before the query was sent."""

    remedy = "Try again."


TRANSIENT: Final = (Unreachable, TimedOut, RateLimited, ServerFault, UnexpectedAnswer)
"""Errors that may pass; until then an older answer replaces the missing one, if there is any."""
