"""What comes from outside, made harmless for a terminal."""


def printable(line: str) -> str:
    """Without control characters: what a board prints must not steer the technician's terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)
