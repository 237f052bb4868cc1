"""Device models at the bus, one file per chip, each with the faults that the real one has."""
