"""Signing in, whom the server takes the client for, and the account's teams."""

from dataclasses import field
from typing import Annotated, Any, Self

from pydantic import AliasPath, Field

from umami.api.params import paging
from umami.api.websites import Website
from umami.endpoint import Effort, Freshness, RawQuery, endpoint, listing
from umami.errors import SecondFactor
from umami.parsing import Created, Page, Record, Text, Time, parse


class Account(Record):
    """An account of the server; ``role`` is ``admin``, ``user`` or ``view-only``."""

    id: str
    username: str
    role: str
    is_admin: bool = False


class SignedIn(Record):
    """A successful sign-in. The token is not part of the representation."""

    account: Annotated[Account, Field(alias="user")]
    token: str = field(repr=False)

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``{token, user}``."""
        if isinstance(answer, dict) and answer.get("requiresTwoFactor"):
            raise SecondFactor(
                "This account asks for a second factor, which a dashboard cannot give."
            )
        return parse(cls, answer)


class Identity(Record):
    """The identity that the server sees. ``account`` is ``None`` for a share link; ``kind`` is
    ``session``, ``api-key`` or ``share``, and ``None`` before 3.4; ``key`` is its name."""

    account: Annotated[Account | None, Field(alias="user")]
    kind: Annotated[str | None, Field(alias="authType")] = None
    key: Annotated[str | None, Field(validation_alias=AliasPath("apiKey", "name"))] = None


class ReplicaState(Record):
    """How good the replica of a database is that a server answers from; times are UTC.

    It contains what was committed until ``as_of``, and was compared with the database at
    ``proved``. ``problem`` is the sentence that says why it does not follow; empty if it does.
    """

    as_of: Time = None
    proved: Time = None
    problem: Text = ""


class Team(Record):
    """A team that the account belongs to. Its access code, which lets anyone join, is ignored."""

    id: str
    name: str
    created: Created = None


@endpoint("POST", "/auth/login", fresh=Freshness.NEVER, secret=True)
def login(username: str, password: str) -> RawQuery[SignedIn]:
    """A token for a user name and password. Raises ``Unauthorised`` for wrong ones."""
    return RawQuery(body={"username": username, "password": password})


@endpoint("POST", "/auth/verify", fresh=Freshness.NEVER, since="2.18", secret=True)
def verify() -> RawQuery[Account]:
    """The account that is signed in; raises ``Unauthorised`` where the token is not accepted."""
    return RawQuery()


@listing("/me")
def me() -> RawQuery[Identity]:
    """The account, share link or API key that the server takes the client for."""
    return RawQuery()


@endpoint("GET", "/x/replica", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def replica() -> RawQuery[ReplicaState]:
    """How good the replica is that an embedded server answers from. Without a replica, nothing is
    known."""
    return RawQuery()


@listing("/me/teams")
def teams(page: int = 1, page_size: int = 100) -> RawQuery[Page[Team]]:
    """The teams that the account belongs to, a page at a time."""
    return RawQuery(paging(page, page_size))


@listing("/teams/{team}/websites")
def team_websites(
    team: str, search: str | None = None, page: int = 1, page_size: int = 100
) -> RawQuery[Page[Website]]:
    """A team's websites, a page at a time; ``search`` looks in name and domain."""
    return RawQuery(paging(page, page_size, search))
