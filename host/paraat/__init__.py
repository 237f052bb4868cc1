"""Paraat's host: runs at the coordination point, from MQTT to journal, InfluxDB, alerts and the status page."""
