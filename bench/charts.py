"""Line and bar charts as SVG: a few dozen lines instead of a plotting library and everything that it pulls in."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 48, 88
COLOURS = ["#0b6e4f", "#3d7ea6", "#c8553d", "#e0a458", "#6b5b95"]
FONT = 'font-family="system-ui, sans-serif" font-size="12"'
# A value that cannot be drawn on a logarithmic axis sits at its foot.
LOG_MIN = 1e-3


def ticks(low, high, logarithmic):
    """Values worth a line across the chart."""
    if logarithmic:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0**power for power in range(first, last + 1)]
    step = 10 ** math.floor(math.log10(max(high - low, 1e-9)))
    step = next(step * factor for factor in (0.1, 0.2, 0.5, 1, 2, 5) if (high - low) / (step * factor) <= 6)
    return [low + step * index for index in range(int((high - low) / step + 1e-9) + 2)]


def label(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Chart:
    """A drawing area with a title, a vertical axis and a legend."""

    def __init__(self, title, unit, high, logarithmic=False, low=0.0):
        self.logarithmic = logarithmic
        marks = ticks(max(low, LOG_MIN) if logarithmic else 0.0, max(high, LOG_MIN * 10), logarithmic)
        self.low, self.high = marks[0], marks[-1]
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT} role="img">',
            f"<title>{escape(title)}</title>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{LEFT}" y="22" font-size="15" font-weight="600">{escape(title)}</text>',
            f'<text x="{LEFT}" y="40" fill="#666">{escape(unit)}</text>']
        for mark in marks:
            y = self.y(mark)
            self.line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
            self.text(LEFT - 6, y + 4, label(mark), "end")

    def y(self, value):
        if self.logarithmic:
            value = math.log10(max(value, self.low))
            low, high = math.log10(self.low), math.log10(self.high)
        else:
            low, high = self.low, self.high
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def text(self, x, y, content, anchor="middle", colour="#333"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
                          f"{escape(content)}</text>")

    def line(self, x1, y1, x2, y2, colour, dashes=""):
        dashes = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashes}/>')

    def legend(self, names):
        x = LEFT
        for index, name in enumerate(names):
            y = HEIGHT - 14
            self.parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour(index)}"/>')
            self.text(x + 17, y, name, "start")
            x += 34 + 6.6 * len(name)

    def write(self, path):
        path.write_text("\n".join([*self.parts, "</svg>"]) + "\n")


def colour(index):
    return COLOURS[index % len(COLOURS)]


def line_chart(path, title, unit, x_title, series, limit=None):
    """`series` is `{name: [(x, y)]}`, with a logarithmic vertical axis; `limit` is drawn as a dashed line."""
    points = [point for values in series.values() for point in values]
    if not points:
        return
    heights = [y for _, y in points] + ([limit] if limit else [])
    chart = Chart(title, unit, max(heights), logarithmic=True, low=min(heights))
    right = max(x for x, _ in points)
    marks = [mark for mark in ticks(0.0, right, False) if mark <= right * 1.001]

    def x_of(value):
        return LEFT + value / right * (WIDTH - LEFT - RIGHT - 10)

    for mark in marks:
        chart.text(x_of(mark), HEIGHT - BOTTOM + 18, label(mark))
    chart.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38, x_title)
    if limit:
        chart.line(LEFT, chart.y(limit), WIDTH - RIGHT, chart.y(limit), "#900", "6 4")
    for index, values in enumerate(series.values()):
        path_points = " ".join(f"{x_of(x):.1f},{chart.y(y):.1f}" for x, y in values)
        chart.parts.append(f'<polyline points="{path_points}" fill="none" stroke="{colour(index)}" stroke-width="2"/>')
        chart.parts += [f'<circle cx="{x_of(x):.1f}" cy="{chart.y(y):.1f}" r="3" fill="{colour(index)}"/>'
                        for x, y in values]
    chart.legend(series)
    chart.write(path)


def bar_chart(path, title, unit, groups, logarithmic=False):
    """`groups` is `{group: {name: value or None}}`; the names are the same in every group."""
    values = [value for group in groups.values() for value in group.values() if value]
    if not values:
        return
    chart = Chart(title, unit, max(values) * (1 if logarithmic else 1.05), logarithmic, low=min(values) / 3)
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    slot = (WIDTH - LEFT - RIGHT) / len(groups)
    width = slot * 0.8 / len(names)
    for position, (group, bars) in enumerate(groups.items()):
        left = LEFT + slot * (position + 0.1)
        chart.text(left + slot * 0.4, HEIGHT - BOTTOM + 18, group)
        for index, name in enumerate(names):
            x = left + width * index
            value = bars.get(name)
            if not value:
                chart.text(x + width / 2, HEIGHT - BOTTOM - 4, "–")
                continue
            top = chart.y(value)
            chart.parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{max(width - 2, 1):.1f}" '
                               f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{colour(index)}"/>')
            chart.text(x + width / 2 - 1, top - 4, label(value))
    chart.legend(names)
    chart.write(path)
