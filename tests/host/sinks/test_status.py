"""The rows that the host derives."""

import pytest

from paraat.domain.facts import HOST, Attested, Delivered, Fact
from paraat.domain.points import Battery
from paraat.domain.profiles import Profile, Resource
from paraat.sinks.status import derive
from tracker_bench import POINT, T0, Bench

FRESH_S = 300.0


def test_the_litres_of_a_silent_point_are_not_written_as_if_they_were_measured_now() -> None:
    bench = Bench()
    bench.sees(T0)
    assert derive(bench.view(T0 + 60), (), FRESH_S).values["fuel/litres"] == 240
    values = derive(bench.view(T0 + 3600), (), FRESH_S).values
    assert values["point/quiet"] == 1
    assert (values["point/verdict"], values["point/last-verdict"]) == (1, 2)
    assert values["point/ready"] == 0
    assert "fuel/litres" not in values
    assert "fuel/hours" in values  # an estimate of now, and Grafana shows it beside the status


def test_what_is_not_known_is_absent() -> None:
    bench = Bench()
    bench.sees(T0, without="fuel/level")
    values = derive(bench.view(T0 + 60), (), FRESH_S).values
    assert values["point/verdict"] == 0
    assert (values["point/unknown"], values["point/ready"]) == (1, 0)
    assert not [name for name in values if name.startswith(("fuel/", "off-grid/hours"))]


def test_what_is_remarked_is_a_row_and_a_figure_that_is_not_known_has_none() -> None:
    bench = Bench()
    bench.sees(T0, battery__voltage=10.9, climate__temperature=3.0, people__in=160, people__out=10, node__uptime=600)
    values = derive(bench.view(T0 + 60), (), FRESH_S).values
    said = {name: value for name, value in values.items() if name.startswith(("remark/", "people/"))}
    assert said == {
        "remark/battery-low": 1, "remark/cold": 1, "remark/warm": 0, "remark/busy": 0, "remark/full": 1,
        "people/likely": 150, "people/low": 141, "people/high": 159,
    }  # fmt: skip
    silent = derive(bench.view(T0 + 3600), (), FRESH_S).values
    assert not [name for name in silent if name.startswith(("remark/", "people/"))]


def test_upkeep_is_a_row_of_ages_and_of_what_is_to_be_done() -> None:
    bench = Bench()
    for minute in range(40):
        bench.sees(T0 + 60 * minute, power__generator=True)
    values = derive(bench.view(T0 + 2400), (), FRESH_S).values
    assert values["upkeep/overdue"] == 0
    assert values["upkeep/unknown"] == 3, "under what load it ran, when fuel came, who was there"
    assert "upkeep/test-age" not in values
    bench.tracker.standing.apply(
        Fact(id=1, after=0, t=T0 + 60, recorded_at=T0, author=HOST, told=Delivered(point=POINT.id, litres=9.0))
    )
    values = derive(bench.view(T0 + 2460), (), FRESH_S).values
    assert (values["upkeep/fuel-age"], values["upkeep/check-age"], values["upkeep/unknown"]) == (2400, 2400, 1)


def test_when_the_first_word_of_a_point_ends_is_a_figure() -> None:
    words = {name: Resource(by="word") for name in ("water", "food")}
    bench = Bench(profile=Profile(target_h=12.0, resources=words))

    def ends(now: float) -> object:
        return derive(bench.view(now), (), FRESH_S).values.get("upkeep/word-ends")

    def says(name: str, until: float) -> None:
        told = Attested(point=POINT.id, resource=name, there=True, until=until)
        bench.tracker.standing.apply(Fact(id=1, after=0, t=T0, recorded_at=T0, author=HOST, told=told))

    bench.sees(T0)
    says("water", T0 + 7200)
    assert ends(T0 + 60) == 0, "nobody ever gave a word on food"
    says("food", T0 + 3660)
    assert ends(T0 + 60) == 3600
    assert ends(T0 + 4260) == -600, "it has ended"
    silent = Bench()
    silent.sees(T0)
    assert "upkeep/word-ends" not in derive(silent.view(T0 + 60), (), FRESH_S).values, "its profile asks for no word"


def test_hours_without_the_grid_are_rows_where_a_battery_is_recorded() -> None:
    bench = Bench(battery=Battery(capacity_ah=100, nominal_v=12, load_w=96))
    bench.sees(T0, battery__charge=100.0)
    values = derive(bench.view(T0 + 60), (), FRESH_S).values
    assert (values["battery/hours"], values["off-grid/hours"]) == (10, 34)
    assert values["off-grid/hours-low"] == pytest.approx(values["fuel/hours-low"] + 8)


def test_a_gauge_that_cannot_be_believed_gives_no_hours() -> None:
    bench = Bench()
    now = bench.sees_a_stuck_gauge()
    values = derive(bench.view(now), (), FRESH_S).values
    assert not [name for name in values if name.startswith(("fuel/hours", "off-grid/hours", "fuel/refuel-in"))]
    assert (values["point/hours-unknown"], values["point/fuel-unknown"], values["point/short"]) == (1, 1, 0)


def test_what_is_counted_over_points_is_0_or_1() -> None:
    bench = Bench()
    bench.sees(T0)
    values = derive(bench.view(T0 + 60), (), FRESH_S).values
    assert {name: values[f"point/{name}"] for name in ("standby", "opening", "operational", "late", "mains-out")} == {
        "standby": 1, "opening": 0, "operational": 0, "late": 0, "mains-out": 0,
    }  # fmt: skip
    assert (values["point/fuel-unknown"], values["point/at"]) == (0, T0 + 60)
    bench.sees(T0 + 60, {"fuel/level": "wire"}, power__mains=False)
    values = derive(bench.view(T0 + 120), (), FRESH_S).values
    assert (values["point/mains-out"], values["point/fuel-unknown"]) == (1, 1)
    silent = derive(bench.view(T0 + 3600), (), FRESH_S).values
    assert (silent["point/mains-out"], silent["point/fuel-unknown"]) == (0, 1), "nobody knows"
