"""Adds and deletes rules of a website by which tables merge values, and records who did it."""

from __future__ import annotations

from access.rules import Rule
from components import merged_tags, page_context, viewer
from umami.errors import UmamiError


def add(rule: Rule) -> None:
    """Save a rule instead of those that it overlaps. Call it in a callback, which shows errors."""
    try:
        page_context.reader().rules.add(rule, merged_tags.absorb)
    except UmamiError:
        _record("add rule", rule, done=False)
        raise
    _record("add rule", rule)


def delete(rule: Rule) -> None:
    """Delete a rule. Call it in a callback, which shows errors."""
    try:
        page_context.reader().rules.delete(rule.website, rule.id)
    except UmamiError:
        _record("delete rule", rule, done=False)
        raise
    _record("delete rule", rule)


def _record(what: str, rule: Rule, *, done: bool = True) -> None:
    about = f"{rule.kind} {rule.name} of {rule.website}"
    viewer.record(viewer.current(), what, about, done=done)
