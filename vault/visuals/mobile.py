"""Drawings of the mobile track; run it to write them anew."""

from math import log2, log10

from drawing import AMBER, BLUE, GREEN, GRID, INK, PURPLE, RED, SOFT, Drawing


def roofline() -> None:
    """Slopes and roofs of three processors, with the three phases of a language model."""
    d = Drawing("mobile/starter-mobile-010.svg", "Roofline chart of CPU, GPU and NPU with three marks", 400)
    left, right, top, bottom = 62, 452, 58, 332

    def x(intensity: float) -> float:
        return left + (right - left) * log2(intensity) / 12

    def y(tera: float) -> float:
        return bottom - (bottom - top) * (log10(tera) + 2) / 3.3

    for tera in (0.01, 0.1, 1, 10):
        d.line(left, y(tera), right, y(tera), GRID, 1)
        d.text(left - 6, y(tera) + 5, f"{tera:g}", 14, "end", SOFT)
    for tick in (1, 4, 16, 64, 256, 1024, 4096):
        d.line(x(tick), bottom, x(tick), bottom + 5)
        d.text(x(tick), bottom + 21, str(tick), 14, "middle", SOFT)
    for intensity, name, anchor in (
        (3.6, "decode 3.6", "middle"),
        (57, "check of 16: 57", "middle"),
        (1820, "prefill 1820", "end"),
    ):
        d.line(x(intensity), top - 24, x(intensity), bottom, INK, 1.5, dashed=True)
        d.text(x(intensity) + (18 if anchor == "end" else 0), top - 30, name, 14, anchor)
    for bandwidth, roof, colour in ((0.035, 0.5, GREEN), (0.060, 2.0, BLUE), (0.050, 10.0, AMBER)):
        d.path([(left, y(bandwidth)), (x(roof / bandwidth), y(roof)), (right, y(roof))], colour, 3)
    beside = x(57) + 10
    for height, colour, slope, roof_words in (
        (y(10) - 26, AMBER, "NPU 50 GB/s", "10 TFLOP/s"),
        (y(2) + 20, BLUE, "GPU 60 GB/s", "2 TFLOP/s"),
        (y(0.5) + 20, GREEN, "CPU 35 GB/s", "0.5 TFLOP/s"),
    ):
        d.text(beside, height, slope, 15, fill=colour, bold=True)
        d.text(beside, height + 18, roof_words, 15, fill=colour, bold=True)
    d.line(left, top - 10, left, bottom)
    d.line(left, bottom, right, bottom)
    d.text(6, 18, "TFLOP/s", 14, fill=SOFT)
    d.text((left + right) / 2, bottom + 46, "FLOP per byte read from memory", 15, "middle", SOFT)
    d.save()


def memory_trace() -> None:
    """Dirty and clean memory of an app until it is killed."""
    d = Drawing("mobile/starter-mobile-013.svg", "Dirty and clean memory of an app over time", 360)
    left, right, top, bottom = 48, 440, 40, 300

    def x(second: float) -> float:
        return left + (right - left) * second / 50

    def y(giga: float) -> float:
        return bottom - (bottom - top) * giga / 3.5

    for half in range(6):
        d.line(left, y(half / 2), right, y(half / 2), GRID, 1)
    for giga in (0, 1, 2, 3):
        d.text(left - 8, y(giga) + 5, str(giga), 14, "end", SOFT)
    for second in range(0, 51, 10):
        d.line(x(second), bottom, x(second), bottom + 5)
        d.text(x(second), bottom + 21, str(second), 14, "middle", SOFT)
    d.line(left, y(3), right, y(3), RED, 2, dashed=True)
    d.text(left + 6, y(3) - 8, "kill line 3.0", 15, fill=RED, bold=True)
    d.path([(x(0), y(0)), (x(10), y(0)), (x(11), y(1.8)), (x(20), y(0.1)), (x(42), y(0.1))], GREEN, 3, dashed=True)
    d.path([(x(0), y(0.35)), (x(10), y(0.35)), (x(11), y(2.15)), (x(40), y(2.62)), (x(42), y(3.17))], BLUE, 3)
    d.circle(x(42), y(3.17), 5, RED, RED)
    d.text(x(42) + 8, y(3.17) - 2, "3.17", 15, bold=True)
    d.text(x(4), y(0.35) - 8, "0.35", 15, "middle", BLUE)
    d.text(x(11) + 4, y(2.15) - 10, "2.15", 15, "start", BLUE)
    d.text(x(39), y(2.62) - 12, "2.62", 15, "end", BLUE)
    d.text(x(30), y(2.05), "dirty", 16, "middle", BLUE, bold=True)
    d.text(x(13), y(1.66), "1.8", 15, "start", GREEN)
    d.text(x(19), y(0.62), "clean, mapped", 16, "start", GREEN, bold=True)
    d.text(x(42), y(0.1) - 8, "0.1", 15, "end", GREEN)
    d.line(left, top - 12, left, bottom)
    d.line(left, bottom, right, bottom)
    d.text(6, 20, "GB", 15, fill=SOFT)
    d.text((left + right) / 2, bottom + 46, "seconds since the app was opened", 15, "middle", SOFT)
    d.save()


def frame_trace() -> None:
    """One frame of a detector, by processor."""
    d = Drawing("mobile/starter-mobile-020.svg", "Trace of one frame on CPU, NPU and GPU", 250)
    left, right, bottom = 58, 462, 196

    def x(ms: float) -> float:
        return left + (right - left) * ms / 30

    for ms in range(0, 31, 5):
        d.line(x(ms), 20, x(ms), bottom, GRID, 1)
        d.text(x(ms), bottom + 19, str(ms), 14, "middle", SOFT)
    for lane, name in enumerate(("CPU", "NPU", "GPU")):
        d.text(left - 8, 52 + 60 * lane, name, 15, "end", bold=True)
        d.line(left, 76 + 60 * lane, right, 76 + 60 * lane, GRID, 1)
    for lane, start, end, lines in (
        (0, 0, 11, ("preprocess", "0–11")),
        (1, 11, 19, ("detect", "11–19")),
        (0, 19, 25, ("boxes", "19–25")),
        (2, 25, 30, ("overlay", "25–30")),
    ):
        d.box(x(start), 24 + 60 * lane, x(end) - x(start), 46, *lines, size=14)
    d.line(left, bottom, right, bottom)
    d.text((left + right) / 2, bottom + 44, "milliseconds since the frame arrived", 15, "middle", SOFT)
    d.save()


def frame_policy() -> None:
    """Camera frames and model runs of an app that discards while busy."""
    d = Drawing("mobile/starter-mobile-021.svg", "Camera arrivals and model runs over 200 ms", 262)
    left, right, bottom = 30, 456, 206

    def x(ms: float) -> float:
        return left + (right - left) * ms / 200

    for tick in range(0, 201, 20):
        d.line(x(tick), bottom, x(tick), bottom + 5)
    for tick in range(0, 201, 40):
        d.line(x(tick), 150, x(tick), bottom, GRID, 1)
        d.text(x(tick), bottom + 20, str(tick), 14, "middle", SOFT)
    d.text(left - 22, 22, "camera frames", 15, bold=True)
    for number in range(7):
        at = x(number * 100 / 3)
        discarded = number in (1, 3, 5)
        d.arrow(at, 62, at, 96, RED if discarded else BLUE, 2)
        d.text(at, 54, str(number), 16, "middle", bold=True)
        if discarded:
            d.text(at, 114, "discarded", 14, "middle", RED)
    d.text(left - 22, 142, "model", 15, bold=True)
    for number, start, end in ((0, 0, 40), (2, 200 / 3, 320 / 3), (4, 400 / 3, 520 / 3)):
        d.box(x(start), 152, x(end) - x(start), 40, f"frame {number}", size=15)
    for ms, words in ((40, "40"), (200 / 3, "66.7"), (320 / 3, "106.7"), (400 / 3, "133.3"), (520 / 3, "173.3")):
        d.text(x(ms), 146, words, 14, "middle", SOFT)
    d.line(left, bottom, right, bottom)
    d.text((left + right) / 2, bottom + 45, "milliseconds; arrivals every 33.3 ms", 15, "middle", SOFT)
    d.save()


def precision_blocks() -> None:
    """Points regained and milliseconds added by each block alone in FP16."""
    d = Drawing("mobile/starter-mobile-025.svg", "Eight blocks: points regained and milliseconds added in FP16", 366)
    points = (1.4, 0.1, 1.2, 0.2, 0.2, 1.1, 0.1, 0.9)
    added = (0.4, 0.4, 0.5, 0.6, 0.5, 0.5, 0.4, 0.3)
    d.text(8, 24, "block", 15, fill=SOFT)
    d.text(82, 24, "points that come back", 15, fill=SOFT)
    d.text(472, 24, "ms added", 15, "end", SOFT)
    for number, (regained, cost) in enumerate(zip(points, added, strict=True)):
        y = 42 + 40 * number
        d.text(24, y + 19, str(number + 1), 16, bold=True)
        d.rect(82, y + 2, 190 * regained, 24, "#c7d7f5", BLUE)
        d.text(82 + 190 * regained + 8, y + 20, str(regained), 16)
        d.text(472, y + 19, str(cost), 16, "end")
        d.line(8, y + 33, 472, y + 33, GRID, 1)
    d.save()


def prompt_histogram() -> None:
    """Shares of prompt lengths, 256 positions per bar."""
    d = Drawing("mobile/starter-mobile-038.svg", "Histogram of prompt lengths", 300)
    shares = ((256, 46), (512, 22), (768, 10), (1024, 6), (1280, 4), (1536, 3), (1792, 3), (2048, 6))
    left, right, top, bottom = 12, 468, 34, 238
    step = (right - left) / len(shares)
    for number, (upper, share) in enumerate(shares):
        tall = (bottom - top) * share / 46
        middle = left + step * (number + 0.5)
        d.rect(middle - step / 2 + 5, bottom - tall, step - 10, tall, "#c7d7f5", BLUE)
        d.text(middle, bottom - tall - 8, f"{share} %", 15, "middle", bold=True)
        d.text(middle, bottom + 20, f"≤{upper}", 14, "middle", SOFT)
    d.line(left, bottom, right, bottom)
    d.text(240, bottom + 46, "prompt length in positions, 256 per bar", 15, "middle", SOFT)
    d.save()


def throttling() -> None:
    """Skin temperature and GPU clock of a long call."""
    d = Drawing("mobile/starter-mobile-029.svg", "Skin temperature and GPU clock over eleven minutes", 380)
    left, right = 62, 456

    def x(minute: float) -> float:
        return left + (right - left) * minute / 11

    def temperature(degree: float) -> float:
        return 140 - 90 * (degree - 42)

    def clock(mega: float) -> float:
        return 310 - 110 * (mega - 300) / 600

    for minute in (0, 2.5, 5.5, 8, 11):
        d.line(x(minute), 36, x(minute), 316, GRID, 1, dashed=True)
        d.text(x(minute), 336, f"{minute:g}", 15, "middle", SOFT)
    for degree in (42, 42.5, 43):
        d.line(left, temperature(degree), right, temperature(degree), GRID, 1)
        d.text(left - 8, temperature(degree) + 5, f"{degree:g}", 14, "end", SOFT)
    for mega in (450, 600, 900):
        d.line(left, clock(mega), right, clock(mega), GRID, 1)
        d.text(left - 8, clock(mega) + 5, str(mega), 14, "end", SOFT)
    d.path([(x(m), temperature(t)) for m, t in ((0, 42), (2.5, 43), (5.5, 42), (8, 43), (11, 42))], RED, 3)
    steps = ((0, 900), (2.5, 900), (2.5, 450), (5.5, 450), (5.5, 900), (8, 900), (8, 450), (11, 450))
    d.path([(x(m), clock(c)) for m, c in steps], BLUE, 3)
    d.text(8, 22, "skin temperature, °C", 15, fill=RED, bold=True)
    d.text(8, 182, "GPU clock, MHz", 15, fill=BLUE, bold=True)
    d.line(left, 316, right, 316)
    d.text((left + right) / 2, 364, "minutes", 15, "middle", SOFT)
    d.save()


def searched_networks() -> None:
    """Six networks by work and latency, and their accuracies."""
    d = Drawing("mobile/starter-mobile-034.svg", "Six networks: work, latency and accuracy", 500)
    rows = (
        ("P", 210, 1.4, 74.1, "3×3 depthwise"),
        ("Q", 290, 2.6, 76.3, "5×5 dw + SE"),
        ("R", 300, 1.9, 75.4, "3×3 depthwise"),
        ("S", 520, 1.7, 76.8, "ordinary 3×3"),
        ("T", 700, 2.3, 77.5, "ordinary 3×3"),
        ("U", 380, 3.1, 76.9, "5×5 dw + SE"),
    )
    left, right, top, bottom = 50, 460, 34, 226

    def x(mac: float) -> float:
        return left + (right - left) * (mac - 100) / 700

    def y(ms: float) -> float:
        return bottom - (bottom - top) * (ms - 1) / 2.5

    for tick in (1, 2, 3):
        d.line(left, y(tick), right, y(tick), GRID, 1)
        d.text(left - 8, y(tick) + 5, str(tick), 14, "end", SOFT)
    for tick in (100, 300, 500, 700):
        d.line(x(tick), top, x(tick), bottom, GRID, 1)
        d.text(x(tick), bottom + 20, str(tick), 14, "middle", SOFT)
    for name, mac, ms, _, _ in rows:
        d.circle(x(mac), y(ms), 5, PURPLE, PURPLE)
        d.text(x(mac) + 9, y(ms) + 5, name, 16, bold=True)
    d.line(left, bottom, right, bottom)
    d.line(left, top, left, bottom)
    d.text(6, 20, "ms on the NPU", 15, fill=SOFT)
    d.text((left + right) / 2, bottom + 43, "million multiply-accumulates", 15, "middle", SOFT)
    columns = ((16, "start"), (120, "end"), (200, "end"), (290, "end"), (312, "start"))
    heads = ("", "M MAC", "ms", "accuracy", "main block")
    for (at, anchor), words in zip(columns, heads, strict=True):
        d.text(at, 306, words, 15, anchor, SOFT)
    d.line(10, 314, 470, 314)
    for line, (name, mac, ms, accuracy, block) in enumerate(rows):
        cells = (name, str(mac), f"{ms}", f"{accuracy} %", block)
        for (at, anchor), words in zip(columns, cells, strict=True):
            d.text(at, 337 + 25 * line, words, 16, anchor, bold=words == name)
    d.text(16, 490, "dw = depthwise, SE = squeeze-and-excite", 14, fill=SOFT)
    d.save()


def cut_points() -> None:
    """Bytes that cross at each cut of a six-stage network."""
    d = Drawing("mobile/starter-mobile-041.svg", "Bytes at each cut and phone time so far", 330)
    rows = (
        ("JPEG", 120, 0),
        ("after 1", 3277, 6),
        ("after 2", 1638, 15),
        ("after 3", 819, 27),
        ("after 4", 410, 41),
        ("after 5", 205, 56),
        ("result", 4, 72),
    )
    d.text(8, 24, "cut", 15, fill=SOFT)
    d.text(82, 24, "kB that cross", 15, fill=SOFT)
    d.text(472, 24, "phone ms", 15, "end", SOFT)
    for line, (name, kilo, ms) in enumerate(rows):
        y = 42 + 40 * line
        d.text(8, y + 19, name, 16, bold=True)
        d.rect(82, y + 2, max(240 * kilo / 3277, 2), 24, "#c7d7f5", BLUE)
        d.text(82 + max(240 * kilo / 3277, 2) + 8, y + 20, str(kilo), 16)
        d.text(472, y + 19, str(ms), 16, "end")
        d.line(8, y + 33, 472, y + 33, GRID, 1)
    d.save()


if __name__ == "__main__":
    roofline()
    memory_trace()
    frame_trace()
    frame_policy()
    precision_blocks()
    throttling()
    searched_networks()
    prompt_histogram()
    cut_points()
