"""Line protocol by the tables: the same entry gives the same bytes."""

import pytest

from paraat.domain.facts import HOST, Fact, Named
from paraat.domain.model import Entry, Row, Value
from paraat.sinks import schema
from paraat.sinks.lines import Places, lines
from paraat_wire import metrics

T0 = 1764000000


def an_entry(
    values: dict[str, Value] | None = None,
    faults: dict[str, str] | None = None,
    *,
    seq: int = 7,
    t: float = T0,
    kind: str = "telemetry",
    entry_id: int = 1,
    received_at: float = 0.0,
    row: Row | None = None,
) -> Entry:
    return Entry(
        id=entry_id,
        point="nsp-0101",
        kind=kind,
        seq=seq,
        t=t,
        values=values or {},
        faults=faults or {},
        received_at=received_at,
        row=row,
    )


def named(after: int, name: str, municipality: str = "Voorbeeldstad", **fields: object) -> Fact:
    told = Named(point="nsp-0101", name=name, municipality=municipality, region="Midden", **fields)  # type: ignore[arg-type]
    return Fact(id=after, after=after, t=T0, recorded_at=T0, author=HOST, told=told)


def plain(entry: Entry, *facts: Fact) -> list[bytes]:
    return lines(entry, Places(facts), "nl")


def test_one_line_for_each_measurement_and_sensor_and_one_for_each_fault() -> None:
    entry = an_entry(
        {
            "fuel/level": 61.2,
            "power/mains": False,
            "fuel/distance": 0.5,
            "people/present": 0,
            "climate/temperature": -3.0,
            "climate/temperature/hall": 19.0,
        },
        {"battery/voltage": "crc", "climate/humidity/hall": "silent"},
    )
    stamp = b"1764000000000000007"
    assert plain(entry) == [
        b"fuel,point=nsp-0101 level_percent=61.2,distance_m=0.5 " + stamp,
        b"power,point=nsp-0101 mains=false " + stamp,
        b"people,point=nsp-0101 present=0i " + stamp,
        b"climate,point=nsp-0101 temperature_c=-3.0 " + stamp,
        b"climate,point=nsp-0101,sensor=hall temperature_c=19.0 " + stamp,
        b'fault,point=nsp-0101,metric=battery/voltage code="crc" ' + stamp,
        b'fault,point=nsp-0101,sensor=hall,metric=climate/humidity code="silent" ' + stamp,
    ]


def test_what_a_board_measured_has_no_name_so_that_a_renamed_point_keeps_its_history() -> None:
    entry = an_entry({"fuel/level": 61.2})
    assert plain(entry, named(0, "De Linde")) == plain(entry, named(0, "De Eik")) == plain(entry)


def test_what_the_host_makes_of_a_point_is_one_line_with_its_names_of_then() -> None:
    values: dict[str, Value] = {"point/verdict": 4, "point/phase": 4, "fuel/hours": 5.5, "off-grid/target": 72.0}
    facts = [named(5, "De Linde"), named(20, "De Eik, zaal=2", "Aa en Hunze", position=(52.5, 5.25))]
    fields = "verdict=4i,phase=4i,fuel_hours=5.5,target_h=72.0"
    before, first, second = (
        plain(an_entry(values, kind="derived", seq=0, entry_id=entry_id), *facts) for entry_id in (3, 20, 21)
    )
    tags = "region=Midden"
    assert first == before, "of before the first name"
    assert first == [
        f"point,point=nsp-0101,name=De\\ Linde,municipality=Voorbeeldstad,{tags} "
        f'{fields},label="De Linde (nsp-0101)" 1764000000000000000'.encode()
    ]
    assert second == [
        f"point,point=nsp-0101,name=De\\ Eik\\,\\ zaal\\=2,municipality=Aa\\ en\\ Hunze,{tags} "
        f'{fields},label="De Eik, zaal=2 (nsp-0101)",latitude=52.5,longitude=5.25 1764000000000000000'.encode()
    ]


def test_a_point_stays_one_series_whatever_its_phase_and_verdict() -> None:
    """InfluxDB 1 goes through every series of a day, whatever a panel asks of it: nine a point took seven times as long as one."""
    stands: list[dict[str, Value]] = [{"point/verdict": n % 5, "point/phase": n % 7} for n in range(35)]
    rows = [plain(an_entry(values, kind="derived"), named(0, "A"))[0] for values in stands]
    assert len({row.split(b" ")[0] for row in rows}) == 1


def test_why_a_point_is_not_ready_has_its_label_too() -> None:
    """Grafana's list of points is asked of these rows: they are few."""
    row = Row(point="nsp-0101", t=T0, measurement=schema.WHY, tags={"state": "standby"}, fields={"text": "koud"})
    (line,) = plain(an_entry(kind="row", entry_id=12, row=row), named(0, "De Linde"))
    assert b'text="koud",label="De Linde (nsp-0101)" ' in line


def test_a_row_has_the_types_of_the_schema_and_a_time_of_its_own() -> None:
    row = Row(
        point="nsp-0101",
        t=T0,
        measurement=schema.EVENT,
        tags={"kind": "refuel", "way": "cli"},
        fields={"text": 'Bijgevuld: "200" \\ liter', "value": 200},
    )
    assert plain(an_entry(kind="row", entry_id=12, row=row), named(0, "A")) == [
        b"event,point=nsp-0101,name=A,municipality=Voorbeeldstad,region=Midden,kind=refuel,way=cli "
        b'text="Bijgevuld: \\"200\\" \\\\ liter",value=200.0 1764000000000000012'
    ]


def test_what_a_board_tells_is_an_event_with_words_too() -> None:
    (bare, event) = plain(an_entry({"event/generator": True}, kind="event"))
    assert bare == b"board_event,point=nsp-0101 generator=true 1764000000000000007"
    assert event == b'event,point=nsp-0101,kind=generator-on,way=board text="Aggregaat gestart" 1764000000000000007'
    (_, event) = lines(an_entry({"event/refuel": 88.5}, kind="event"), Places(), "en")
    assert b'text="Refuelled, now 88 %",value=88.5' in event
    assert len(plain(an_entry({"button/ack": False}, kind="event"))) == 1, "nothing happened"


def test_a_set_that_came_late_says_by_how_much() -> None:
    assert len(plain(an_entry({"fuel/level": 1.0}, received_at=T0 + 60))) == 1
    assert plain(an_entry({"fuel/level": 1.0}, received_at=T0 + 3600))[1] == (
        b"late,point=nsp-0101 late_s=3600.0 1764000000000000007"
    )


def test_nothing_read_is_no_line() -> None:
    assert plain(an_entry()) == []
    assert plain(an_entry(kind="derived")) == []


def test_a_name_that_is_not_in_the_table_is_said() -> None:
    for kind in ("telemetry", "derived"):
        with pytest.raises(KeyError, match="made/up"):
            plain(an_entry({"made/up": 1}, kind=kind))
    with pytest.raises(KeyError, match="made-up"):
        plain(an_entry(row=Row(point="", t=T0, measurement="made-up", tags={}, fields={"n": 1})))


def test_two_events_of_one_second_stay_two_points_and_a_repeat_stays_one() -> None:
    first, second = (plain(an_entry({"button/ack": True}, seq=seq)) for seq in (7, 8))
    assert first != second
    assert first == plain(an_entry({"button/ack": True}, seq=7))


def test_a_tag_cannot_break_out_of_its_line() -> None:
    for name, written in (("A\\", b"name=A,"), ("A\\ B", b"name=A\\\\ B,"), ("A,region=X", b"name=A\\,region\\=X,")):
        (line,) = plain(an_entry({"point/verdict": 0}, kind="derived"), named(0, name))
        assert written in line


def test_the_type_of_a_field_follows_from_the_table_alone() -> None:
    for row in metrics.ROWS:
        expected = {metrics.FLOAT: b"=1.0", metrics.INT: b"=1i", metrics.BOOL: b"=true"}
        kind = "derived" if row[metrics.SOURCE] == metrics.HOST else "telemetry"
        for value in (1, 1.0, True):
            (line,) = plain(an_entry({row[metrics.NAME]: value}, kind=kind))
            assert row[metrics.FIELD].encode() + expected[row[metrics.TYPE]] + b" " in line


def test_no_measurement_of_rows_is_one_of_metrics_and_no_field_is_a_tag() -> None:
    of_metrics = {row[metrics.MEASUREMENT] for row in metrics.ROWS}
    assert not of_metrics & set(schema.ROWS)
    for measurement, types in schema.fields().items():
        assert not set(types) & set(schema.tags(measurement)), measurement
