"""A board on the USB cable: its port, its console, its MicroPython."""
