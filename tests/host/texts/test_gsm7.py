"""An SMS of one part: what its alphabet lacks costs a letter its accent, never the message its length."""

import pytest

from paraat.texts.gsm7 import gsm7


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("vóór het coördinatiepunt in Één", "voor het coördinatiepunt in Één"),
        ("Ouderkerk aan de IJssel, ’t Trefpunt", "Ouderkerk aan de IJssel, 't Trefpunt"),
        ("Súdwest-Fryslân: 12 °C, € 5", "Sudwest-Fryslan: 12 C, EUR 5"),
        ("e\u0301\u00e9", "éé"),
        ("Київ [a]", "???? (a)"),
        ("", ""),
    ],
)
def test_what_is_sent(text: str, sent: str) -> None:
    assert gsm7(text) == sent
    assert gsm7(sent) == sent
