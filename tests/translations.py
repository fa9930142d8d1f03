"""Checks the catalogues of ``components/locales``, and updates them; part of ``make lint``.

``python -m tests.translations`` fails on texts that a catalogue lacks or no longer needs, on fuzzy
or empty translations, on other placeholders than those of the text, and on f-strings that are
marked for translation. With ``--update`` it writes missing texts into the catalogues, without a
translation, and removes those that are not needed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from components.texts import CATALOGUES, LANGUAGES

ROOT: Final = Path(__file__).parents[1]
MARKS: Final = {"_": None, "N_": None, "Message": None, "counted": (1, 2), "ngettext": (1, 2)}
"""The functions whose texts are translated, with the positions of singular and plural."""
PACKAGES: Final = ("components", "pages", "reports", "access", "umami", "app.py")
NAMES: Final = ("fields", "devices", "channels")
"""The tables of ``umami/names.toml`` with words, in place of names of products."""
TEMPLATES: Final = re.compile(r'\b_\("((?:[^"\\]|\\.)*)"\)')


def template() -> Catalog:
    """Every text that is shown in the language of the reader."""
    catalogue = Catalog()
    keywords = {**MARKS, "NN_": (1, 2)}
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().splitlines():
        path = ROOT / name
        if path.suffix == ".py" and path.is_file():
            source = BytesIO(path.read_bytes())
            for _line, text, _notes, _context in extract("python", source, keywords):
                if text and all(text):
                    catalogue.add(text)
            for text in within_f_strings(path.read_text("utf-8")):
                catalogue.add(text)
        elif path.parent.name == "assets" and path.suffix in (".html", ".txt"):
            for match in TEMPLATES.finditer(path.read_text("utf-8")):
                catalogue.add(match[1])
    tables = tomllib.loads((ROOT / "umami" / "names.toml").read_text("utf-8"))
    for table in NAMES:
        for text in tables[table].values():
            catalogue.add(text)
    return catalogue


def within_f_strings(source: str) -> Iterator[str]:
    """The marked texts in the expressions of f-strings, which the extraction passes over."""
    for string in ast.walk(ast.parse(source)):
        if isinstance(string, ast.JoinedStr):
            for node in ast.walk(string):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                    match node.args:
                        case [ast.Constant(value=str(text))]:
                            yield text


def unmarked() -> Iterator[str]:
    """F-strings in the place of a text, which no catalogue can contain."""
    for package in PACKAGES:
        place = ROOT / package
        for path in place.rglob("*.py") if place.is_dir() else [place]:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in MARKS and isinstance(node.args[0], ast.JoinedStr):
                    yield f"{path}:{node.lineno}: an f-string cannot be translated"


def faults(language: str, needed: Catalog) -> Iterator[str]:
    """What is wrong with the catalogue of a language."""
    catalogue = read(language)
    texts = {message.id for message in needed if message.id}
    for message in needed:
        if message.id and catalogue.get(first(message.id)) is None:
            yield f"{language}: “{first(message.id)}” is missing: make translations"
    for message in catalogue:
        if not message.id:
            continue
        text = first(message.id)
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id not in texts:
            yield f"{language}: “{text}” is not needed: make translations"
        elif message.fuzzy:
            yield f"{language}: “{text}” is fuzzy"
        elif not all(forms):
            yield f"{language}: “{text}” has no translation"
        elif any(placeholders(form) != placeholders(last(message.id)) for form in forms):
            yield f"{language}: “{text}” has other placeholders than its translation"
    if any(True for _obsolete in catalogue.obsolete):
        yield f"{language}: there are obsolete texts: make translations"


def first(text: str | tuple[str, ...]) -> str:
    """The singular."""
    return text if isinstance(text, str) else text[0]


def last(text: str | tuple[str, ...]) -> str:
    """The plural, if there is one."""
    return text if isinstance(text, str) else text[-1]


def placeholders(text: str) -> set[tuple[str, str]]:
    """The placeholders of a text with their formats."""
    return {
        (name, spec or "") for _t, name, spec, _c in Formatter().parse(text) if name is not None
    }


def file(language: str) -> Path:
    """The catalogue of a language."""
    return CATALOGUES / language / "LC_MESSAGES" / "dashboard.po"


def read(language: str) -> Catalog:
    """Parse the catalogue of a language."""
    with file(language).open("rb") as source:
        return read_po(source, locale=language)


def update(language: str, needed: Catalog) -> None:
    """Add what a catalogue lacks, and remove what is not needed."""
    catalogue = read(language)
    # The date would change with every update.
    needed.creation_date = catalogue.creation_date
    catalogue.update(needed, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, width=0, no_location=True, sort_output=True)
    file(language).write_bytes(written.getvalue())


def main(arguments: list[str]) -> int:
    """Print every fault, or update the catalogues; the exit status says whether there is any."""
    needed = template()
    languages = [language for language in LANGUAGES if file(language).is_file()]
    if arguments == ["--update"]:
        for language in languages:
            update(language, needed)
    all_faults = [*unmarked(), *(fault for each in languages for fault in faults(each, needed))]
    print("\n".join(all_faults) or f"Translations: {len(needed)} texts, no faults.")
    return bool(all_faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
