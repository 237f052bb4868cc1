"""How messages reach the host and leave it. It knows bytes and topics, not what they mean."""
