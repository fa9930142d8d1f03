"""Make a report from the command line: ``python -m reports --period last-week --out report.html``.

Asks the server that the dashboard's settings name. What goes wrong is one sentence.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from components import embedded_launcher
from components.loading import every_website
from reports import build, files, mail
from reports.chromium import PAPERS
from reports.document import Report
from umami.client import Client, connect
from umami.endpoints import websites
from umami.errors import InvalidView, SettingsError, UmamiError
from umami.models.websites import Website
from umami.settings import read
from umami.view import ALL_TIME, COMPARISONS, PRESETS, View, parse

_NO_SECRETS: Final = Path(os.devnull)
_FILTER: Final = re.compile(r"(\w+)(!=|=|~)(.+)", re.DOTALL)
_OPERATORS: Final = {"=": "eq", "!=": "neq", "~": "c"}


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns what the process ends with: 1 where the report could not be made,
    or not be mailed to everybody, 2 where what was asked for cannot be."""
    asked = _parser().parse_args(arguments)
    try:
        _require(asked)
        settings = mail.load_settings() if asked.mail else None
        to = mail.recipients(asked.mail or [])
        with _client(asked.data) as client:
            report = _report(client, asked)
        if asked.out:
            _write(asked.out, files.render(report, asked.kind, asked.paper))
        if settings:
            return _mailed(settings, to, report, asked)
    except InvalidView as problem:
        print(problem, file=sys.stderr)
        return 2
    except UmamiError as problem:
        print(f"{problem} {problem.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _mailed(
    settings: mail.Settings,
    to: Sequence[mail.Recipient],
    report: Report,
    asked: argparse.Namespace,
) -> int:
    """Mail a report, and tell what became of it for each recipient; 1 unless all are served."""
    letter = mail.message(report, settings, to, asked.attach, asked.paper)
    try:
        outcomes = mail.send(settings, letter, to)
    except mail.MailFailed:
        for one in to:
            print(f"{one.address}: not sent", file=sys.stderr)
        raise
    for outcome in outcomes:
        print(outcome, file=sys.stdout if outcome.accepted else sys.stderr)
    return 0 if all(one.accepted for one in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="Make a report of what the dashboard shows, as HTML, PDF or XLSX.",
        epilog="The server is the one that the dashboard's settings name (UMAMI_URL …).",
    )
    what = parser.add_argument_group("what to show")
    what.add_argument("--website", metavar="NAME", help="its name, domain or id")
    what.add_argument("--pages", default="overview", metavar="PAGE,PAGE", help=_pages_told())
    periods = ", ".join((*PRESETS, ALL_TIME))
    what.add_argument("--period", metavar="PERIOD", help=f"one of {periods} (7d)")
    what.add_argument("--from", dest="first", metavar="DATE", help="first day: 2026-01-31")
    what.add_argument("--to", dest="last", metavar="DATE", help="last day, itself included")
    what.add_argument("--timezone", metavar="ZONE", help="of days and hours: Europe/Berlin (UTC)")
    what.add_argument(
        "--compare", metavar="WITH", choices=[one for one in COMPARISONS if one != "custom"]
    )
    what.add_argument("--match-weekdays", action="store_true", help="compare Mondays with Mondays")
    what.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="show these rows only; != is not, ~ contains; may be given several times",
    )
    what.add_argument(
        "--view", default="", metavar="QUERY", help="all of this as the dashboard's URL spells it"
    )
    where = parser.add_argument_group("where it goes")
    where.add_argument("--out", type=Path, metavar="FILE", help="ending in .html, .pdf or .xlsx")
    where.add_argument("--paper", choices=list(PAPERS), default="A4", help="of a PDF (A4)")
    where.add_argument(
        "--mail", nargs="+", metavar="TO", help="send it, by the server of DASHBOARD_SMTP_URL"
    )
    where.add_argument(
        "--attach", choices=list(files.MIMES), default="html", help="what a mail carries (html)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="PATH", help="tables to look at, instead of a server"
    )
    return parser


def _pages_told() -> str:
    names = ", ".join(area.name for area in build.offered())
    return f"all, or of {names} (overview)"


def _require(asked: argparse.Namespace) -> None:
    """Raises ``InvalidView`` for what contradicts itself or cannot be."""
    asked.kind = files.kind_of(asked.out) if asked.out else None
    if asked.out is None and not asked.mail:
        raise InvalidView("Say where the report goes: --out FILE, --mail TO, or both.")
    if asked.out and asked.kind is None:
        raise InvalidView("The file of --out ends in .html, .pdf or .xlsx.")
    if asked.out and not asked.out.parent.is_dir():
        raise InvalidView("The folder of --out does not exist.")
    if asked.period and (asked.first or asked.last):
        raise InvalidView("Say --period, or --from and --to, not both.")
    if bool(asked.first) != bool(asked.last):
        raise InvalidView("A period has two ends: --from DATE and --to DATE.")
    known = [area.name for area in build.offered()]
    wanted = [one.strip() for one in asked.pages.split(",") if one.strip()]
    asked.pages = known if wanted == ["all"] else wanted
    if strange := [one for one in asked.pages if one not in known]:
        raise InvalidView(f"No report has the page “{strange[0]}”: there are {', '.join(known)}.")


@contextmanager
def _client(data: Path | None) -> Iterator[Client]:
    """The client of the settings' server, or of one over tables, for as long as it takes."""
    settings = read({"UMAMI_DATA": str(data)}, _NO_SECRETS) if data else read()
    if not settings.embedded:
        with connect(settings) as client:
            client.recognise()
            yield client
        return
    running = embedded_launcher.own_server(settings.data, settings.store, settings.definitions)
    try:
        with embedded_launcher.client_of(running, settings) as client:
            yield client
    finally:
        running.stop()


def _report(client: Client, asked: argparse.Namespace) -> Report:
    sites = every_website(client)
    given = parse_qs(asked.view.removeprefix("?").rpartition("?")[2])
    view = _view(client, asked, sites, given)
    order = build.Order(
        view,
        asked.pages,
        sites,
        dict.fromkeys(asked.pages, given),
        tells_address=True,
    )
    report = build.make(client, order, _told)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return report


def _told(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} pages", end="", file=sys.stderr, flush=True)


def _view(
    client: Client,
    asked: argparse.Namespace,
    sites: Sequence[Website],
    given: dict[str, list[str]],
) -> View:
    """What is to be shown. Raises ``InvalidView`` for anything that cannot be shown as asked."""
    told = {
        "period": asked.period,
        "from": asked.first,
        "to": asked.last,
        "tz": asked.timezone,
        "compare": asked.compare,
        "weekdays": "1" if asked.match_weekdays else None,
    }
    spelled = {**given, **{name: [value] for name, value in told.items() if value}}
    if asked.first:
        spelled["period"] = ["custom"]
    if asked.filter:
        spelled["filter"] = [*given.get("filter", []), *map(_filter, asked.filter)]
    named = asked.website or given.get("website", [""])[-1]
    website = _website(named, sites)
    spelled["website"] = [website]
    span = None
    if spelled.get("period") == [ALL_TIME]:
        found = client.ask(websites.daterange(website))
        span = (found.start, found.end) if found.start and found.end else None
    parsed = parse(
        spelled,
        now=datetime.now(UTC),
        websites=[site.id for site in sites],
        recorded=span,
        capabilities=client.capabilities,
    )
    if parsed.faults:
        raise InvalidView(parsed.faults[0].reason)
    return parsed.view


def _website(named: str, sites: Sequence[Website]) -> str:
    """The id of a website called so. Raises ``InvalidView`` with the names there are."""
    if not sites:
        raise InvalidView("There is no website to look at.")
    if not named and len(sites) == 1:
        return sites[0].id
    folded = named.casefold()
    found = [
        site.id
        for site in sites
        if folded and folded in (site.id, site.name.casefold(), (site.domain or "").casefold())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidView(f"Several websites are called “{named}”: name one by its id.")
    names = ", ".join(f"“{site.name}”" for site in sites[:20])
    more = f" and {len(sites) - 20} more" if len(sites) > 20 else ""
    wrong = f"No website is called “{named}”" if named else "Say which website"
    raise InvalidView(f"{wrong}: there are {names}{more}.")


def _filter(text: str) -> str:
    """A filter as the URL spells it, of one as it is typed."""
    found = _FILTER.fullmatch(text)
    return f"{found[1]}.{_OPERATORS[found[2]]}.{found[3]}" if found else text


def _write(path: Path, contents: bytes) -> None:
    """Write a file as a whole, or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as unfinished:
            unfinished.write(contents)
        os.chmod(unfinished.name, 0o644)
        os.replace(unfinished.name, path)
    except OSError:
        raise SettingsError("The file of --out cannot be written.") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
