"""The tinyml track's pictures: ``python vault/visuals/tinyml.py`` writes them again."""

from drawing import AMBER, BLUE, GREEN, GRID, INK, PANEL, PURPLE, RED, SOFT, Drawing


def lifetimes() -> None:
    """Eight tensors and the ops during which each must be in SRAM."""
    d = Drawing("tinyml/starter-tinyml-003.svg", "Tensor lifetimes by operator", 262)
    x0, per_op, row = 122, 50, 28
    for op in range(8):
        d.line(x0 + op * per_op, 30, x0 + op * per_op, 254, GRID, 1)
    for op in range(1, 8):
        d.text(x0 + (op - 0.5) * per_op, 22, f"op {op}", 16, "middle")
    tensors = ((9, 1, 1), (18, 1, 5), (54, 2, 3), (54, 3, 4), (18, 4, 5), (18, 5, 6), (18, 6, 7), (1, 7, 7))
    for number, (size, first, last) in enumerate(tensors):
        y = 52 + number * row
        d.text(8, y, f"T{number}", 16)
        d.text(112, y, f"{size} KiB", 16, "end")
        d.rect(x0 + (first - 1) * per_op, y - 15, (last - first + 1) * per_op, 18, BLUE, BLUE)
    d.save()


def systolic_array() -> None:
    """A weight-stationary 16 × 16 array and the cycles of one fold."""
    d = Drawing("tinyml/starter-tinyml-012.svg", "Weight-stationary array of multipliers", 420)
    left, top, cell, shown = 150, 66, 40, 5
    d.text(left + cell * shown / 2, 22, "16 columns:", anchor="middle", bold=True)
    d.text(left + cell * shown / 2, 42, "one output channel each", anchor="middle")
    for row in range(shown):
        y = top + row * cell
        d.arrow(left - 40, y + 15, left - 4, y + 15, BLUE, 2)
        if row != 3:
            for column in (0, 1):
                d.line(left + column * cell + 30, y + 15, left + (column + 1) * cell, y + 15, BLUE, 2)
        for column in range(shown):
            x = left + column * cell
            if 3 in (row, column):
                d.text(x + 15, y + 20, "…", 18, "middle", SOFT)
            else:
                d.rect(x, y, 30, 30, PANEL)
                d.text(x + 15, y + 21, "w", 16, "middle")
    for column in range(shown):
        if column != 3:
            x = left + column * cell + 15
            d.arrow(x, top + cell * shown - 8, x, top + cell * shown + 22, GREEN, 2)
    d.text(104, 112, "16 rows:", anchor="end", bold=True)
    d.text(104, 134, "one input", anchor="end")
    d.text(104, 153, "channel and", anchor="end")
    d.text(104, 172, "kernel tap", anchor="end")
    d.text(104, 191, "each", anchor="end")
    d.text(left + cell * shown + 8, 112, "an activation", fill=BLUE)
    d.text(left + cell * shown + 8, 131, "passes all", fill=BLUE)
    d.text(left + cell * shown + 8, 150, "16 columns", fill=BLUE)
    d.text(
        left + cell * shown / 2 - 5,
        top + cell * shown + 42,
        "sums of the columns leave here",
        anchor="middle",
        fill=GREEN,
    )
    d.rect(14, 324, 452, 84, PANEL, GRID, 6)
    d.text(28, 346, "One fold = up to 16 × 16 weights, resident together", bold=True)
    d.text(28, 368, "16 cycles to load them, 30 cycles to fill and drain,")
    d.text(28, 390, "1 cycle for each output position")
    d.save()


def serial_weights() -> None:
    """DMA and core taking turns over four layers, times in ms."""
    d = Drawing("tinyml/starter-tinyml-016.svg", "Serial timeline of weight loads and layer computations", 232)
    x0, scale = 62, 22.4
    d.text(6, 79, "DMA", bold=True)
    d.text(6, 139, "core", bold=True)
    for tick in range(0, 19, 2):
        x = x0 + tick * scale
        d.line(x, 46, x, 164, GRID, 1)
        d.text(x, 184, str(tick), 14, "middle", SOFT)
    d.text(x0 + 9 * scale, 206, "time in ms", 14, "middle", SOFT)
    clock = 0.0
    for number, (load, compute) in enumerate(((0.4, 3.6), (1.2, 2.4), (3.2, 1.6), (4.0, 1.2)), 1):
        d.rect(x0 + clock * scale, 56, load * scale, 36, AMBER, AMBER)
        middle = x0 + (clock + load / 2) * scale
        d.text(middle, 36, f"{load}", 15, "middle")
        clock += load
        d.rect(x0 + clock * scale, 116, compute * scale, 36, BLUE, BLUE)
        middle = x0 + (clock + compute / 2) * scale
        d.text(middle, 140, f"{compute}", 15, "middle", "#ffffff")
        d.text(middle, 110, f"L{number}", 14, "middle", INK, bold=True)
        clock += compute
    d.text(6, 224, "L1 to L4: layers, with load and compute times in ms", 14, fill=SOFT)
    d.save()


def keyword_response() -> None:
    """A spoken word, window ends, inferences, results and the light."""
    d = Drawing("tinyml/starter-tinyml-019.svg", "Timeline from a spoken word to the light", 250)
    x0, scale = 22, 0.312
    at = lambda ms: x0 + ms * scale  # noqa: E731
    for tick in range(0, 1401, 250):
        d.line(at(tick), 30 if tick else 180, at(tick), 206, GRID, 1)
        d.text(at(tick), 224, str(tick), 14, "middle", SOFT)
    d.text(at(700), 244, "time in ms", 14, "middle", SOFT)
    d.rect(at(100), 34, 420 * scale, 28, AMBER, AMBER)
    d.text(at(310), 53, "word", 15, "middle", "#ffffff")
    d.text(at(100), 24, "100", 14, "middle")
    d.text(at(520), 24, "520", 14, "middle")
    d.text(at(540), 90, "a 1 s window ends at each mark", 14, fill=SOFT)
    for end, result in ((250, "no"), (500, "no"), (750, "yes"), (1000, "yes"), (1250, "yes")):
        d.line(at(end), 100, at(end), 150, PURPLE, 3)
        d.rect(at(end), 112, 80 * scale, 28, BLUE, BLUE)
        d.text(at(end + 40), 168, result, 15, "middle", INK, bold=True)
    d.text(at(0), 131, "inference", 14)
    d.text(at(0), 168, "result", 14)
    d.line(at(1330), 176, at(1330), 206, GREEN, 3)
    d.text(at(1330) - 6, 197, "light on at 1330", 15, "end", GREEN, bold=True)
    d.save()


def profile() -> None:
    """MAC and cycles by operator, in millions."""
    d = Drawing("tinyml/starter-tinyml-021.svg", "MAC and cycles by operator", 416)
    d.rect(14, 10, 16, 14, GREEN, GREEN)
    d.text(36, 23, "million MAC")
    d.rect(150, 10, 16, 14, BLUE, BLUE)
    d.text(172, 23, "million cycles")
    x0, scale = 14, 25.0
    ops = (
        ("first conv 3 × 3", 0.4, 1.3),
        ("separable blocks 1 to 3", 3.6, 6.9),
        ("conv 5 × 1", 0.9, 1.6),
        ("conv 5 × 1, dilation 2", 0.9, 15.8),
        ("separable blocks 4 to 6", 1.8, 3.2),
        ("pad and softmax", 0.0, 1.0),
    )
    for index, (name, mac, cycles) in enumerate(ops):
        y = 52 + index * 62
        d.text(x0, y, name, bold=True)
        for row, (value, colour) in enumerate(((mac, GREEN), (cycles, BLUE))):
            top = y + 6 + row * 20
            if value:
                d.rect(x0, top, value * scale, 16, colour, colour)
            d.text(x0 + value * scale + 6, top + 13, f"{value}", 14)
    d.save()


def channel_ranges() -> None:
    """Largest absolute weight of eight depthwise channels."""
    d = Drawing("tinyml/starter-tinyml-024.svg", "Largest absolute weight by channel", 290)
    d.text(14, 22, "largest absolute weight", 15)
    base, scale = 240, 48.0
    for level in range(5):
        y = base - level * scale
        d.line(40, y, 470, y, GRID, 1)
        d.text(32, y + 5, str(level), 14, "end", SOFT)
    for channel, weight in enumerate((4.0, 0.05, 1.2, 0.3, 2.1, 0.08, 0.6, 0.02)):
        x = 52 + channel * 53
        height = max(weight * scale, 1)
        d.rect(x, base - height, 36, height, BLUE, BLUE)
        d.text(x + 18, base - height - 6, f"{weight:g}" if weight != 4 else "4.0", 14, "middle", INK, bold=True)
        d.text(x + 18, 260, str(channel), 15, "middle")
    d.text(255, 282, "channel", 15, "middle", SOFT)
    d.save()


def wake_up() -> None:
    """Current of one wake-up: five phases, widths to scale."""
    d = Drawing("tinyml/starter-tinyml-029.svg", "Current over time in one wake-up", 384)
    x0, base, per_ms, per_ma = 40, 250, 2.55, 22.0
    for level in range(0, 11, 2):
        y = base - level * per_ma
        d.line(x0, y, 472, y, GRID, 1)
        d.text(x0 - 6, y + 5, str(level), 14, "end", SOFT)
    d.text(6, 18, "mA", 14, fill=SOFT)
    phases = (
        ("1", 3, 1.5, SOFT),
        ("2", 40, 0.9, GREEN),
        ("3", 50, 1.2, PURPLE),
        ("4", 60, 5.0, BLUE),
        ("5", 6, 9.0, RED),
    )
    x = x0 + 10
    for number, ms, ma, colour in phases:
        d.rect(x, base - ma * per_ma, ms * per_ms, ma * per_ma, colour, colour)
        d.text(x + ms * per_ms / 2, base - ma * per_ma - 6, number, 16, "middle", INK, bold=True)
        x += ms * per_ms
    d.line(x0, base, 472, base, INK, 1.5)
    d.text(470, 268, "time", 14, "end", SOFT)
    lines = (
        "1 start: 3 ms, 1.5 mA",
        "2 sensor warm-up: 40 ms, 0.9 mA",
        "3 sampling: 50 ms, 1.2 mA",
        "4 inference: 60 ms, 5 mA",
        "5 radio: 6 ms, 9 mA",
        "before and after: sleep, 2 µA",
    )
    for row, words in enumerate(lines):
        d.text(14, 288 + row * 18, words, 15)
    d.save()


def branches() -> None:
    """A block with three branches, tensors with sizes in KiB."""
    d = Drawing("tinyml/starter-tinyml-040.svg", "Block with three branches and a concatenation", 374)
    d.box(180, 8, 120, 42, "A: 32 KiB")
    for column, (wide, narrow) in enumerate(
        (("B: 72 KiB", "C: 8 KiB"), ("D: 40 KiB", "E: 24 KiB"), ("G: 56 KiB", "H: 4 KiB"))
    ):
        x = 20 + column * 160
        middle = x + 60
        d.arrow(240, 50, middle, 100)
        d.box(x, 102, 120, 42, wide)
        d.arrow(middle, 144, middle, 194)
        d.box(x, 196, 120, 42, narrow)
        d.arrow(middle, 238, 240 + (column - 1) * 30, 300)
    d.box(150, 302, 180, 62, "concatenation", "F: 36 KiB")
    d.save()


def drift() -> None:
    """Weekly reports of two units: detections and background level."""
    d = Drawing("tinyml/starter-tinyml-048.svg", "Weekly reports of two detectors", 470)
    weeks = (0, 2, 4, 6, 8, 10, 12)
    charts = (
        ("detections per day", 30, 170, 0, 50, 10, (40, 38, 34, 27, 19, 12, 8), (40, 41, 39, 18, 17, 18, 16)),
        (
            "background level in dB",
            260,
            170,
            -66,
            -48,
            4,
            (-52, -54, -56, -58, -60, -62, -64),
            (-52, -52, -53, -52, -52, -51, -52),
        ),
    )
    x0, per_week = 48, 30.0
    for title, top, height, low, high, step, first, second in charts:
        at = lambda v: top + height - (v - low) / (high - low) * height  # noqa: B023, E731
        d.text(x0, top - 10, title, 15, bold=True)
        for value in range(low if low == 0 else -64, high + 1, step):
            d.line(x0, at(value), x0 + 12 * per_week, at(value), GRID, 1)
            d.text(x0 - 6, at(value) + 5, str(value).replace("-", "−"), 14, "end", SOFT)
        for week in weeks:
            d.text(x0 + week * per_week, top + height + 18, str(week), 14, "middle", SOFT)
        for values, colour, name, dashed in ((first, RED, "unit 1", False), (second, BLUE, "unit 2", True)):
            points = [(x0 + week * per_week, at(value)) for week, value in zip(weeks, values, strict=True)]
            d.path(points, colour, 2.5, dashed)
            for x, y in points:
                d.circle(x, y, 3.5, colour, colour)
            d.text(x0 + 12 * per_week + 10, points[-1][1] + 5, name, 15, fill=colour, bold=True)
    d.text(x0 + 6 * per_week, 466, "week", 14, "middle", SOFT)
    d.save()


if __name__ == "__main__":
    lifetimes()
    systolic_array()
    serial_weights()
    keyword_response()
    profile()
    channel_ranges()
    wake_up()
    branches()
    drift()
