"""docs/alerts.md says of every rule what the code does."""

import pytest

from paraat.alerts.rule_table import PAGE, table, written
from paraat.alerts.rules import RULES


def test_the_page_is_what_the_rules_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "make words"


def test_every_rule_stands_in_it_with_what_to_do() -> None:
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table().splitlines()[2:]]
    assert {row[0] for row in rows} - {""} == {f"`{name}`" for name in RULES}
    for row in rows:
        assert row[4] in ("warning", "critical")
        assert row[5], row


def test_a_page_without_a_place_for_it_is_told() -> None:
    with pytest.raises(ValueError, match="no lines"):
        written("# Alerts\n")
