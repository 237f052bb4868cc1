"""The status page on the web: one page, a JSON API, health and metrics.

It shows what a WebSource says, and judges nothing.
"""
