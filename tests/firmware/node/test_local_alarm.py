from node.local_alarm import GENERATOR_DOWN, LOW_BATTERY, LOW_FUEL, PATTERNS, LocalAlarm

LIMITS = {"fuel_low_percent": 25, "hysteresis_percent": 5, "battery_low_v": 11.8, "hysteresis_v": 0.3}
NAMES = ["fuel/level", "battery/voltage", "power/mains", "power/generator"]


def alarm(names=NAMES):
    return LocalAlarm(LIMITS, names)


def well(names=NAMES):
    """An alarm that has seen that all is well."""
    a = alarm(names)
    sample(a)
    return a


def sample(a, fuel=60, battery=12.8, mains=True, generator=False, faults=()):
    values = [
        ("fuel/level", fuel),
        ("battery/voltage", battery),
        ("power/mains", mains),
        ("power/generator", generator),
    ]
    return a.update([v for v in values if v[0] not in faults], [(name, "silent") for name in faults])


def test_before_the_first_sample_it_does_not_say_that_all_is_well():
    a = alarm()
    a.linked = True
    assert a.state == "unknown"


def test_a_sensor_that_cannot_even_be_asked_is_never_all_well():
    a = LocalAlarm(LIMITS, NAMES, unusable=1)
    a.linked = True
    sample(a)
    assert a.state == "unknown"


def test_all_well_needs_a_sample_and_a_host():
    a = alarm()
    assert sample(a) == []
    assert a.state == "no-link"
    a.linked = True
    assert a.state == "well"
    assert not a.sounds


def test_the_first_sample_after_a_start_decides_alone():
    a = alarm()
    changes = sample(a, fuel=10, battery=11, mains=False)
    assert sorted(changes) == [(GENERATOR_DOWN, True), (LOW_BATTERY, True), (LOW_FUEL, True)]
    assert a.sounds
    a = alarm()
    sample(a, faults=("fuel/level",))
    assert sample(a, fuel=10) == []  # a sensor that comes back is not believed at once


def test_low_fuel_needs_two_samples_and_clears_above_the_hysteresis():
    a = well()
    assert sample(a, fuel=24) == []
    assert sample(a, fuel=24) == [(LOW_FUEL, True)]
    assert a.state == LOW_FUEL
    assert a.sounds
    for _ in range(5):
        assert sample(a, fuel=27) == []
    assert sample(a, fuel=30) == []
    assert sample(a, fuel=30) == [(LOW_FUEL, False)]
    assert a.state == "no-link"


def test_one_wild_echo_neither_raises_nor_clears():
    a = alarm()
    for fuel in (60, 5, 60, 5, 60):
        assert sample(a, fuel=fuel) == []
    sample(a, fuel=10)
    assert sample(a, fuel=10) == [(LOW_FUEL, True)]
    for fuel in (90, 10, 90, 10):
        assert sample(a, fuel=fuel) == []


def test_unknown_holds_the_alarm_and_shows():
    a = alarm()
    a.linked = True
    sample(a)
    sample(a, faults=("fuel/level",))
    assert a.state == "unknown"
    sample(a, fuel=10)
    sample(a, fuel=10)
    for _ in range(5):
        assert sample(a, faults=("fuel/level",)) == []
    assert a.state == LOW_FUEL


def test_the_lowest_of_two_tanks_counts_and_a_silent_one_may_be_it():
    a = alarm(NAMES + ["fuel/level/second"])
    a.update([("fuel/level", 80), ("fuel/level/second", 80), ("battery/voltage", 12.8)], [])
    rest = [("battery/voltage", 12.8), ("power/mains", True), ("power/generator", False)]
    for _ in range(2):
        changes = a.update([("fuel/level", 80), ("fuel/level/second", 10)] + rest, [])
    assert changes == [(LOW_FUEL, True)]
    for _ in range(3):
        assert a.update([("fuel/level", 80)] + rest, [("fuel/level/second", "crc")]) == []


def test_mains_out_without_a_generator():
    a = well()
    sample(a, mains=False)
    assert sample(a, mains=False) == [(GENERATOR_DOWN, True)]
    sample(a, mains=False, generator=True)
    assert sample(a, mains=False, generator=True) == [(GENERATOR_DOWN, False)]
    for _ in range(3):
        assert sample(a, mains=False, faults=("power/generator",)) == []


def test_low_battery():
    a = well()
    sample(a, battery=11.5)
    assert sample(a, battery=11.5) == [(LOW_BATTERY, True)]
    assert a.state == LOW_BATTERY


def test_the_worst_is_shown():
    a = well()
    for _ in range(2):
        changes = sample(a, fuel=10, battery=11, mains=False)
    assert len(changes) == 3
    assert a.state == GENERATOR_DOWN


def test_the_button_silences_until_it_clears_and_comes_again():
    a = alarm()
    assert not a.acknowledge()
    sample(a, fuel=10)
    sample(a, fuel=10)
    assert a.acknowledge()
    assert not a.sounds
    assert a.state == LOW_FUEL
    assert not a.acknowledge()
    for fuel in (80, 80):
        sample(a, fuel=fuel)
    for fuel in (10, 10):
        sample(a, fuel=fuel)
    assert a.sounds


def test_another_alarm_sounds_though_the_first_is_acknowledged():
    a = alarm()
    sample(a, fuel=10)
    sample(a, fuel=10)
    a.acknowledge()
    sample(a, fuel=10, battery=11)
    sample(a, fuel=10, battery=11)
    assert a.sounds


def test_every_pattern_is_its_own():
    assert len(set(PATTERNS.values())) == len(PATTERNS)
    for pattern in PATTERNS.values():
        assert len(pattern) % 2 == 0
