"""The ten alerts of docs/ten-alerts.md are what a lead gets."""

from pathlib import Path

from host.alerts.ten_texts import texts

PAGE = (Path(__file__).parents[3] / "docs/ten-alerts.md").read_text(encoding="utf-8")


def test_the_page_shows_what_a_lead_gets() -> None:
    found = texts()
    assert len(found) == 10
    assert not [text.sms for text in found if ".." in text.sms], "no name is cut"
    for text in found:
        assert f"```\n{text.sms}\n```" in PAGE
        assert f"```\n{text.subject}\n\n{text.body}\n```" in PAGE


def test_an_sms_never_loses_its_end_and_says_how_to_answer() -> None:
    for text in texts():
        assert len(text.sms) <= 160
        if "OK" in text.sms:
            assert "Antwoord OK/NEE " in text.sms
    assert "112. Doet u dit? Antwoord OK/NEE 4018" in texts()[7].sms
