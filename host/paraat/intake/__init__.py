"""From the broker until stored and acknowledged: mqtt -> inbox -> decode -> admission -> ingest."""
