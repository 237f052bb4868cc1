"""The estimate of the hours left: how right it is, what it costs, and the tables of docs/autonomy.md.

    python benchmarks/autonomy.py                      what a sample and a reading cost, in time and in memory
    python benchmarks/autonomy.py --write FILE         also follow all courses, and write the tables into the file

Times are of one thread on this machine; the ratio to a fixed piece of arithmetic tells more on another one.
"""

import argparse
import math
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from course_scores import DEMAND, SETTLED_H, SHEET, Moment, follow, tank_of, two_point
from fuel_bound import bound
from fuel_courses import COURSES, CREEPING, ONCE_WRONG, T0, Course, Once
from paraat.domain import autonomy
from paraat.domain.fuel import Fuel
from paraat.domain.fuel_history import History

SEEDS = range(5)
FRESH = range(170, 190)  # ripples that nobody looked at while the method was made
BEGIN, END = "<!-- made by benchmarks/autonomy.py -->", "<!-- end -->"
RUNNING = Course("running", ((6, 9.5), (6, 14)), start_l=390)
STANDBY = Course("standby", ((0.5, 9.5), (48, 0)))


def yardstick_us() -> float:
    """Microseconds of a thousand square roots in plain Python."""
    begun = time.process_time()
    for _ in range(200):
        sum(math.sqrt(i) for i in range(1000))
    return (time.process_time() - begun) / 200 * 1e6


def cost(course: Course) -> tuple[float, float, int]:
    """Microseconds to take in a sample, microseconds to read the history, bytes of it; at the end of a course."""
    samples = list(course.samples(1))
    begun = time.process_time()
    history = History()
    for sample in samples:
        history.add(sample.t, sample.litres, sample.running, sample.load_w)
    add_us = (time.process_time() - begun) / len(samples) * 1e6
    tank = tank_of(course)
    begun = time.process_time()
    for _ in range(100):
        autonomy.read(history.slots(), tank)
    return add_us, (time.process_time() - begun) / 100 * 1e6, history.size_bytes()


def costs() -> None:
    yardstick = yardstick_us()
    for course in (RUNNING, STANDBY):
        add_us, read_us, size = cost(course)
        print(
            f"{course.name}: {add_us:.1f} us a sample, {read_us:.0f} us a reading "
            f"({read_us / yardstick:.1f} times a thousand square roots), {size} bytes a point"
        )


def percent(part: float) -> str:
    return f"{100 * part:.1f}"


def errors(moments: list[Moment], name: str) -> tuple[float, float, float]:
    """Median, most too few and most too many of a way, as parts of the truth."""
    found = [getattr(moment, name) / moment.true - 1 for moment in moments]
    return median(map(abs, found)), min(found), max(found)


def row(name: str, moments: list[Moment]) -> str:
    typical, few, many = errors(moments, "hours")
    plain = errors(moments, "two_point")
    sheet = errors(moments, "sheet")
    cells = [
        name,
        str(len(moments)),
        percent(typical),
        f"{percent(few)} / +{percent(max(0.0, many))}",
        percent(sum(moment.holds for moment in moments) / len(moments)),
        f"{median(moment.width for moment in moments):.1f}",
        f"{percent(plain[0])} (+{percent(max(0.0, plain[2]))})",
        f"{percent(sheet[0])} (+{percent(max(0.0, sheet[2]))})",
    ]
    return "| " + " | ".join(cells) + " |"


def found_after(course: Course) -> str:
    """Minutes after its first change of load at which the hours shown are, and stay, within 15 %."""
    at = course.legs[0][0]
    until = at + min(2.0, course.legs[1][0])
    minutes = []
    for seed in SEEDS:
        late = [m.hour - at for m in follow(course, seed, 120) if at < m.hour < until and abs(m.error) > 0.15]
        minutes.append(60 * max(late, default=0.0))
    return f"{median(minutes):.0f} ({max(minutes):.0f})"


def once_row(once: Once) -> str:
    """One of the courses that went wrong, at its moment: the middle of several ripples."""
    course, hour = once.course, once.hour
    shown = []
    for seed in SEEDS:
        fuel = Fuel(tank_of(course))
        seen = []
        for sample in course.samples(seed):
            if sample.t <= T0 + 3600 * hour:
                fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
                seen.append((sample.t, sample.litres))
        reading = fuel.reading()
        assert reading is not None
        left = autonomy.estimate(reading, tank_of(course), T0 + 3600 * hour, drains=True)
        sheet = (seen[-1][1] - course.reserve_l) / (SHEET * course.rate(hour - 1e-6))
        shown.append((left.hours, left.hours_low, left.hours_high, two_point(seen, tank_of(course)), sheet))
    hours, low, high, plain, sheet = (median(column) for column in zip(*shown, strict=True))
    cells = [
        course.name,
        f"{once.true:g}",
        once.shown,
        f"{hours:.1f} ({low:.1f}-{high:.1f})",
        f"{plain:.1f}",
        f"{sheet:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def fresh_row(name: str, moments: list[Moment]) -> str:
    typical, few, many = errors(moments, "hours")
    off = sum(abs(moment.error) > 0.15 for moment in moments)
    over = sum(moment.error > 0.1 for moment in moments)
    holds = percent(sum(moment.holds for moment in moments) / len(moments))
    worst = f"{percent(few)} / +{percent(max(0.0, many))}"
    cells = [name, str(len(moments)), percent(typical), worst, str(over), str(off), holds]
    return "| " + " | ".join([*cells, f"{median(moment.width for moment in moments):.1f}"]) + " |"


def fresh_table() -> list[str]:
    lines = ["| course | moments | median % | worst % | above +10 % | beyond 15 % | range holds % | width |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    every: list[Moment] = []
    loose: list[Moment] = []
    for course in COURSES:
        moments = [m for seed in FRESH for m in follow(course, seed, 1200)]
        settled = [m for m in moments if m.settled]
        loose += [m for m in moments if m.since_change_h >= SETTLED_H]
        if settled:
            lines.append(fresh_row(course.name, settled))
            every += settled
    lines.append(fresh_row("**all, settled**", every))
    lines.append(fresh_row("all, half an hour after a change, whatever the noise demands", loose))
    lines += [
        fresh_row(c.name, [m for s in FRESH for m in follow(c, s, 1200) if m.since_change_h >= SETTLED_H])
        for c in CREEPING
    ]
    return lines


def known_row(course: Course, after_h: float) -> str:
    """What can be known so long after the first change of a course, and what is shown then."""
    limit, hour = bound(course, after_h), course.legs[0][0] + after_h
    tank, rate = tank_of(course), course.legs[1][1]
    rates, hours = [], []
    for seed in FRESH:
        fuel = Fuel(tank)
        for sample in course.samples(seed):
            if sample.t <= T0 + 3600 * hour:
                fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
        reading = fuel.reading()
        assert reading is not None
        rates.append(abs(reading.burn.likely / rate - 1))
        shown = autonomy.estimate(reading, tank, T0 + 3600 * hour, drains=True)
        hours.append(shown.hours / course.left_h(hour - 1e-6) - 1)
    cells = [
        course.name,
        f"{60 * after_h:.0f}",
        f"{limit.bends:.1f}",
        percent(limit.rate),
        percent(1.48 * median(rates)),
        percent(limit.too_many),
        percent(sum(error > 0.1 for error in hours) / len(hours)),
        f"{100 * median(hours):+.1f} ({100 * min(hours):+.0f} / {100 * max(hours):+.0f})",
    ]
    return "| " + " | ".join(cells) + " |"


def known_table() -> list[str]:
    lines = [
        "| course | minutes after | bend stands out, sd | rate: bound % | rate: ours % | > 10 % too many: unbiased % | ours % | hours shown: median (worst) % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    bending = [
        c for c in COURSES if len(c.legs) > 1 and 0 not in (c.legs[0][1], c.legs[1][1]) and not c.refuels and not c.gaps
    ]
    return lines + [known_row(course, after_h) for after_h in (0.5, 1.0) for course in bending]


def tables() -> str:
    once = [
        "| course | true hours | once shown | shown (range) | two-point | data sheet |",
        "|---|---|---|---|---|---|",
    ]
    once += [*map(once_row, ONCE_WRONG), ""]
    head = "| course | moments | median % | worst % | range holds % | width | two-point % | data sheet % |\n"
    head += "|---|---|---|---|---|---|---|---|"
    lines = [*once, head]
    every: list[Moment] = []
    for course in COURSES:
        moments = [m for seed in SEEDS for m in follow(course, seed) if m.settled]
        if moments:
            lines.append(row(course.name, moments))
            every += moments
    lines.append(row("**all**", every))
    over = sum(moment.error > 0.1 for moment in every)
    off = sum(abs(moment.error) > 0.15 for moment in every)
    lines.append(
        f"\nOf {len(every)} settled moments {over} show more than 10 % too many hours, and {off} are more than 15 % off.\n"
    )
    lines.append(head)
    lines += [row(c.name, [m for s in SEEDS for m in follow(c, s) if m.since_change_h >= 0.5]) for c in CREEPING]
    lines.append("\n| load changes | hours within 15 % after, minutes: median (worst) |\n|---|---|")
    lines += [f"| {c.name} | {found_after(c)} |" for c in COURSES if c.name.startswith(("load ", "three", "up and"))]
    lines += ["\nHalf an hour after a change, and an hour:\n", *known_table()]
    lines.append(f"\nRipples {FRESH.start} to {FRESH.stop - 1}, looked at each twenty minutes:\n")
    return "\n".join([*lines, *fresh_table()])


def main() -> None:
    parser = argparse.ArgumentParser(description="What the estimate of the hours left is worth, and what it costs.")
    parser.add_argument("--write", type=Path, help="file that has the tables between its two marks")
    asked = parser.parse_args()
    costs()
    if asked.write is not None:
        text = asked.write.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        asked.write.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{after}", encoding="utf-8")
        print(f"{asked.write}: {len(SEEDS)} seeds, settled: 30 min after a change and a demand of at most {DEMAND:.0%}")


if __name__ == "__main__":
    main()
