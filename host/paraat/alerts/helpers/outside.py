"""The helper that hands messages to apprise: {"url", "title", "body"} in, {"done", "why"} out."""

import logging

import apprise

from paraat.alerts.helpers.aside import Answer, serve


def hand_over(order: Answer) -> Answer:
    """Send one message to one URL. why: what apprise logged, which may hold pieces of the URL."""
    out = apprise.Apprise()
    if not out.add(order["url"]):
        return {"done": False, "why": "apprise does not take this URL"}
    # apprise tells why something failed only in its log.
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        done = out.notify(title=order["title"], body=order["body"], body_format=apprise.NotifyFormat.TEXT)
        why = said.getvalue().strip().replace("\n", "; ")
    return {"done": bool(done), "why": why}


if __name__ == "__main__":
    serve(hand_over)
