"""What a board is: board.toml, its pins and what may hang on them, its configuration and its wiring picture."""
