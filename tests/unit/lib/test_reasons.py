"""What the shipped reasons make of the labels that CRMs and their users write."""

from __future__ import annotations

import csv
from functools import cache

import pytest

from orchestration.lib.company.agreement_patterns import holds
from orchestration.settings import PROJECT_ROOT

_FILE = PROJECT_ROOT / "orchestration" / "defaults" / "agreement" / "reasons.csv"


@cache
def _lines() -> list[dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda line: int(line["reason_order"]))


def reason(label: str, object_type: str) -> str:
    """The first line that matches the whole label; `other` without one."""
    for line in _lines():
        if line["object_type"] in (object_type, "both") and holds(line["pattern"], label.strip()):
            return line["reason"]
    return "other"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Price", "price"),
        ("Pricing / too expensive", "price"),
        ("Preis zu hoch", "price"),
        ("Zu teuer", "price"),
        ("Prix trop élevé", "price"),
        ("Trop cher", "price"),
        ("Precio demasiado alto", "price"),
        ("Demasiado caro", "price"),
        ("Preço alto", "price"),
        ("Lost to Competitor", "competitor"),
        ("Went with incumbent", "competitor"),
        ("Wettbewerber gewählt", "competitor"),
        ("An Mitbewerb verloren", "competitor"),
        ("Concurrence", "competitor"),
        ("Perdido con la competencia", "competitor"),
        ("Perdido para o concorrente", "competitor"),
        ("Missing feature", "product"),
        ("Product fit", "product"),
        ("Funktionen fehlen", "product"),
        ("Fonctionnalité manquante", "product"),
        ("Falta de funcionalidad", "product"),
        ("No Budget / Lost Funding", "budget"),
        ("Kein Budget", "budget"),
        ("Pas de budget", "budget"),
        ("Sin presupuesto", "budget"),
        ("Sem orçamento", "budget"),
        ("Bad timing", "timing"),
        ("Falscher Zeitpunkt", "timing"),
        ("Mauvais moment", "timing"),
        ("Más tarde", "timing"),
        ("No Decision / Non-Responsive", "no_decision"),
        ("Keine Entscheidung", "no_decision"),
        ("Aucune décision", "no_decision"),
        ("No need", "no_need"),
        ("Kein Bedarf", "no_need"),
        ("Kein Interesse mehr", "no_need"),
        ("Pas intéressé", "no_need"),
        ("No interesado", "no_need"),
        ("Sem interesse", "no_need"),
        ("Duplicate record", "duplicate"),
        ("Dublette", "duplicate"),
        ("Doublon", "duplicate"),
        ("Duplicado", "duplicate"),
        ("Other", "other"),
        ("Sonstiges", "other"),
        ("Autre", "other"),
        # Not these words: a part of a word is no reason.
        ("Data privacy concerns", "other"),
        ("Carousel ad misunderstood", "other"),
        ("Steuerliche Gründe", "other"),
        ("Collateral missing", "other"),
        ("Arrival in Costa Rica", "other"),
    ],
)
def test_why_a_deal_was_lost(label: str, expected: str) -> None:
    assert reason(label, "lost") == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Unqualified", "bad_fit"),
        ("Not a good fit", "bad_fit"),
        ("Too small", "bad_fit"),
        ("Poor quality lead", "bad_fit"),
        ("Passt nicht zur Zielgruppe", "bad_fit"),
        ("Student / job seeker", "bad_fit"),
        ("Hors cible", "bad_fit"),
        ("No Response", "unreachable"),
        ("Unresponsive", "unreachable"),
        ("Nicht erreichbar", "unreachable"),
        ("Keine Rückmeldung", "unreachable"),
        ("Injoignable", "unreachable"),
        ("Sin respuesta", "unreachable"),
        ("Sem resposta", "unreachable"),
        ("Wrong contact details", "unreachable"),
        ("Not ready to buy", "timing"),
        ("Already a customer", "other"),
    ],
)
def test_why_a_lead_was_rejected(label: str, expected: str) -> None:
    assert reason(label, "rejected") == expected


@pytest.mark.parametrize("object_type", ["lost", "rejected"])
def test_capitals_and_blanks_do_not_matter(object_type: str) -> None:
    assert reason("  TOO EXPENSIVE ", object_type) == "price"
