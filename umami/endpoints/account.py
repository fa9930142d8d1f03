"""Signing in, and whom the server takes the client for."""

from __future__ import annotations

from umami.models.account import Account, Identity, SignedIn
from umami.question import Access, Asked, Effort, Freshness, endpoint


@endpoint("POST", "/auth/login", fresh=Freshness.NEVER, access=Access.READS, secret=True)
def login(username: str, password: str) -> Asked[SignedIn]:
    """Sign in: a token for the right user name and password.

    Raises ``Unauthorised`` for wrong ones.
    """
    return Asked(SignedIn.read, body={"username": username, "password": password})


@endpoint("POST", "/auth/verify", fresh=Freshness.NEVER, since="2.18", secret=True)
def verify() -> Asked[Account]:
    """The account that is signed in; raises ``Unauthorised`` where the token is not accepted."""
    return Asked(Account.read)


@endpoint("GET", "/me", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def me() -> Asked[Identity]:
    """The account, share link or API key that the server takes the client for."""
    return Asked(Identity.read)
