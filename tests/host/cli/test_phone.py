"""Who is told to call the coordination point sees its number."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flashing import make_site
from paraat.cli.main import main
from paraat.texts import Words, whom_to_call


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = make_site(tmp_path / "site", datetime.now(UTC))
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace("[site]\n", '[site]\nphone = "030 123 45 67"\n'))
    return folder


def test_a_command_and_the_doctor_show_it_where_they_say_to_call(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(site / "pki")
    assert main(["doctor", "--site", str(site)]) == 1
    assert "Het coördinatiepunt: 030 123 45 67" in capsys.readouterr().out
    assert main(["flash", "--site", str(site), "nsp-0101"]) == 1
    assert "Het coördinatiepunt: 030 123 45 67" in capsys.readouterr().err


def test_every_step_that_sends_to_the_coordination_point_gets_it() -> None:
    for language, words in (
        ("nl", ("el het coördinatiepunt", "eld het nu aan", "el het CP")),
        ("en", ("all the coordination", "ell the coord")),
    ):
        for text in Words(language, "do").all().values():
            if any(word in text for word in words):
                assert whom_to_call(text, "030", language), text
    assert whom_to_call("Bel het coördinatiepunt", None, "nl") == ""
