"""Judges points and tells people: rules and engine are pure, channels do the sending."""
