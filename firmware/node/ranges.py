"""A set of whole numbers as a short list of ranges."""


class Ranges:
    """Ranges [first, last], sorted, apart from each other."""

    def __init__(self):
        self._list = []

    def __iter__(self):
        return iter(self._list)

    def add(self, first, last):
        """Add all numbers from first to last, inclusive."""
        kept = []
        for a, b in self._list:
            if b < first - 1 or a > last + 1:
                kept.append([a, b])
            else:
                first = min(first, a)
                last = max(last, b)
        kept.append([first, last])
        kept.sort()
        self._list = kept

    def remove(self, first, last):
        """Take all numbers from first to last out, inclusive."""
        kept = []
        for a, b in self._list:
            if a < first:
                kept.append([a, min(b, first - 1)])
            if b > last:
                kept.append([max(a, last + 1), b])
        self._list = kept

    def overlaps(self, first, last):
        """The parts of first to last that are in the set, as a list of (first, last)."""
        return [(max(a, first), min(b, last)) for a, b in self._list if a <= last and b >= first]

    def has(self, number):
        """True when the number is in the set."""
        return self.has_all(number, number)

    def has_all(self, first, last):
        """True when every number from first to last is in the set."""
        for a, b in self._list:
            if a <= first and last <= b:
                return True
        return False

    def count(self, first, last):
        """How many numbers from first to last are in the set."""
        return sum(b - a + 1 for a, b in self.overlaps(first, last))

    def forget_below(self, first):
        """Drop all numbers below first."""
        self._list = [[max(a, first), b] for a, b in self._list if b >= first]
