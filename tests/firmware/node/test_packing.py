from bench import raises
from node import layouts, packing

from paraat_wire import codec, metrics

VALUES = [
    ("fuel/level", 61.2),
    ("fuel/distance", 0.843),
    ("battery/current", -1.234),
    ("climate/temperature", -3.25),
    ("climate/temperature/hall", 21.06),
    ("people/present", 0),
    ("node/uptime", 1073741823),
    ("power/mains", False),
    ("power/generator", True),
]
FAULTS = [("battery/voltage", "bus"), ("people/in", "a-new-code"), ("battery/charge", "")]
NAMES = [name for name, _ in VALUES + FAULTS]


def there_and_back(values, faults, names=NAMES):
    slots = packing.parse(layouts.layout_of(names))
    return packing.unpack(slots, packing.pack(slots, values, faults))


def test_what_goes_in_comes_out_as_the_wire_shows_it():
    values, faults = there_and_back(VALUES, FAULTS)
    assert codec.encode_records(values, []) == codec.encode_records(VALUES, [])
    assert faults == FAULTS


def test_every_metric_at_its_bounds():
    for row in metrics.ROWS:
        if row[metrics.SOURCE] == metrics.HOST:
            continue
        name = row[metrics.NAME]
        for bound in (row[metrics.LOW], row[metrics.HIGH]):
            value = bool(bound) if row[metrics.TYPE] == metrics.BOOL else bound
            assert there_and_back([(name, value)], [], [name]) == ([(name, value)], []), name


def test_zero_is_a_reading_and_absent_is_absent():
    assert there_and_back([("people/present", 0)], []) == ([("people/present", 0)], [])
    assert there_and_back([], []) == ([], [])


def test_what_is_not_plausible_is_a_fault():
    for value in (100.1, -0.1, float("nan"), float("inf")):
        assert there_and_back([("fuel/level", value)], []) == ([], [("fuel/level", "range")]), value


def test_a_fault_says_more_than_a_value():
    assert there_and_back([("fuel/level", 50)], [("fuel/level", "crc")]) == ([], [("fuel/level", "crc")])


def test_a_name_that_the_layout_lacks_is_told():
    slots = packing.parse(layouts.layout_of(["fuel/level"]))
    raises(KeyError, packing.pack, slots, [("fuel/level", 1), ("people/in", 1)], [])
    raises(KeyError, packing.pack, slots, [("fuel/level", 1)], [("people/in", "bus")])
    raises(KeyError, layouts.layout_of, ["fuel/colour"])


def test_damaged_bytes_are_refused_not_believed():
    slots = packing.parse(layouts.layout_of(NAMES))
    data = packing.pack(slots, VALUES, FAULTS)
    for end in range(len(data)):
        try:
            packing.unpack(slots, data[:end])
        except (ValueError, IndexError):
            continue
        raise AssertionError(end)
    raises(ValueError, packing.unpack, slots, data + b"\x00")


def test_the_standard_kit_is_small():
    values = [
        ("fuel/distance", 0.843), ("fuel/level", 61.2), ("battery/voltage", 12.65), ("battery/current", -1.234),
        ("climate/temperature", 19.06), ("people/in", 120), ("people/out", 90), ("people/present", 30),
        ("power/mains", False), ("power/generator", True), ("node/uptime", 2592000), ("node/heap", 60000),
        ("node/backlog", 4320), ("node/dropped", 0), ("node/rssi", -67),
    ]  # fmt: skip
    slots = packing.parse(layouts.layout_of([name for name, _ in values]))
    size = len(packing.pack(slots, values, []))
    print("standard kit: %d bytes" % size)
    assert size <= 36, size
