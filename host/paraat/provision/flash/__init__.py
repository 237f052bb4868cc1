"""Boards written, tested and recorded, one after the other or side by side."""
