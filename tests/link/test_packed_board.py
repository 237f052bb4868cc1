"""A board with all its sensors, over mutual TLS, in the packed form that is flashed: what lies outside the pack works too.

Commands, a new configuration and a refused one: each loads modules of its own. An update is in tests/end_to_end.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from link.stage import POINT, SPEED, Stage
from paraat.boards.node_config import node_config
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK
from paraat.site import paths
from paraat.site.site import load_site
from paraat_wire import host_codec, orders, topics
from waiting import wait_for


class Desk:
    """Who gives commands and configurations, and reads the answers."""

    def __init__(self, port: int, start_again: Callable[[], bool]) -> None:
        self.state: dict[str, Any] = {}
        self._replies: dict[str, orders.Reply] = {}
        self._start_again = start_again  # of a board that has reset itself
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="desk")
        self._client.on_message = self._message
        self._client.connect(LOOPBACK, port)
        self._client.subscribe([(topics.topic(POINT, leaf), 1) for leaf in (topics.REPLY, topics.STATE)])
        self._client.loop_start()

    def _message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.topic == topics.topic(POINT, topics.STATE):
            self.state = host_codec.read_state(message.payload)
        else:
            reply = host_codec.read_reply(message.payload)
            self._replies[reply.id] = reply

    def do(self, what: str, **args: object) -> orders.Reply:
        command = orders.Command(f"id-{what}-{len(self._replies)}", what, int(time.time()) + 3600, args)
        self._client.publish(topics.TIME, host_codec.encode_time(time.time()), 1)
        self._client.publish(topics.topic(POINT, topics.COMMAND), host_codec.encode_command(command), 1)
        wait_for(lambda: self._goes_on() and command.id in self._replies, f"an answer to {what}")
        return self._replies[command.id]

    def configure(self, config: dict[str, Any]) -> None:
        self._client.publish(topics.topic(POINT, topics.CONFIG), host_codec.encode_config(config), 1, retain=True)

    def hears(self, **fields: object) -> None:
        wait_for(
            lambda: self._goes_on() and fields.items() <= {**dict.fromkeys(fields), **self.state}.items(),
            f"state with {fields}, last {self.state}",
        )

    def _goes_on(self) -> bool:
        self._start_again()
        return True

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.needs("micropython", "mosquitto")
def test_commands_and_configurations_of_a_packed_board(tmp_path: Path) -> None:
    built = boards.build(tmp_path / "built")
    stage = Stage(tmp_path / "stage", built)
    site = load_site(paths.example_site_dir())
    stage.config = node_config(site, POINT, broker=stage.config["broker"]) | {"interval_s": 5}
    part = next(part for part in story.PARTS if part.point == POINT)
    scenario = story.scenario(part, site.points[POINT], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED)
    stage.board = boards.SimulatedBoard(tmp_path / POINT, stage.config, scenario, built)
    stage.write_files()
    stage.broker.start()
    stage.start_host()
    desk = Desk(stage.broker.host_port, stage.board.start_again)
    try:
        stage.board.start()
        stage.stores()
        sampled = desk.do("sample-now")
        assert not sampled.error, sampled
        levels = sampled.result["values"]
        assert {"fuel/level", "battery/voltage", "climate/temperature", "people/present"} <= levels.keys()
        assert not desk.do("identify", seconds=1).error
        assert desk.do("calibrate", at="brim").error.startswith("at: found")
        assert desk.do("no-such-thing").error
        version = stage.config["version"]
        desk.configure(stage.config | {"version": version + 1, "interval_s": 7})
        stage.says(f"version {version + 1} has come")
        desk.hears(config=version + 1, config_trial=None)
        assert json.loads((stage.board.directory / "config.json").read_text())["interval_s"] == 7
        desk.configure(stage.config | {"version": version + 2, "sensors": [{"driver": "abacus"}]})
        desk.hears(config=version + 1, config_refused=version + 2)
        assert "this firmware has no such driver" in desk.state["config_error"]
        stage.stores()
    finally:
        desk.stop()
        stage.close()
    mistakes = ("Traceback", "NameError", "AttributeError", "ImportError", "TypeError", "MemoryError")
    assert not [word for word in mistakes if word in stage.board.console()]
