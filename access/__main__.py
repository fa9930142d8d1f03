"""Create an account's entry or a cookie key: ``python -m access`` and ``python -m access key``.

The command prompts for everything: a password in an argument would show in the shell's history and
in the list of processes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from getpass import getpass

from access import passwords, secrets_file
from access.accounts import EVERY, NAME, canonical


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    if arguments == ["key"]:
        print(secrets_file.new_key())
        return 0
    if arguments:
        print("Usage: python -m access [key]", file=sys.stderr)
        return 2
    try:
        print(prompt_account(input, getpass))
    except (EOFError, KeyboardInterrupt):
        print("\nNo entry was created.", file=sys.stderr)
        return 1
    return 0


def prompt_account(ask: Callable[[str], str], ask_hidden: Callable[[str], str]) -> str:
    """Prompt for an account and return its entry as TOML for the secrets."""
    while not NAME.fullmatch(username := canonical(ask("User name: "))):
        print("Letters, digits and . _ % + @ - only.", file=sys.stderr)
    name = ask("Name (shown in the dashboard): ").strip()
    email = ask("E-mail (only to sign in with an identity provider; may be empty): ").strip()
    while not (role := ask("Role (viewer, analyst, admin or your own): ").strip()):
        pass
    entered = ask("Websites (domains or ids; all): ").split(",")
    websites = tuple(website for text in entered if (website := text.strip()))
    while True:
        password = ask_hidden("Password: ")
        if weakness := passwords.weakness(password, username):
            print(weakness, file=sys.stderr)
        elif ask_hidden("Password again: ") != password:
            print("The two passwords are not the same.", file=sys.stderr)
        else:
            break
    known = None if websites == (EVERY,) else websites
    person = secrets_file.Person(username, name, passwords.hashed(password), (role,), known, email)
    return secrets_file.account_toml(person)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
