"""What a board's memory holds: the firmware in Python's heap, and the radio in ESP-IDF's."""
