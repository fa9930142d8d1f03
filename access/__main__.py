"""Create an account's entry or a cookie key, check the health of the dashboard here, and back up,
restore, upgrade and downgrade its database: ``python -m access`` and the commands of ``USAGE``.

The first prompts for everything: a password in an argument would show in the shell's history and in
the list of processes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from getpass import getpass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from access import passwords, secrets_file, settings
from access.accounts import EVERY, NAME, canonical
from umami.errors import SettingsError

USAGE: Final = """\
Usage: python -m access [key | health | upgrade | downgrade REVISION |
                         backup FILE | restore FILE [--replace]]"""


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    match arguments:
        case ["key"]:
            print(secrets_file.new_key())
            return 0
        case ["health"]:
            return health()
        case ["upgrade"] | ["downgrade" | "backup" | "restore", _] | ["restore", _, "--replace"]:
            return change_database(arguments)
        case [_, *_]:
            print(USAGE, file=sys.stderr)
            return 2
    try:
        print(prompt_account(input, getpass))
    except (EOFError, KeyboardInterrupt):
        print("\nNo entry was created.", file=sys.stderr)
        return 1
    return 0


def health() -> int:
    """Print what ``/ready`` answers at ``DASHBOARD_MONITOR``; return 0 if the dashboard is ready, 1
    if it is not, and 2 if the settings name no monitor."""
    try:
        address = settings.load().monitor
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        return 2
    if address is None:
        print("DASHBOARD_MONITOR is not set: there is no monitor to ask.", file=sys.stderr)
        return 2
    # An address of all interfaces is no address to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
    try:
        connection = HTTPConnection(host, address.port, timeout=5)
        connection.request("GET", "/ready")
        response = connection.getresponse()
        print(response.read(100).decode("ascii", "replace").strip())
    except (OSError, HTTPException):
        print("no answer")
        return 1
    return 0 if response.status == 200 else 1


def change_database(arguments: list[str]) -> int:
    """Run a command for the database of ``DASHBOARD_STORE``; return 0, or 1 if it failed."""
    # Imported here, because the health check runs every few seconds and does not need them.
    from sqlalchemy.exc import SQLAlchemyError

    from access import backup, database, migrations

    command, name = (*arguments, migrations.REVISIONS[-1])[:2]
    try:
        engine = database.open_engine(settings.load().store, migrate=False)
        if command == "backup":
            print(f"{backup.backup(engine, Path(name)):,} rows are in the backup.")
        elif command == "restore":
            count = backup.restore(engine, Path(name), replace="--replace" in arguments)
            print(f"{count:,} rows are restored.")
        else:
            with database.exclusive(engine) as connection:
                migrations.migrate(connection, name)
            print(f"The database has revision {name}.")
    except SettingsError as problem:
        print(problem, problem.remedy, file=sys.stderr)
    except OSError as problem:
        print(f"The file cannot be read or written: {problem.strerror}.", file=sys.stderr)
    except SQLAlchemyError:
        # Its message may contain the address of the database, or rows.
        print("The database refused, and is unchanged: is it locked or full?", file=sys.stderr)
    else:
        return 0
    return 1


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
