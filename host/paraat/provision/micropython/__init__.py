"""MicroPython itself: which image, obtained and checked."""
