"""All of a board's flash as one image."""
