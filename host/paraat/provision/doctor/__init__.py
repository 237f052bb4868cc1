"""What keeps a laptop or a board from working, and the next step."""
