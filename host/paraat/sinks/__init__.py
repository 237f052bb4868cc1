"""Where the journal's entries go from here. A sink that is away costs disk, never data."""
