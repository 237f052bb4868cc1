"""Carbon dioxide in a hall over the last two hours."""

import itertools

from paraat.domain.air import Air, Lowest

T0 = 1764000000.0  # a multiple of ten minutes
READ = ((0, 900.0, 30), (60, 700.0, 40), (660, 800.0, None), (1260, 800.0, 5), (1300, 750.0, None))


def of(*read: tuple[float, float, int | None]) -> Air:
    air = Air()
    for t, co2_ppm, people in read:
        air.add(T0 + t, co2_ppm, people)
    return air


def test_the_best_air_and_the_fewest_people_of_its_ten_minutes_whatever_the_order() -> None:
    for read in itertools.permutations(READ):
        assert of(*read).lowest(T0 + 1300) == Lowest(700.0, 30)
    assert of(*READ[2:]).lowest(T0 + 1300) == Lowest(750.0, 5)
    assert of((0, 700.0, 0), (60, 800.0, 3)).lowest(T0) == Lowest(700.0, 0)


def test_of_equal_air_who_nobody_counted_comes_first() -> None:
    assert of((0, 700.0, 3), (600, 700.0, None)).lowest(T0 + 600) == Lowest(700.0, None)
    assert of((0, 700.0, 0), (600, 700.0, None)).lowest(T0 + 600) == Lowest(700.0, None)
    assert of((0, 700.0, 3), (600, 700.0, 2)).lowest(T0 + 600) == Lowest(700.0, 2)


def test_it_goes_back_two_hours_and_never_ahead() -> None:
    air = of((0, 500.0, 1))
    assert air.lowest(T0 - 1) is None
    assert air.lowest(T0 + 7199) == Lowest(500.0, 1)
    assert air.lowest(T0 + 7200) is None
    assert Air().lowest(T0) is None


def test_no_more_than_two_hours_are_kept_and_what_is_late_falls_out() -> None:
    air = of(*((600 * n, 900.0 - n, None) for n in range(13)), (0, 400.0, None))
    assert air.lowest(T0) is None
    assert air.lowest(T0 + 600) == Lowest(899.0, None)


def test_what_a_clock_that_was_wrong_has_left_is_forgotten() -> None:
    air = of((0, 900.0, None), (600, 500.0, None))
    air.forget_after(T0 + 599)
    assert air.lowest(T0 + 700) == Lowest(900.0, None)
    kept = of((600, 500.0, None))
    kept.forget_after(T0 + 600)
    assert kept.lowest(T0 + 700) == Lowest(500.0, None)
