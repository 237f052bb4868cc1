"""The helper that gives a sign of life: to a URL, or to the broker of another host of Paraat. {} out, or it raises.

Orders: {"do": "url", "url"}; {"do": "broker", "host", "port", "name", "password", "ca", "cert", "key", "topic", "payload"}.
"""

import ssl
import urllib.error
import urllib.request
from typing import Any

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from paraat.alerts.helpers.aside import Answer, AsideError, serve

_CONNECT_S = 10.0


def give(order: Answer) -> Answer:
    """Carry out one order. Raises AsideError, without the URL: whoever has it could give the sign in our stead."""
    if order["do"] == "url":
        return _to_url(str(order["url"]))
    return _to_broker(order)


def _to_url(url: str) -> Answer:
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_S) as answer:  # noqa: S310 - http or https, by its setting
            answer.read(1000)
    except urllib.error.HTTPError as error:
        error.close()
        raise AsideError(f"it answered {error.code}") from error
    except urllib.error.URLError as error:
        why = error.reason
        raise AsideError(str(getattr(why, "strerror", None) or type(why).__name__)) from error
    except (OSError, ValueError) as error:
        raise AsideError(type(error).__name__) from error
    return {}


def _to_broker(order: dict[str, Any]) -> Answer:
    client = Client(CallbackAPIVersion.VERSION2, client_id=order["name"], protocol=MQTTv311)
    client.connect_timeout = _CONNECT_S
    if order["password"] or not order["cert"]:
        client.username_pw_set(order["name"], order["password"] or None)
    refused: list[str] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: refused.append(str(reason)) if reason.is_failure else None
    try:
        if order["ca"]:
            context = ssl.create_default_context(cafile=order["ca"])
            if order["cert"]:
                context.load_cert_chain(order["cert"], order["key"])
            client.tls_set_context(context)
        client.connect(order["host"], order["port"])
        client.loop_start()
        sent = client.publish(order["topic"], order["payload"], qos=1)
        sent.wait_for_publish(_CONNECT_S)
        if not sent.is_published():
            raise AsideError(f"it did not take our message: {refused[0]}" if refused else "it did not take our message")
    except (OSError, ValueError, RuntimeError) as error:
        raise AsideError(str(getattr(error, "strerror", None) or type(error).__name__)) from error
    finally:
        client.disconnect()
        client.loop_stop()
    return {}


if __name__ == "__main__":
    serve(give)
