"""What the rules about the fuel share."""

from paraat.domain.model import PointView


def capacity_l(view: PointView) -> float:
    """Litres that the tank holds, of a point whose fuel is known and not 0; else 0."""
    return 100 * view.litres / view.fuel_percent if view.litres and view.fuel_percent else 0.0
