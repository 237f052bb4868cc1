"""The chip's own heap, which the simulated board has too, and never uses."""

HEAP_DATA = 4

# (bytes, free, largest free block, least free so far) of each region; a test changes them.
regions = [(16648, 300, 280, 300), (113840, 40000, 36000, 30000)]


def idf_heap_info(capabilities):
    return list(regions)
