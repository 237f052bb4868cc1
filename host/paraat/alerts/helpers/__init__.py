"""Processes of their own for what may hang: each module here is one, run by `aside`."""
