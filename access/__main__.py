"""Make an account's entry, or a cookie key: ``python -m access`` and ``python -m access key``.

Everything is asked for: a password never stands in an argument, a history or a list of processes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from getpass import getpass

from access import passwords, secrets_file
from access.accounts import EVERY, NAME, canonical


def main(arguments: list[str]) -> int:
    """Run the command; returns what the process ends with."""
    if arguments == ["key"]:
        print(secrets_file.key())
        return 0
    if arguments:
        print("Usage: python -m access [key]", file=sys.stderr)
        return 2
    try:
        print(entry(input, getpass))
    except (EOFError, KeyboardInterrupt):
        print("\nNothing was made.", file=sys.stderr)
        return 1
    return 0


def entry(ask: Callable[[str], str], ask_hidden: Callable[[str], str]) -> str:
    """Ask for an account and return its entry, as TOML for the secrets."""
    while not NAME.fullmatch(username := canonical(ask("User name: "))):
        print("Letters, digits and . _ % + @ - only.", file=sys.stderr)
    name = ask("Name (shown in the dashboard): ").strip()
    email = ask("E-mail (only to sign in with an identity provider; may be empty): ").strip()
    while (role := ask("Role (viewer, analyst, admin or your own): ").strip()) == "":
        pass
    websites = [one.strip() for one in ask("Websites (domains or ids; all): ").split(",")]
    while True:
        password = ask_hidden("Password: ")
        weakness = passwords.weakness(password, username)
        if weakness:
            print(weakness, file=sys.stderr)
        elif ask_hidden("Password again: ") != password:
            print("They are not the same.", file=sys.stderr)
        else:
            break
    named = tuple(one for one in websites if one)
    return secrets_file.entry(
        secrets_file.Person(
            username,
            name,
            passwords.hashed(password),
            (role,),
            None if named == (EVERY,) else named,
            email,
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
