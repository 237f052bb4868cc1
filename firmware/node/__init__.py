"""The firmware of one point's board. app.main() is where to begin."""

VERSION = "0.1.0"
