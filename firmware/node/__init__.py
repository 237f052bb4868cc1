"""The firmware of one point's board. app.main() is where to begin."""

import gc

VERSION = "0.1.0"

# Collect early, from the loading of the first module on: a heap that is filled to its end each time leaves what lives
# long scattered over all of it, and then no room in one piece for a pack or the buffer of messages.
gc.threshold(16384)
