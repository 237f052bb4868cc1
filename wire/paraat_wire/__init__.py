"""The wire contract between boards and host, version 1. Runs on CPython and on MicroPython.

- metrics: the one table of what can be measured
- topics: MQTT topic names
- codec: payload bytes to values and back, as a board needs it; host_codec: the host's side of it
"""
