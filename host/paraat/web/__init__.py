"""The web status board: one page, a JSON API, health and metrics.

It shows what a BoardSource says, and judges nothing.
"""
