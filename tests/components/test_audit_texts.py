"""The lines of the audit log in the reader's language."""

from __future__ import annotations

import pytest

from access.audit import SOMEBODY
from components import audit_texts, texts
from umami.endpoint import REGISTRY, Access


def test_every_write_to_a_server_has_an_action() -> None:
    writes = [each.name for each in REGISTRY.values() if each.access is Access.WRITES]
    assert writes
    assert {name.replace("_", " ").capitalize() for name in writes} <= set(audit_texts.ACTIONS)


@pytest.mark.parametrize(
    ("about", "german"),
    [
        ("report (overview, utm) as pdf of Shop", "Bericht (overview, utm) als pdf von Shop"),
        ("2026-10-01 of Shop: New\nprices", "2026-10-01 von Shop: New\nprices"),
        ("12 more refused since 14:00 UTC", "12 weitere abgelehnt seit 14:00 UTC"),
        ("Top {x} of Shop", "Top {x} von Shop"),
        ("too early", "zu früh"),
        ("ann", "ann"),
        ("", ""),
    ],
)
def test_lines_are_translated_around_their_names(about: str, german: str) -> None:
    with texts.reading("de"):
        assert audit_texts.about(about) == german
    assert audit_texts.about(about) == about


def test_actions_and_nobodys_names_are_translated() -> None:
    with texts.reading("de"):
        assert audit_texts.action("sign in") == "Anmelden"
        assert audit_texts.actions_with("anmeld") == ["sign in", "make sign-in link"]
        assert audit_texts.account(SOMEBODY) == "jemand"
        assert audit_texts.account("ann") == "ann"
    assert audit_texts.action("of an older version") == "Of an older version"
