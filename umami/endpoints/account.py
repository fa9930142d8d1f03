"""Signing in, and whom the server takes the client for."""

from __future__ import annotations

from umami.endpoint import Access, Effort, Freshness, RawQuery, endpoint
from umami.models.account import Account, Identity, SignedIn


@endpoint("POST", "/auth/login", fresh=Freshness.NEVER, access=Access.READS, secret=True)
def login(username: str, password: str) -> RawQuery[SignedIn]:
    """Sign in: a token for the right user name and password.

    Raises ``Unauthorised`` for wrong ones.
    """
    return RawQuery(SignedIn.read, body={"username": username, "password": password})


@endpoint("POST", "/auth/verify", fresh=Freshness.NEVER, since="2.18", secret=True)
def verify() -> RawQuery[Account]:
    """The account that is signed in; raises ``Unauthorised`` where the token is not accepted."""
    return RawQuery(Account.read)


@endpoint("GET", "/me", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def me() -> RawQuery[Identity]:
    """The account, share link or API key that the server takes the client for."""
    return RawQuery(Identity.read)
