"""When which rung is told."""

import msgspec
import pytest

from paraat.domain.roster import COORDINATION, DEPUTY, LEAD, REGION, TECHNICIAN
from paraat.domain.telling import CRITICAL, WARNING, Telling


@pytest.mark.parametrize(
    ("severity", "rungs"),
    [
        (CRITICAL, {LEAD: 0, TECHNICIAN: 0, DEPUTY: 300, COORDINATION: 720, REGION: 1200}),
        (WARNING, {LEAD: 0, TECHNICIAN: 0, DEPUTY: 14400, COORDINATION: 28800, REGION: None}),
    ],
)
def test_each_rung_has_its_time_and_0_is_never(severity: str, rungs: dict[str, float | None]) -> None:
    found = Telling().rungs(severity)
    assert {rung: found.after_s(rung) for rung in rungs} == rungs
    with pytest.raises(KeyError):
        found.after_s("mayor")


def test_what_nobody_knows_how_bad_it_is_is_told_as_the_worst() -> None:
    telling = Telling()
    assert telling.rungs("resolved") is telling.critical
    changed = msgspec.structs.replace(telling.warning, region_after_s=60.0)
    assert msgspec.structs.replace(telling, warning=changed).rungs(WARNING).after_s(REGION) == 60.0
