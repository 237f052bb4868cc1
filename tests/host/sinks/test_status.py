"""The rows that the host derives."""

from paraat.sinks.status import derive
from tracker_bench import T0, Bench


def test_the_litres_of_a_silent_point_are_not_written_as_if_they_were_measured_now() -> None:
    bench = Bench()
    bench.sees(T0)
    assert derive(bench.view(T0 + 60), ()).values["fuel/litres"] == 240
    values = derive(bench.view(T0 + 3600), ()).values
    assert values["point/quiet"] == 1
    assert (values["point/verdict"], values["point/last-verdict"]) == (1, 2)
    assert values["point/ready"] == 0
    assert "fuel/litres" not in values
    assert "fuel/hours" in values  # an estimate of now, and Grafana shows it beside the status


def test_what_is_not_known_is_absent() -> None:
    bench = Bench()
    bench.sees(T0, without="fuel/level")
    values = derive(bench.view(T0 + 60), ()).values
    assert values["point/verdict"] == 0
    assert (values["point/unknown"], values["point/ready"]) == (1, 0)
    assert not [name for name in values if name.startswith("fuel/")]
