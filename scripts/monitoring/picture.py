"""Draws the panels of the dashboard out of what their queries yield, as SVG that is readable on light and on dark.

    python3 scripts/monitoring/picture.py 127.0.0.1:9090 1700000000 > docs/pictures/dashboard.svg
"""

import math
import sys
from html import escape

from queries import filled, panels, series

COLUMNS = 24
CELL_WIDTH = 40
CELL_HEIGHT = 22
# What a panel is inside: its title above, its names below, its numbers on the left.
PAD = 10
TITLE = 22
NUMBERS = 54
NAMES = 22
# How wide a letter of the names is, about.
LETTER = 6.8
STEP_SECONDS = 2
WINDOW = "10s"
COLOURS = ["#0969da", "#1a7f37", "#bf3989", "#9a6700", "#8250df", "#cf222e", "#0e8a94", "#6e7781"]

STYLE = """text{font:11px sans-serif;fill:#57606a}.t{font-weight:bold;font-size:12px;fill:#24292f}.n{text-anchor:end}
.v{font-size:30px;text-anchor:middle;fill:#1a7f37}.p{fill:#fff;stroke:#d0d7de}.b{fill:#f6f8fa}.g{stroke:#d0d7de}
.l{fill:none;stroke-width:1.5;stroke-linejoin:round}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.t{fill:#e6edf3}.v{fill:#3fb950}.p{fill:#161b22;stroke:#3d444d}
.b{fill:#0d1117}.g{stroke:#3d444d}}"""

UNITS = {"s": " s", "percentunit": " %", "bytes": " B", "reqps": "/s", "wps": "/s", "cps": "/s"}


def number(value, unit):
    """A number as people read it, with its unit."""
    if unit == "percentunit":
        value *= 100
    for size, letter in [(1 << 20, "Mi"), (1 << 10, "Ki")]:
        if unit == "bytes" and value >= size:
            return f"{value / size:.0f} {letter}B"
    digits = 0 if value == int(value) or value >= 10 else 1 if value >= 1 else 2
    return f"{value:.{digits}f}{UNITS.get(unit, '')}"


def ceiling(value, unit):
    """The next of 1, 2, 2.5 and 5 times a power of ten; of bytes, the next power of two."""
    if value <= 0:
        return 1.0
    if unit == "bytes":
        return 2 ** math.ceil(math.log2(value))
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def named(legend, labels):
    for label, value in labels.items():
        legend = legend.replace("{{" + label + "}}", value)
    return legend


def lines_of(panel, prometheus, began):
    """Name and points of each line, the highest first: what would be lost among others is told first."""
    lines = []
    for target in panel["targets"]:
        query = filled(target["expr"], began, WINDOW)
        for labels, points in series(prometheus, query, began, STEP_SECONDS):
            seen = [(when, value) for when, value in points if math.isfinite(value)]
            lines.append((named(target["legendFormat"], labels), seen))
    # The ports of gateways are the system's choice; the picture has them numbered.
    lines.sort()
    gateways = iter(range(1, len(lines) + 1))
    lines = [(f"gateway-{next(gateways)}" if name.startswith("127.") else name, seen) for name, seen in lines]
    return sorted([line for line in lines if line[1]], key=lambda line: -max(value for _, value in line[1]))


def value_of(lines, shown):
    """The number, or the word for it, that stands in the middle of a small panel."""
    if not lines:
        return "-"
    value = lines[0][1][-1][1]
    words = shown["mappings"][0]["options"] if "mappings" in shown else {}
    return words[str(int(value))]["text"] if words else number(value, shown["unit"])


def graph(panel, lines, x, y, width, height, began, ended):
    """Grid, lines and names of a panel."""
    left, right, top, bottom = x + NUMBERS, x + width - PAD, y + TITLE + PAD, y + height - NAMES - PAD
    unit = panel["fieldConfig"]["defaults"]["unit"]
    most = ceiling(max((value for _, seen in lines for _, value in seen), default=0), unit)
    for part in (0, 0.5, 1):
        at = bottom - part * (bottom - top)
        yield f'<path class="g" d="M{left} {at:.0f}H{right}"/>'
        yield f'<text class="n" x="{left - 5}" y="{at + 4:.0f}">{number(most * part, unit)}</text>'
    across = lambda when: left + (when - began) / (ended - began) * (right - left)
    up = lambda value: bottom - value / most * (bottom - top)
    for (name, seen), colour in reversed(list(zip(lines, COLOURS))):
        points = "L".join(f"{across(when):.0f} {up(value):.1f}" for when, value in seen)
        yield f'<path class="l" stroke="{colour}" d="M{points}"/>'
    at = left
    for (name, _), colour in zip(lines, COLOURS):
        if at + len(name) * LETTER + 14 > right:
            break
        yield f'<path class="l" stroke="{colour}" stroke-width="4" d="M{at:.0f} {y + height - 13}h8"/>'
        yield f'<text x="{at + 12:.0f}" y="{y + height - 9}">{escape(name)}</text>'
        at += len(name) * LETTER + 26


def drawn(panel, prometheus, began, ended):
    place = panel["gridPos"]
    x, y = place["x"] * CELL_WIDTH + 4, place["y"] * CELL_HEIGHT + 4
    width, height = place["w"] * CELL_WIDTH - 8, place["h"] * CELL_HEIGHT - 8
    lines = lines_of(panel, prometheus, began)
    yield f'<rect class="p" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
    yield f'<text class="t" x="{x + PAD}" y="{y + 18}">{escape(panel["title"])}</text>'
    if panel["type"] == "stat":
        value = value_of(lines, panel["fieldConfig"]["defaults"])
        yield f'<text class="v" x="{x + width / 2:.0f}" y="{y + 62}">{value}</text>'
    else:
        yield from graph(panel, lines, x, y, width, height, began, ended)


def main(prometheus, began):
    began = int(began)
    all_panels = panels()
    ended = max(when for _, seen in series(prometheus, "up", began, STEP_SECONDS) for when, _ in seen)
    width = COLUMNS * CELL_WIDTH
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in all_panels) * CELL_HEIGHT
    label = "The dashboard: a gateway under load, of which the middle third has faults"
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
          f'role="img" aria-label="{label}">\n<style>{STYLE}</style>\n<rect class="b" width="{width}" height="{height}"/>')
    for panel in all_panels:
        print("\n".join(drawn(panel, prometheus, began, ended)))
    print("</svg>")


main(*sys.argv[1:])
