import json

from bench import raises
from node import config

MINIMAL = {"point": "nsp-0123", "broker": {"host": "10.0.0.1"}}


def write(text):
    with open("config.json", "w") as f:
        f.write(text if isinstance(text, str) else json.dumps(text))


def test_defaults_are_filled_in():
    write(MINIMAL)
    found = config.load()
    assert found["interval_s"] == 60
    assert found["broker"]["port"] == 1883
    assert found["journal"]["max_bytes"] == 262144
    assert found["sensors"] == []


def test_what_is_wrong_is_named_with_what_was_found_and_expected():
    for change, words in (
        ({"point": None}, "point: found nothing"),
        ({"point": "NSP 1"}, "point: found 'NSP 1', expected 2 to 31"),
        ({"interval_s": "60"}, "interval_s: found '60', expected a whole number"),
        ({"interval_s": True}, "interval_s: found True"),
        ({"interval_s": 0}, "interval_s: found 0, expected 1 to 3600"),
        ({"broker": {}}, "broker.host: found nothing, expected a text"),
        ({"broker": "10.0.0.1"}, "broker: found '10.0.0.1', expected a table"),
        ({"broker": {"host": "x", "port": 70000}}, "broker.port: found 70000, expected 1 to 65535"),
        ({"broker": {"host": "x", "retry_min_s": 500}}, "broker.retry_min_s"),
        ({"alarm": {"fuel_low_percent": 101}}, "alarm.fuel_low_percent"),
        ({"alarm": {"fuel_low_percent": 80, "hysteresis_percent": 30}}, "alarm.hysteresis_percent: found 30"),
        ({"journal": {"max_bytes": 2097153}}, "journal.max_bytes: found 2097153, expected 65536 to 2097152"),
        ({"sensors": {}}, "sensors: found {}, expected a list"),
        ({"sensors": [{"bus": "i2c0"}]}, "sensors[0].driver"),
        ({"pins": []}, "pins: found []"),
    ):
        error = raises(config.ConfigError, config.check, dict(json.loads(json.dumps(MINIMAL)), **change))
        assert words in str(error), (change, str(error))
        assert str(error).startswith("config.json: ")


def test_no_file_broken_json_and_no_table():
    assert "found nothing" in str(raises(config.ConfigError, config.load))
    write("{")
    assert "no JSON" in str(raises(config.ConfigError, config.load))
    write("[]")
    assert "no table" in str(raises(config.ConfigError, config.load))


def test_secrets_are_optional_and_never_shown():
    assert config.load_secrets() == {}
    with open("secrets.json", "w") as f:
        f.write('{"wifi": {"ssid": "NSP", "password": "geheim"')
    assert "geheim" not in str(raises(config.ConfigError, config.load_secrets))
