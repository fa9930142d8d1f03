"""Make a report from the command line: ``python -m reports --period last-week --out report.html``.
``python -m reports due`` sends the subscriptions and alerts that are due (``reports/due.py``).

The report is of the server that the dashboard's settings name. An error is one sentence.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from access import accounts, atomic_write, database, settings, website_settings
from access.permissions import ALL
from access.reader import Reader
from components import embedded_launcher, page_registry, texts
from components.blocks import Params
from components.loading import every_website, valid_view
from reports import build, due, mail, messages
from reports.chromium import PAPERS
from reports.document import Report
from umami.api.websites import Website
from umami.client import Client, connect
from umami.errors import InvalidView, SettingsError, UmamiError
from umami.period import PRESETS
from umami.settings import read
from umami.view import ALL_TIME, COMPARISONS, View

COPIED_WITHIN: Final = 3600.0
"""Seconds to wait for the first copy of a database; then the report says how far it is."""
_NO_SECRETS: Final = Path(os.devnull)
_FILTER: Final = re.compile(r"(\w+)(!=|=|~)(.+)", re.DOTALL)
_OPERATORS: Final = {"=": "eq", "!=": "neq", "~": "c"}


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status: 1 if the report could not be made or be mailed to
    every recipient, 2 for invalid arguments."""
    if arguments[:1] == ["due"]:
        return _send_due(arguments[1:])
    args = _parser().parse_args(arguments)
    try:
        _check(args)
        settings = mail.load_settings() if args.mail else None
        to = mail.recipients(args.mail or [])
        with texts.reading(args.language):
            with _client(args.data) as client:
                report = _report(client, args)
            if args.out:
                content = build.render(report, args.kind, args.paper)
                try:
                    atomic_write.replace_file(args.out, content, mode=0o644)
                except OSError:
                    raise SettingsError("The file of --out cannot be written.") from None
            return _send(settings, to, report, args) if settings else 0
    except InvalidView as problem:
        print(problem, file=sys.stderr)
        return 2
    except UmamiError as problem:
        print(f"{problem} {problem.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _send_due(arguments: Sequence[str]) -> int:
    """Send the subscriptions and alerts that are due; returns 1 if any was not sent, 2 for invalid
    arguments."""
    if arguments:
        print("python -m reports due takes no arguments.", file=sys.stderr)
        return 2
    lines: list[due.Line] = []
    try:
        engine, running = _store(False), settings.load()
        if engine is not None and due.is_anything(engine):
            with _client(None) as client:
                service = due.Service(
                    engine,
                    client,
                    lambda: accounts.load(running.users, page_registry.ENDPOINTS),
                    allow_private=running.private_webhooks,
                )
                lines = service.run()
    except UmamiError as problem:
        print(f"{problem} {problem.remedy}", file=sys.stderr)
        return 1
    except SQLAlchemyError:
        # The message of a database error may contain its address.
        print("The database of mails and alerts cannot be reached.", file=sys.stderr)
        return 1
    for line in lines:
        print(line.text, file=sys.stdout if line.done else sys.stderr)
    if not lines:
        print("Nothing is due.")
    return 0 if all(line.done for line in lines) else 1


def _send(
    settings: mail.Settings, to: Sequence[mail.Recipient], report: Report, args: Namespace
) -> int:
    """Mail a report and print the outcome for each recipient; returns 1 unless all accept it."""
    message = messages.message(report, settings, to, args.attach, args.paper)
    try:
        outcomes = mail.send(settings, message, to)
    except mail.MailFailed:
        for recipient in to:
            print(f"{recipient.address}: not sent", file=sys.stderr)
        raise
    for outcome in outcomes:
        print(outcome, file=sys.stdout if outcome.accepted else sys.stderr)
    return 0 if all(outcome.accepted for outcome in outcomes) else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m reports",
        description="Make a report of what the dashboard shows, as HTML, PDF or XLSX.",
        epilog="The server is the one that the dashboard's settings name (UMAMI_URL …).",
    )
    what = parser.add_argument_group("what to show").add_argument
    pages = ", ".join(page.name for page in build.offered())
    periods = ", ".join((*PRESETS, ALL_TIME))
    comparisons = [comparison for comparison in COMPARISONS if comparison != "custom"]
    what("--website", metavar="NAME", help="its name, domain or id")
    what("--pages", default="overview", metavar="PAGE,PAGE", help=f"all, or of {pages} (overview)")
    what("--period", metavar="PERIOD", help=f"one of {periods} (7d)")
    what("--from", dest="first", metavar="DATE", help="first day: 2026-01-31")
    what("--to", dest="last", metavar="DATE", help="last day, included")
    what("--timezone", metavar="ZONE", help="of days and hours: Europe/Berlin (UTC)")
    what("--compare", metavar="WITH", choices=comparisons)
    what("--match-weekdays", action="store_true", help="compare Mondays with Mondays")
    what(
        "--filter",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="show these rows only; != is not, ~ contains; may be repeated",
    )
    what("--view", default="", metavar="QUERY", help="all of this as in the dashboard's URL")
    where = parser.add_argument_group("where it goes").add_argument
    where(
        "--language",
        default=texts.ENGLISH,
        metavar="LANGUAGE",
        help=f"{', '.join(texts.LANGUAGES)}, or with a region for its formats: en-US, de-CH (en)",
    )
    where("--out", type=Path, metavar="FILE", help="ending in .html, .pdf or .xlsx")
    where("--paper", choices=list(PAPERS), default="A4", help="of a PDF (A4)")
    where("--mail", nargs="+", metavar="TO", help="send it, by the server of DASHBOARD_SMTP_URL")
    where(
        "--attach", choices=list(build.MIMES), default="html", help="attachment of the mail (html)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="PATH", help="tables to report on, instead of a server"
    )
    return parser


def _check(args: Namespace) -> None:
    """Check the arguments, and set ``kind`` and the list of ``pages``. Raises ``InvalidView``."""
    ending = args.out.suffix.removeprefix(".").casefold() if args.out else None
    args.kind = next((kind for kind in build.MIMES if kind == ending), None)
    invalid = {
        "Say where the report goes: --out FILE, --mail TO, or both.": not (args.out or args.mail),
        "The file of --out ends in .html, .pdf or .xlsx.": args.out and args.kind is None,
        "The folder of --out does not exist.": args.out and not args.out.parent.is_dir(),
        "Say --period, or --from and --to, not both.": args.period and (args.first or args.last),
        "A period has two ends: --from DATE and --to DATE.": bool(args.first) != bool(args.last),
    }
    for problem, applies in invalid.items():
        if applies:
            raise InvalidView(problem)
    language = texts.supported(args.language)
    if language is None:
        raise InvalidView(f"A report is in one of {', '.join(texts.LANGUAGES)}: choose a language.")
    args.language = language
    known = [page.name for page in build.offered()]
    wanted = [name.strip() for name in args.pages.split(",") if name.strip()]
    args.pages = known if wanted == ["all"] else wanted
    if unknown := [name for name in args.pages if name not in known]:
        raise InvalidView(f"No report has the page “{unknown[0]}”: there are {', '.join(known)}.")


@contextmanager
def _client(data: Path | None) -> Iterator[Client]:
    """Connect to the server of the settings, or to an embedded server over tables."""
    settings = read({"UMAMI_DATA": str(data)}, _NO_SECRETS) if data else read()
    if not settings.embedded:
        with connect(settings) as client:
            client.recognise()
            yield client
        return
    server = embedded_launcher.own_server(
        settings.data, settings.store, settings.definitions, settings.database
    )
    with server as running, embedded_launcher.client_of(running, settings) as client:
        if running.replica:
            running.replica.wait(COPIED_WITHIN)
        yield client


def _report(client: Client, args: Namespace) -> Report:
    sites = every_website(client)
    params = parse_qs(args.view.removeprefix("?").rpartition("?")[2])
    view = _view(client, args, sites, params)
    order = build.Order(view, args.pages, sites, dict.fromkeys(args.pages, params), True)

    def show_progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\r{done} of {total} pages", end=end, file=sys.stderr, flush=True)

    return build.make(client, order, show_progress, Reader(_store, "", ALL))


def _view(client: Client, args: Namespace, sites: Sequence[Website], params: Params) -> View:
    """Return the View of the arguments and of ``--view``. Raises ``InvalidView``."""
    website = _website(args.website or params.get("website", [""])[-1], sites)
    options = {
        "period": "custom" if args.first else args.period,
        "from": args.first,
        "to": args.last,
        "tz": args.timezone,
        "compare": args.compare,
        "weekdays": "1" if args.match_weekdays else None,
        "website": website,
    }
    params = {**params, **{name: [value] for name, value in options.items() if value}}
    if args.filter:
        params["filter"] = [*params.get("filter", []), *map(_filter, args.filter)]
    view = valid_view(client, params, [site.id for site in sites], datetime.now(UTC))
    return _with_saved_conversion(view)


def _with_saved_conversion(view: View) -> View:
    """Return the View with the conversion that was saved for its website, unless it has one. Raises
    ``SettingsError``."""
    store = settings.load().store
    if view.conversion or database.is_missing(store):
        return view
    engine = database.open_engine(store)
    try:
        return view.with_default(website_settings.conversion(engine, view.website))
    finally:
        engine.dispose()


def _store(_create: bool) -> Engine | None:
    """Open the database, unless there is none. Raises ``SettingsError``."""
    store = settings.load().store
    return None if database.is_missing(store) else database.open_engine(store)


def _website(name: str, sites: Sequence[Website]) -> str:
    """Return the id of a website. Raises ``InvalidView``, which lists the names of all."""
    if not sites:
        raise InvalidView("There is no website to look at.")
    folded = name.casefold()
    ids = [
        site.id
        for site in sites
        if not name or folded in (site.id, site.name.casefold(), (site.domain or "").casefold())
    ]
    if len(ids) == 1:
        return ids[0]
    if name and ids:
        raise InvalidView(f"Several websites are called “{name}”: name one by its id.")
    names = ", ".join(f"“{site.name}”" for site in sites[:20])
    more = f" and {len(sites) - 20} more" if len(sites) > 20 else ""
    problem = f"No website is called “{name}”" if name else "Say which website"
    raise InvalidView(f"{problem}: there are {names}{more}.")


def _filter(text: str) -> str:
    """Return a filter such as ``country=DE`` in the format of the URL."""
    match = _FILTER.fullmatch(text)
    return f"{match[1]}.{_OPERATORS[match[2]]}.{match[3]}" if match else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
