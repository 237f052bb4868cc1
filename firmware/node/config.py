"""config.json: defaults, and the one check at boot. A ConfigError names the key, what was found, what is expected."""

import json

from paraat_wire import topics

FILE = "config.json"
SECRETS_FILE = "secrets.json"  # {"wifi": {"ssid": ..., "password": ...}, "mqtt": {"password": ...}}; never printed

_NUMBER = (int, float)

# (key, type, default or None when it must be given, lowest, highest)
_KEYS = (
    ("point", str, None, None, None),
    ("version", int, 1, 0, 1000000000),
    ("board", str, "", None, None),
    ("built", int, 0, 0, 3092601600),  # when the image was made, unix seconds, before 2068: no clock is earlier
    ("interval_s", int, 60, 1, 3600),
    ("sample_limit_s", int, 10, 1, 600),  # time limit of one sensor's reading
    ("link.kind", str, "wifi", None, None),
    ("link.timeout_s", int, 20, 1, 100000),
    ("link.reboot_after_s", int, 86400, 0, 1000000),  # without a word from the host; 0: never
    ("trial_s", int, 600, 60, 86400),  # within it a new configuration must reach the host
    ("watchdog_s", int, 120, 0, 3600),  # of the hardware; 0: none
    ("broker.host", str, None, None, None),
    ("broker.port", int, 1883, 1, 65535),
    ("broker.tls", bool, False, None, None),
    ("broker.server_name", str, "", None, None),  # in the broker's certificate, where it is not broker.host
    ("broker.keepalive_s", int, 60, 5, 65535),
    ("broker.timeout_s", int, 10, 1, 100000),  # of every single wait for the network
    ("broker.retry_min_s", int, 2, 1, 100000),
    ("broker.retry_max_s", int, 120, 1, 100000),
    ("broker.ack_timeout_s", int, 30, 1, 100000),  # for the host to say that a set is stored
    ("update.trial_s", int, 900, 60, 86400),  # new firmware must have reached the host by then
    ("ntp.host", str, "", None, None),  # a time server; empty: on the broker's machine
    ("ntp.port", int, 123, 1, 65535),
    ("journal.directory", str, "journal", None, None),
    ("journal.max_bytes", int, 262144, 65536, 2097152),  # 32 segments of 64 KB, in which two bytes find a set
    ("journal.first_seq", int, 1, 1, 1073741823),  # of a new board: above what the host has of an earlier one
    ("alarm.fuel_low_percent", _NUMBER, 25, 0, 100),
    ("alarm.hysteresis_percent", _NUMBER, 5, 0, 50),
    ("alarm.battery_low_v", _NUMBER, 11.8, 0, 80),
    ("alarm.hysteresis_v", _NUMBER, 0.3, 0, 10),
)


class ConfigError(ValueError):
    """Raised when config.json is missing or wrong."""


def load(path=FILE):
    """The checked configuration as a dict of tables, defaults filled in. Raises ConfigError."""
    try:
        with open(path) as f:
            config = json.load(f)
    except OSError:
        raise ConfigError("%s: found nothing, expected the file that `make flash` writes" % path)
    except ValueError:
        raise ConfigError("%s: found no JSON, expected the file that `make flash` writes" % path)
    return check(config, path)


def check(config, path=FILE):
    """Fill in defaults and check every key. Raises ConfigError."""
    if not isinstance(config, dict):
        raise ConfigError("%s: found no table, expected a JSON object" % path)
    for key, kind, default, low, high in _KEYS:
        table, _, name = key.rpartition(".")
        place = config
        if table:
            place = config.setdefault(table, {})
            if not isinstance(place, dict):
                raise ConfigError("%s: %s: found %s, expected a table" % (path, table, _show(place)))
        value = place.setdefault(name, default)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise ConfigError("%s: %s: found %s, expected %s" % (path, key, _show(value), _kind_name(kind)))
        if low is not None and high is not None and not isinstance(value, str) and not low <= value <= high:
            raise ConfigError("%s: %s: found %s, expected %s to %s" % (path, key, value, low, high))
    if not topics.is_point_id(config["point"]):
        raise ConfigError("%s: point: found %s, expected 2 to 31 of a-z, 0-9 and -" % (path, _show(config["point"])))
    if config["broker"]["retry_min_s"] > config["broker"]["retry_max_s"]:
        raise ConfigError("%s: broker.retry_min_s: found more than retry_max_s" % path)
    alarm = config["alarm"]
    if alarm["fuel_low_percent"] + alarm["hysteresis_percent"] > 100:
        raise ConfigError(
            "%s: alarm.hysteresis_percent: found %s, expected a level that a full tank reaches"
            % (path, alarm["hysteresis_percent"])
        )
    for name in ("buses", "pins"):
        if not isinstance(config.setdefault(name, {}), dict):
            raise ConfigError("%s: %s: found %s, expected a table" % (path, name, _show(config[name])))
    sensors = config.setdefault("sensors", [])
    if not isinstance(sensors, list):
        raise ConfigError("%s: sensors: found %s, expected a list" % (path, _show(sensors)))
    for i, sensor in enumerate(sensors):
        if not isinstance(sensor, dict) or not isinstance(sensor.get("driver"), str):
            raise ConfigError("%s: sensors[%d].driver: found nothing, expected the name of a driver" % (path, i))
    return config


def load_secrets(path=SECRETS_FILE):
    """The secrets as a dict, empty where there is no file. Raises ConfigError without showing anything of it."""
    try:
        with open(path) as f:
            secrets = json.load(f)
    except OSError:
        return {}
    except ValueError:
        raise ConfigError("%s: found no JSON, expected the file that `make flash` writes" % path)
    return secrets if isinstance(secrets, dict) else {}


def _kind_name(kind):
    if kind is str:
        return "a text"
    if kind is bool:
        return "true or false"
    return "a whole number" if kind is int else "a number"


def _show(value):
    return "nothing" if value is None else repr(value)[:40]
