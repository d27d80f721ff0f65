"""Draws the pictures of the global track: ``python vault/visuals/global.py`` rewrites every SVG in ``global/``."""

from math import log10

from drawing import AMBER, BLUE, GREEN, GRID, INK, PANEL, PURPLE, RED, SOFT, Drawing


def _columns(
    pen: Drawing, bars: list[tuple[str, float]], top: float, unit: str, *, digits: int = 0, limit: str = ""
) -> None:
    """Labelled columns from ``top`` down to a base line; ``limit`` names a dashed line at ``top``."""
    left, right, head, foot = 16, pen.width - 16, 64, pen.height - 46
    pen.text(left, 26, unit, 15)
    if limit:
        pen.line(left, head, right, head, RED, 1.5, dashed=True)
        pen.text(right, head - 8, limit, 14, "end", RED)
    step = (right - left) / len(bars)
    for number, (name, value) in enumerate(bars):
        height = (foot - head) * value / top
        x = left + step * number
        if value:
            pen.rect(x + step * 0.16, foot - height, step * 0.68, height, BLUE, BLUE)
            drop, colour = (18, "#ffffff") if limit and height > 30 else (-6, INK)  # clear of the limit's line
            pen.text(x + step / 2, foot - height + drop, f"{value:.{digits}f}", 14, "middle", colour)
        for row, words in enumerate(name.split("|")):
            pen.text(x + step / 2, foot + 20 + 17 * row, words, 14, "middle")
    pen.line(left, foot, right, foot, INK)


def parameters_per_component() -> None:
    """starter-global-003: the shares of a decoder's parameters."""
    pen = Drawing("global/starter-global-003.svg", "Bar chart of parameters per component", 262)
    left, unit, foot = 132, 0.4, 214
    pen.text(16, 26, "Parameters in millions, all layers together", 15)
    for value in range(0, 801, 100):
        x = left + value * unit
        pen.line(x, 40, x, foot, GRID, 1)
        if value % 200 == 0:
            pen.text(x, foot + 20, str(value), 14, "middle")
    for row, (name, value) in enumerate([("Embedding", 200), ("Attention", 300), ("MLP", 800), ("Output head", 200)]):
        y = 48 + 42 * row
        pen.text(left - 10, y + 20, name, 15, "end")
        pen.rect(left, y, value * unit, 28, BLUE, BLUE)
    pen.line(left, 40, left, foot, INK)
    pen.text(left + 160, foot + 42, "millions", 14, "middle")
    pen.save()


def gradient_buckets() -> None:
    """starter-global-009: when each gradient bucket is ready in a backward pass."""
    pen = Drawing("global/starter-global-009.svg", "Timeline of a backward pass with five gradient buckets", 208)
    left, scale, foot = 34, 2.7, 150
    pen.text(16, 26, "Buckets that become ready in the backward pass", 15)
    pen.rect(left, 112, 150 * scale, 38, PANEL, SOFT)
    pen.text(left + 15 * scale, 136, "backward", 14, "middle")
    for number, (ready, size) in enumerate([(30, "0.9"), (60, "0.9"), (90, "1.8"), (120, "0.9"), (150, "0.45")]):
        x = left + ready * scale
        pen.line(x, 74, x, foot, BLUE, 2)
        pen.text(x, 50, f"{'ABCDE'[number]}", 15, "middle", bold=True)
        pen.text(x + (-10 if ready == 150 else 0), 68, f"{size} GB", 14, "middle")
    for tick in range(0, 151, 30):
        pen.line(left + tick * scale, foot, left + tick * scale, foot + 6, INK)
        pen.text(left + tick * scale, foot + 23, str(tick), 14, "middle")
    pen.text(left + 75 * scale, foot + 46, "ms from the start of the backward pass", 14, "middle")
    pen.save()


def two_leaves() -> None:
    """starter-global-010: 64 ranks on two leaf switches."""
    pen = Drawing("global/starter-global-010.svg", "Two leaf switches below a spine, with the servers' ranks", 312)
    pen.box(140, 18, 200, 40, "Spine")
    for x, name, ranks in ((20, "Leaf A", "0, 2, 4 … 62"), (255, "Leaf B", "1, 3, 5 … 63")):
        middle = x + 102
        for shift in (-36, -12, 12, 36):
            pen.line(middle + shift, 142, 240 + (middle - 240) * 0.55 + shift * 0.8, 58, SOFT, 2)
        pen.box(x, 142, 205, 40, name)
        for shift in (-60, -20, 20, 60):
            pen.line(middle + shift, 182, middle + shift, 228, SOFT, 2)
        pen.box(x, 228, 205, 66, "32 servers, ranks", ranks)
        pen.rect(middle - 84, 86, 168, 30, "#ffffff", GRID, 4)
        pen.text(middle, 106, "16 × 400 Gbit/s", 15, "middle")
        pen.rect(middle - 84, 192, 168, 28, "#ffffff", GRID, 4)
        pen.text(middle, 211, "32 × 400 Gbit/s", 15, "middle")
    pen.save()


def shard_latency() -> None:
    """starter-global-015: latency percentiles of one shard."""
    pen = Drawing("global/starter-global-015.svg", "Latency of one shard request at five percentiles", 270)
    bars = [("50th", 8.0), ("90th", 12.0), ("95th", 15.0), ("99th", 30.0), ("99.9th", 90.0)]
    _columns(pen, bars, 96, "Latency of one shard request, ms")
    pen.text(pen.width / 2, pen.height - 6, "percentile", 14, "middle")
    pen.save()


def replica_load() -> None:
    """starter-global-016: requests at eight replicas."""
    pen = Drawing("global/starter-global-016.svg", "Requests per second at eight replicas", 290)
    rates = [180, 175, 170, 175, 8, 6, 12, 4]
    bars = [(f"{number}|{'old' if number < 5 else 'new'}", float(rate)) for number, rate in enumerate(rates, 1)]
    _columns(pen, bars, 200, "Requests/s at each replica", limit="limit 200")
    pen.save()


def evaluation_memory() -> None:
    """starter-global-021: memory after each evaluation batch."""
    pen = Drawing("global/starter-global-021.svg", "GPU memory after each evaluation batch", 280)
    values = [48.6, 53.1, 57.7, 62.2, 66.8, 71.4, 75.9, 0.0]
    bars = [(str(number), value) for number, value in enumerate(values, 1)]
    _columns(pen, bars, 80, "GPU memory after a batch, GB", digits=1, limit="80 GB")
    pen.text(435, 200, "killed", 14, "middle", RED)
    pen.text(pen.width / 2, pen.height - 6, "evaluation batch", 14, "middle")
    pen.save()


def loss_scale() -> None:
    """starter-global-023: the loss scale over the run, and from step 9,000 on."""
    pen = Drawing("global/starter-global-023.svg", "Two charts of the loss scale of an FP16 run", 330)
    top, foot, power = 66, 262, 196 / 16
    pen.text(16, 24, "Loss scale, powers of two", 15)
    for exponent in range(0, 17, 4):
        y = foot - exponent * power
        for a, b in ((50, 240), (282, 466)):
            pen.line(a, y, b, y, GRID, 1)
        pen.text(44, y + 5, str(2**exponent) if exponent < 4 else f"2^{exponent}", 14, "end")
    early: list[tuple[float, float]] = [(0, 16)]
    for step, exponent in ((900, 15), (2900, 16), (3100, 15), (5100, 16), (5200, 15), (7200, 16), (7300, 15)):
        early += [(step, early[-1][1]), (step, exponent)]
    early.append((9000, 15))
    pen.path([(50 + 190 * step / 9000, foot - exponent * power) for step, exponent in early])
    late: list[tuple[float, float]] = [(9000, 15)]
    for fall in range(15):
        late += [(9001 + fall, 15 - fall), (9001 + fall, 14 - fall)]
    late.append((9020, 0))
    pen.path([(282 + 184 * (step - 9000) / 20, foot - exponent * power) for step, exponent in late])
    for a, b in ((50, 240), (282, 466)):
        pen.line(a, top - 6, a, foot, INK)
        pen.line(a, foot, b, foot, INK)
    for x, words in ((50, "0"), (145, "4,500"), (234, "9,000"), (290, "9,000"), (374, "9,010"), (452, "9,020")):
        pen.text(x, foot + 20, words, 14, "middle")
    pen.text(145, foot + 44, "step, whole run", 14, "middle")
    pen.text(374, foot + 44, "step, the end", 14, "middle")
    pen.save()


def two_rooflines() -> None:
    """starter-global-027: rooflines of two accelerators."""
    pen = Drawing("global/starter-global-027.svg", "Rooflines of two accelerators on logarithmic axes", 364)
    left, right, head, foot = 62, 450, 46, 306

    def x(intensity: float) -> float:
        return left + (right - left) * log10(intensity / 10) / log10(200)

    def y(tera: float) -> float:
        return foot - (foot - head) * log10(tera / 10) / log10(200)

    pen.text(16, 24, "TFLOP/s", 15)
    for value in (10, 20, 50, 100, 200, 500, 1000, 2000):
        pen.line(x(value), head, x(value), foot, GRID, 1)
        pen.line(left, y(value), right, y(value), GRID, 1)
        pen.text(left - 6, y(value) + 5, str(value), 14, "end")
        pen.text(x(value), foot + 19, str(value), 14, "middle")
    pen.path([(x(10), y(40)), (x(100), y(400)), (x(2000), y(400))], BLUE, 3)
    pen.path([(x(10), y(20)), (x(500), y(1000)), (x(2000), y(1000))], AMBER, 3, dashed=True)
    labels = [(66, 100, "A: slope 4 TB/s", BLUE), (230, 258, "B: slope 2 TB/s", AMBER)]
    labels += [(316, 160, "A: 400 TFLOP/s", BLUE), (316, 68, "B: 1,000 TFLOP/s", AMBER)]
    for cx, cy, words, colour in labels:
        pen.rect(cx, cy - 15, 8.4 * len(words), 20, "#ffffff", "#ffffff")
        pen.text(cx + 4, cy, words, 15, fill=colour, bold=True)
    pen.line(left, head, left, foot, INK)
    pen.line(left, foot, right, foot, INK)
    pen.text((left + right) / 2, foot + 44, "arithmetic intensity, FLOP/byte", 14, "middle")
    pen.save()


def grid_intensity() -> None:
    """starter-global-031: carbon intensity of a grid over a day."""
    pen = Drawing("global/starter-global-031.svg", "Carbon intensity of a grid in blocks of three hours", 286)
    values = [420, 410, 380, 240, 150, 180, 360, 430]
    bars = [(f"{hour:02d}–{hour + 3:02d}", float(value)) for hour, value in zip(range(0, 24, 3), values, strict=True)]
    _columns(pen, bars, 450, "Grid, g CO2 per kWh")
    pen.text(pen.width / 2, pen.height - 6, "hour of the day", 14, "middle")
    pen.save()


def equal_loss() -> None:
    """starter-global-033: model sizes and tokens that reach one loss."""
    pen = Drawing("global/starter-global-033.svg", "Model size and training tokens that reach the same loss", 316)
    left, foot, high = 56, 250, 190
    pen.text(16, 24, "Training tokens, trillions", 15)
    for value in range(5):
        pen.line(left, foot - value * high / 4, 464, foot - value * high / 4, GRID, 1)
        pen.text(left - 8, foot - value * high / 4 + 5, str(value), 14, "end")
    points: list[tuple[float, float]] = [(5, 3.6), (8, 1.7), (13, 0.95), (20, 0.65), (30, 0.49)]
    spots = [(left + 13 * size, foot - tokens * high / 4) for size, tokens in points]
    pen.path(spots, BLUE, 2)
    for (size, tokens), (cx, cy) in zip(points, spots, strict=True):
        pen.circle(cx, cy, 5, BLUE, BLUE)
        pen.text(min(cx + 6, 432), cy - 12, f"{tokens:g}", 15, bold=True)
        pen.text(cx, foot + 20, f"{size:g}B", 14, "middle")
    pen.line(left, 50, left, foot, INK)
    pen.line(left, foot, 464, foot, INK)
    pen.text((left + 464) / 2, foot + 46, "parameters; every point has the same loss", 14, "middle")
    pen.save()


def pipeline_stages() -> None:
    """starter-global-039: time per micro-batch on four stages."""
    pen = Drawing("global/starter-global-039.svg", "Time per micro-batch on four pipeline stages", 268)
    left, scale = 84, 9.6
    pen.text(16, 24, "ms per micro-batch, forward and backward", 15)
    for tick in range(0, 37, 12):
        pen.line(left + tick * scale, 38, left + tick * scale, 226, GRID, 1)
        pen.text(left + tick * scale, 246, str(tick), 14, "middle")
    for stage in range(1, 5):
        y = 44 + 46 * (stage - 1)
        pen.text(16, y + 22, f"stage {stage}", 15)
        pen.box(left, y, 24 * scale, 34, "8 layers, 24 ms", line=BLUE)
        if stage == 4:
            pen.box(left + 24 * scale, y, 12 * scale, 34, "output head", fill="#fff3e0", line=AMBER, size=14)
            pen.text(left + 36 * scale + 8, y + 22, "36", 15)
    pen.save()


def snapshots() -> None:
    """starter-global-044: two feature snapshots around a prediction and its label."""
    pen = Drawing("global/starter-global-044.svg", "Two feature snapshots, a prediction and a purchase", 320)
    left, hour = 24, 432 / 60
    days = [("Sunday", 0, 24), ("Monday", 24, 48), ("Tuesday", 48, 60)]
    for name, start, end in days:
        pen.text(left + (start + end) / 2 * hour, 24, name, 15, "middle", bold=True)
        pen.line(left + start * hour, 34, left + start * hour, 236, GRID, 1.5, dashed=True)
    for y, start, published, value, colour in ((48, 0, 29, 2, GREEN), (118, 24, 53, 4, PURPLE)):
        name = "Sunday" if start == 0 else "Monday"
        pen.rect(left + start * hour, y, 24 * hour, 46, PANEL, colour, 6)
        pen.text(left + (start + 12) * hour, y + 20, f"covers {name}", 14, "middle")
        pen.text(left + (start + 12) * hour, y + 38, f"value {value}", 15, "middle", bold=True)
        pen.arrow(left + (start + 24) * hour, y + 23, left + published * hour, y + 23, colour, 2)
    pen.text(left + 30 * hour, 66, "published", 14)
    pen.text(left + 30 * hour, 84, "Monday 05:00", 14)
    pen.rect(290, 168, 168, 20, "#ffffff", "#ffffff")
    pen.text(456, 183, "published Tuesday 05:00", 14, "end")
    pen.line(left + 53 * hour, 141, left + 53 * hour, 168, PURPLE, 1.5)
    axis = 236
    pen.line(left, axis, 456, axis, INK, 2)
    for when, colour in ((38, BLUE), (44, RED)):
        pen.circle(left + when * hour, axis, 6, colour, colour)
    for edge, width in ((left + 46 * hour, 112), (left + 20 * hour, 124)):
        pen.rect(edge, 202, width, 20, "#ffffff", "#ffffff")
    pen.text(left + 37 * hour, 216, "prediction 14:00", 15, "end", BLUE)
    pen.line(left + 38 * hour, axis, left + 37.2 * hour, 218, BLUE, 1)
    pen.text(left + 45 * hour, 216, "purchase 20:00", 15, "start", RED)
    pen.line(left + 44 * hour, axis, left + 44.8 * hour, 218, RED, 1)
    for tick in range(0, 61, 12):
        pen.line(left + tick * hour, axis, left + tick * hour, axis + 6, INK)
        pen.text(left + tick * hour, axis + 24, f"{tick % 24:02d}:00", 14, "middle")
    pen.text(240, 304, "the example carries the date Monday", 14, "middle", SOFT)
    pen.save()


def two_histograms() -> None:
    """starter-global-048: training and live shares of five bins."""
    pen = Drawing("global/starter-global-048.svg", "Bar chart of five bins, training and live", 300)
    left, foot, scale, step = 20, 246, 4.2, 90
    pen.text(16, 24, "Share of applications, %", 15)
    pen.rect(222, 12, 14, 14, "#9db4d8", SOFT)
    pen.text(242, 24, "training (left)", 14)
    pen.rect(356, 12, 14, 14, BLUE, BLUE)
    pen.text(376, 24, "live (right)", 14)
    for number, (train, live) in enumerate([(10, 10), (20, 12), (40, 34), (20, 26), (10, 18)]):
        x = left + step * number
        for shift, value, fill, edge in ((10, train, "#9db4d8", SOFT), (45, live, BLUE, BLUE)):
            pen.rect(x + shift, foot - value * scale, 33, value * scale, fill, edge)
            pen.text(x + shift + 16.5, foot - value * scale - 6, str(value), 14, "middle")
        pen.text(x + 44, foot + 20, f"bin {number + 1}", 14, "middle")
    pen.line(left, foot, 464, foot, INK)
    pen.text(240, foot + 44, "bins of the model input", 14, "middle")
    pen.save()


if __name__ == "__main__":
    parameters_per_component()
    gradient_buckets()
    two_leaves()
    shard_latency()
    replica_load()
    evaluation_memory()
    loss_scale()
    two_rooflines()
    grid_intensity()
    equal_loss()
    pipeline_stages()
    snapshots()
    two_histograms()
