"""`paraat alerts rules` says of every rule what the code does."""

import re

import msgspec
import pytest

from paraat.alerts.rule_table import lines
from paraat.alerts.rules import RULES
from paraat.cli.main import main
from paraat.domain.thresholds import Alerts
from paraat.site import paths


@pytest.mark.parametrize(("language", "action"), [("en", "Do "), ("nl", "Doe ")])
def test_every_rule_stands_in_it_with_what_to_do(language: str, action: str) -> None:
    told = "\n".join(lines(Alerts(), language))
    rules = re.findall(r"^(\w+): .+ \((lead|coordination|technician)\)\n((?:  .+\n?)+)", told, re.MULTILINE)
    assert {name for name, _, _ in rules} == set(RULES)
    order = ["lead", "coordination", "technician"]
    assert [(role, name) for name, role, _ in rules] == sorted(
        ((role, name) for name, role, _ in rules), key=lambda one: (order.index(one[0]), one[1])
    )
    for name, role, below in rules:
        rule = RULES[name](Alerts(), {})
        assert role == rule.for_role
        said = [line for line in below.splitlines() if "[alerts." not in line]
        assert len(said) == len(rule.wordings), name
        assert all(f". {action}" in line for line in said), name


def test_thresholds_are_those_of_the_site() -> None:
    low_fuel = msgspec.structs.replace(Alerts().low_fuel, raise_hours=7.5)
    told = list(lines(msgspec.structs.replace(Alerts(), low_fuel=low_fuel), "en"))
    assert (
        "  [alerts.low_fuel] raise_hours = 7.5, clear_hours = 8, raise_percent = 20, clear_percent = 25,"
        " worse_hours = [4, 2, 1, 0], full_percent = 85, short_percent = 90, hold_s = 120 *" in told
    )
    assert not [line for line in told if "[alerts.own_certificate]" in line]  # it takes those of certificate_expiry
    assert '  [alerts.on_battery] low_percent = 40, ups = "ups@localhost", hold_s = 30' in told


def test_the_command_prints_it_in_the_sites_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "rules", "--site", str(paths.example_site_dir())]) == 0
    assert "low_fuel: Brandstof raakt op (lead)" in capsys.readouterr().out
