"""The reader's language: which locales are supported, translations, and caches."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from components import texts
from components.texts import N_, Message, _
from umami.errors import InvalidView
from umami.filters import Filter


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("de", "de"),
        ("de-DE", "de-DE"),
        ("de-CH", "de-CH"),
        ("de_at", "de-AT"),
        ("en-GB", "en-GB"),
        ("es-MX", "es-MX"),
        ("es-419", "es-419"),
        ("fr-XX", "fr"),
        ("FR-ca", "fr-CA"),
    ],
)
def test_languages_with_a_known_region_are_supported(tag: str, locale: str) -> None:
    assert texts.supported(tag) == locale


@pytest.mark.parametrize(
    "tag",
    [
        None,
        "",
        "nl-NL",
        "zz",
        "deu",
        "de-",
        "de_DE.UTF-8",
        "de-DE\n",
        "../../x",
        "de/../en",
        "de-\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}\N{ARABIC-INDIC DIGIT THREE}",
        "d" * 10_000,
        "de-DE" * 2_000,
        b"de",
        7,
    ],
)
def test_anything_else_is_not(tag: object) -> None:
    assert texts.supported(tag) is None


@pytest.mark.parametrize(
    ("locale", "translation"),
    [("en", "Visitors"), ("en-US", "Visitors"), ("de-CH", "Besucher"), ("fr", "Visiteurs")],
)
def test_a_text_is_translated_into_the_language_of_the_reader(
    locale: str, translation: str
) -> None:
    with texts.reading(locale):
        assert _("Visitors") == translation
        assert _("") == ""
        assert _("no text of the interface") == "no text of the interface"
    assert _("Visitors") == "Visitors"


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "“6m” is not a period."),
        ("de", "„6m“ ist kein Zeitraum."),
        ("es", "«6m» no es un periodo."),
    ],
)
def test_a_message_keeps_its_values(locale: str, sentence: str) -> None:
    message = Message(N_("“{value}” is not a period."), value="6m")
    assert message == "“6m” is not a period."
    with texts.reading(locale):
        assert _(message) == sentence


def test_a_message_is_copied_with_its_values() -> None:
    message = Message(N_("“{value}” is not a period."), value="{0.__class__}")
    for copied in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert copied == "“{0.__class__}” is not a period."
        assert copied.values == message.values


def test_values_of_a_message_are_translated_if_they_are_messages() -> None:
    template = "This server takes one filter of {field}."
    with texts.reading("de"):
        assert _(Message(template, field=Message("Country"))).endswith(": Land.")
        assert _(Message(template, field="Country")).endswith(": Country.")


def test_an_error_says_the_same_in_both_languages() -> None:
    with pytest.raises(InvalidView) as caught:
        Filter("nowhere", "eq", "{x}")
    assert str(caught.value) == "“nowhere” is not a field to filter by."
    with texts.reading("de"):
        assert texts.sentence(caught.value) == "„nowhere“ ist kein Feld zum Filtern."
        assert texts.sentences(caught.value).endswith(_(InvalidView.remedy))


def test_forms_follow_the_number() -> None:
    forms = ("{count} visit", "{count} visits")
    shown = {}
    for locale in ("en", "de", "fr", "es"):
        with texts.reading(locale):
            shown[locale] = [texts.ngettext(*forms, number) for number in (0, 1, 2)]
    assert shown["en"] == ["{count} visits", "{count} visit", "{count} visits"]
    assert shown["de"] == ["{count} Besuche", "{count} Besuch", "{count} Besuche"]
    # French counts zero in the singular.
    assert shown["fr"] == ["{count} visite", "{count} visite", "{count} visites"]
    assert shown["es"] == ["{count} visitas", "{count} visita", "{count} visitas"]


def test_remembered_results_are_those_of_the_language() -> None:
    calls = []

    @texts.memoize
    def title(name: str) -> str:
        calls.append(name)
        return f"{_('Visitors')} {name}"

    shown = []
    for locale in ("en", "de", "en", "de"):
        with texts.reading(locale):
            shown.append(title("x"))
    assert shown == ["Visitors x", "Besucher x", "Visitors x", "Besucher x"]
    assert len(calls) == 2


def test_the_language_of_a_thread_is_its_own() -> None:
    def read(locale: str) -> list[str]:
        with texts.reading(locale):
            return [_("Visitors") for _unused in range(200)]

    locales = ["de", "en", "fr", "es"] * 5
    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(read, locales))
    names = {"de": "Besucher", "en": "Visitors", "fr": "Visiteurs", "es": "Visitantes"}
    assert shown == [[names[locale]] * 200 for locale in locales]


@pytest.mark.parametrize(
    ("locale", "inside"),
    [("en", "bounce rate"), ("de", "Absprungrate"), ("fr", "taux de rebond")],
)
def test_labels_inside_of_a_sentence(locale: str, inside: str) -> None:
    with texts.reading(locale):
        assert texts.inside(_("Bounce rate")) == inside
        assert texts.inside("URL parameters") == "URL parameters"
