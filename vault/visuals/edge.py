"""The drawings of the edge track: ``python vault/visuals/edge.py`` writes them anew."""

from math import log10

from drawing import AMBER, BLUE, GREEN, GRID, INK, PURPLE, RED, SOFT, Drawing

PALE_BLUE, PALE_AMBER, PALE_GREEN, PALE_PURPLE = "#bfdbfe", "#fde3bf", "#c6e9cf", "#ddd3fb"


def note(pen: Drawing, x: float, y: float, words: str, anchor: str = "middle", fill: str = INK) -> None:
    """A label on a white ground, so that no grid line runs through it."""
    width = 8.4 * len(words) + 2
    left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
    pen.rect(left, y - 12, width, 15, "#ffffff", "#ffffff")
    pen.text(x, y, words, 14, anchor, fill)


def bar(pen: Drawing, x1: float, x2: float, y: float, words: str, fill: str, height: float = 34) -> None:
    """One stretch of time on a lane, its name inside."""
    pen.rect(x1, y, x2 - x1, height, fill, INK)
    pen.text((x1 + x2) / 2, y + height / 2 + 5, words, 14, "middle")


def time_axis(
    pen: Drawing, x0: float, scale: float, first: int, last: int, step: int, top: float, y: float, unit: str
) -> None:
    """A horizontal axis at ``y`` with grid lines up to ``top``; ``scale`` is user units per unit of time."""
    for moment in range(first, last + 1, step):
        x = x0 + (moment - first) * scale
        pen.line(x, top, x, y, GRID, 1)
        pen.line(x, y, x, y + 6, INK, 1)
        pen.text(x, y + 22, str(moment), 14, "middle")
    pen.line(x0, y, x0 + (last - first) * scale, y, INK)
    pen.text(x0 + (last - first) * scale / 2, y + 44, unit, 15, "middle")


def late_frames() -> None:
    pen = Drawing(
        "edge/starter-edge-003.svg", "Timing diagram of camera frame arrivals and GPU work around one map load", 270
    )
    x0, scale = 78.0, 1.06
    time_axis(pen, x0, scale, 0, 360, 40, 48, 190, "time in ms")
    for lane, y in (("Camera", 36), ("GPU", 104), ("ended", 151)):
        pen.text(4, y, lane, 15)
    for frame in range(9):
        x = x0 + 40 * frame * scale
        pen.text(x, 22, f"F{frame}", 15, "middle")
        pen.arrow(x, 28, x, 48, INK)
    work = [
        ("F0", 0, 30),
        ("F1", 40, 70),
        ("F2", 135, 165),
        ("F3", 165, 195),
        ("F4", 195, 225),
        ("F5", 225, 255),
        ("F6", 255, 285),
        ("F7", 285, 315),
        ("F8", 320, 350),
    ]
    pen.rect(x0 + 75 * scale, 76, 60 * scale, 46, PALE_AMBER, INK)
    pen.text(x0 + 105 * scale, 96, "map", 15, "middle")
    pen.text(x0 + 105 * scale, 114, "load", 15, "middle")
    pen.rect(76, 136, 396, 20, "#ffffff", "#ffffff")
    for name, start, end in work:
        bar(pen, x0 + start * scale, x0 + end * scale, 76, name, PALE_BLUE, 46)
    for end in (30, 70, 135, 165, 195, 225, 255, 285, 315, 350):
        pen.line(x0 + end * scale, 122, x0 + end * scale, 134, INK, 1)
        pen.text(x0 + end * scale, 151, str(end), 14, "middle")
    pen.save()


def roofline() -> None:
    pen = Drawing("edge/starter-edge-011.svg", "Roofline chart of four layer groups", 350)
    left, bottom, wide, tall = 62, 290, 400, 260

    def x(intensity: float) -> float:
        return left + log10(intensity) / log10(4000) * wide

    def y(rate: float) -> float:
        return bottom - (log10(rate) + 1) / (log10(40) + 1) * tall

    for intensity in (1, 10, 100, 1000):
        pen.line(x(intensity), y(40), x(intensity), bottom, GRID, 1)
        pen.text(x(intensity), bottom + 20, str(intensity), 14, "middle")
    for rate in (0.1, 1, 10):
        pen.line(left, y(rate), left + wide, y(rate), GRID, 1)
        pen.text(left - 6, y(rate) + 5, f"{rate:g}", 14, "end")
    pen.line(left, y(40), left, bottom, INK)
    pen.line(left, bottom, left + wide, bottom, INK)
    pen.path([(x(100 / 68), y(0.1)), (x(20000 / 68), y(20)), (x(4000), y(20))], INK)
    pen.text(x(20000 / 68) + 14, y(20) - 10, "20 TOP/s (dense)", 15)
    pen.text(x(13), y(2.4), "68 GB/s", 15, "end")
    for name, intensity, words, colour in (
        ("A", 9, "0.50", BLUE),
        ("B", 1000, "15", GREEN),
        ("C", 120, "2.0", RED),
        ("D", 30, "1.8", PURPLE),
    ):
        rate = float(words)
        pen.circle(x(intensity), y(rate), 5, colour, INK)
        below = name in "AD"
        note(
            pen,
            x(intensity) + (0 if below else 10),
            y(rate) + (24 if below else 5 if name == "C" else 24),
            f"{name}: {intensity}; {words}",
            "start" if name != "B" else "middle",
        )
    pen.text(4, 18, "TOP/s", 15)
    pen.text(left + wide, bottom - 12, "points: op/byte; TOP/s", 15, "end")
    pen.text(left + wide / 2, bottom + 44, "arithmetic intensity in op/byte", 15, "middle")
    pen.save()


def input_size() -> None:
    pen = Drawing("edge/starter-edge-015.svg", "Measured frame time against input size", 300)
    left, bottom = 56, 236

    def x(edge: float) -> float:
        return left + 30 + (edge - 512) / 256 * 350

    def y(time: float) -> float:
        return bottom - time * 7.2

    for time in range(0, 30, 5):
        pen.line(left, y(time), 470, y(time), GRID, 1)
        pen.text(left - 8, y(time) + 5, str(time), 14, "end")
    pen.line(left, y(15), 470, y(15), RED, 2, dashed=True)
    pen.text(left + 6, y(15) - 7, "target", 14, fill=RED)
    pen.line(left, bottom, 470, bottom, INK)
    for edge, time in ((512, 7.7), (576, 9.7), (640, 12.0), (672, 13.2), (704, 21.1), (736, 23.1), (768, 25.1)):
        pen.circle(x(edge), y(time), 5, BLUE, INK)
        note(pen, x(edge), y(time) - 11 if time > 20 else y(time) + 21, f"{time:.1f}")
        pen.line(x(edge), bottom, x(edge), bottom + 5, INK, 1)
        pen.text(x(edge), bottom + 22, str(edge), 14, "middle")
    pen.text(left - 40, 18, "frame time in ms", 15)
    pen.text(265, bottom + 48, "edge of the square input in pixels", 15, "middle")
    pen.save()


def fusion() -> None:
    pen = Drawing("edge/starter-edge-018.svg", "Timeline of one lidar sweep, camera frames and fusion", 300)
    x0, scale = 84.0, 2.34

    def x(moment: float) -> float:
        return x0 + (moment - 80) * scale

    time_axis(pen, x0, scale, 80, 240, 20, 28, 236, "capture clock in ms")
    for lane, y in (("Lidar", 62), ("Camera", 110), ("Detection", 158), ("Fusion", 206)):
        pen.text(4, y, lane, 15)
    bar(pen, x(100), x(200), 40, "", PALE_GREEN)
    pen.text(x(125), 62, "sweep", 14, "middle")
    bar(pen, x(200), x(225), 40, "points", PALE_PURPLE)
    pen.line(x(150), 34, x(150), 78, INK, 3)
    pen.text(x(150), 24, "straight ahead: 150", 14, "middle")
    for moment in (100, 140, 180, 220):
        pen.circle(x(moment), 104, 6, AMBER, INK)
        pen.text(x(moment) - 10, 109, str(moment), 14, "end")
    for moment, end in ((100, 130), (140, 170), (180, 210), (220, 240)):
        bar(pen, x(moment), x(end), 136, f"of {moment}", PALE_BLUE)
    bar(pen, x(225), x(235), 184, "", PALE_AMBER)
    note(pen, x(225) - 6, 206, "225 to 235", "end")
    pen.save()


def clocks() -> None:
    pen = Drawing("edge/starter-edge-019.svg", "GPU clock and frame time of a detector in three situations", 290)
    left, bottom, wide = 62, 216, 136
    for clock in range(0, 1300, 200):
        y = bottom - clock * 0.13
        pen.line(left, y, left + 3 * wide, y, GRID, 1)
        pen.text(left - 8, y + 5, str(clock), 14, "end")
    path = []
    for number, (first, second, clock, time) in enumerate(
        (
            ("benchmark", "loop", 1300, "8.0 ms"),
            ("live, detector", "alone", 510, "17.3 ms"),
            ("live, with", "mapper", 918, "10.5 ms"),
        )
    ):
        x, y = left + number * wide, bottom - clock * 0.13
        path += [(x, y), (x + wide, y)]
        pen.text(x + wide / 2, bottom + 22, first, 15, "middle")
        pen.text(x + wide / 2, bottom + 41, second, 15, "middle")
        note(pen, x + wide / 2, y + 20, f"{clock} MHz")
        note(pen, x + wide / 2, y + 39, f"frame {time}")
    pen.path(path)
    pen.line(left, bottom, left + 3 * wide, bottom, INK)
    pen.text(4, 18, "GPU clock in MHz", 15)
    pen.save()


def activations() -> None:
    pen = Drawing("edge/starter-edge-023.svg", "Histograms of a layer's activations by day and by night", 320)
    bins = ("0–0.5", "0.5–1", "1–2", "2–4", "4–8", "8–16")
    day, night = (62.0, 22.0, 11.0, 4.9, 0.1, 0.0), (55, 17, 10, 9, 6, 3)
    left, bottom, step = 20, 246, 75
    for number, words in enumerate(bins):
        x = left + number * step
        for shift, share, fill in ((4, day[number], PALE_AMBER), (36, night[number], PALE_BLUE)):
            height = share * 3.2
            pen.rect(x + shift, bottom - height, 28, height, fill, INK)
            pen.text(x + shift + 14, bottom - height - 6, f"{share:g}", 14, "middle")
        pen.text(x + 34, bottom + 20, words, 14, "middle")
    pen.line(left, bottom, left + 6 * step - 6, bottom, INK)
    x = left + 4 * step - 3
    pen.line(x, 70, x, bottom, RED, 2, dashed=True)
    pen.text(x + 6, 84, "top of the INT8 range", 14, fill=RED)
    pen.text(x + 6, 102, "(value 4)", 14, fill=RED)
    pen.rect(232, 14, 16, 14, PALE_AMBER, INK)
    pen.text(254, 26, "day", 15)
    pen.rect(308, 14, 16, 14, PALE_BLUE, INK)
    pen.text(330, 26, "night", 15)
    pen.text(left, 26, "share in %", 15)
    pen.text(240, bottom + 46, "activation value", 15, "middle")
    pen.save()


def power() -> None:
    pen = Drawing("edge/starter-edge-026.svg", "On-off chart of the loads of a camera during one hour", 310)
    x0, scale = 104.0, 6.0
    time_axis(pen, x0, scale, 0, 60, 10, 20, 242, "time in min")
    lanes = (
        ("tracking", "12 W, else 8", ((5, 15), (24, 30), (40, 46)), PALE_BLUE),
        ("heater", "7 W", ((0, 8), (20, 36), (50, 60)), PALE_AMBER),
        ("lamps", "5 W", ((18, 60),), PALE_PURPLE),
        ("motor", "3.5 W", ((6, 7), (33, 34), (42, 43)), PALE_GREEN),
    )
    for number, (name, watts, stretches, fill) in enumerate(lanes):
        y = 24 + number * 54
        pen.text(4, y + 14, name, 15)
        pen.text(4, y + 32, watts, 14, fill=SOFT)
        for start, end in stretches:
            pen.rect(x0 + start * scale, y, (end - start) * scale, 22, fill, INK)
            short = end - start < 8
            words = f"{start}–{end}"
            if short:
                note(pen, x0 + (start + end) / 2 * scale, y + 38, words)
            else:
                pen.text(x0 + (start + end) / 2 * scale, y + 16, words, 14, "middle")
    pen.save()


def u_net() -> None:
    pen = Drawing("edge/starter-edge-029.svg", "Encoder-decoder network with map sizes", 376)
    sizes = (("1", "512 × 256 × 16"), ("2", "256 × 128 × 32"), ("3", "128 × 64 × 64"))
    wide, tall, drop = 138, 50, 84
    for number, (name, words) in enumerate(sizes):
        y, inset = 26 + number * drop, number * 24
        left, right = 8 + inset, 480 - 8 - inset - wide
        pen.box(left, y, wide, tall, f"E{name}", words, fill=PALE_BLUE)
        pen.box(right, y, wide, tall, f"D{name}", words, fill=PALE_GREEN)
        pen.arrow(left + wide, y + tall / 2, right - 2, y + tall / 2, AMBER, 2.5)
        pen.text(240, y + tall / 2 - 8, "skip", 15, "middle", AMBER)
        if number < 2:
            pen.arrow(left + wide / 2, y + tall, left + wide / 2 + 12, y + drop - 2)
            pen.arrow(right + wide / 2 - 12, y + drop, right + wide / 2, y + tall + 2)
    pen.box(240 - wide / 2, 26 + 3 * drop, wide, tall, "bottom", "64 × 32 × 128")
    y3 = 26 + 2 * drop + tall
    pen.arrow(56 + wide / 2, y3, 240 - 40, 26 + 3 * drop - 2)
    pen.arrow(240 + 40, 26 + 3 * drop, 424 - wide / 2, y3 + 2)
    pen.text(4, 360, "E: encoder, D: decoder; width × height × channels", 15)
    pen.save()


def operators() -> None:
    pen = Drawing("edge/starter-edge-033.svg", "Graph of seven operators on two engines", 300)
    boxes = {
        "a": (8, 110, "GPU 3"),
        "b": (116, 40, "DLA 8"),
        "c": (116, 180, "GPU 6"),
        "e": (224, 40, "GPU 4"),
        "d": (224, 140, "DLA 5"),
        "h": (224, 226, "GPU 5"),
        "g": (332, 90, "GPU 2"),
    }
    for name, (x, y, words) in boxes.items():
        pen.box(x, y, 78, 46, name, words, fill=PALE_AMBER if "DLA" in words else PALE_BLUE)
    for first, second in (("a", "b"), ("a", "c"), ("b", "e"), ("c", "d"), ("c", "h"), ("e", "g"), ("d", "g")):
        (x1, y1, _), (x2, y2, _) = boxes[first], boxes[second]
        pen.arrow(x1 + 78, y1 + 23, x2 - 2, y2 + 23, INK)
    pen.arrow(410, 113, 472, 113, INK)
    pen.text(476, 104, "steering", 15, "end")
    pen.arrow(302, 249, 346, 249, INK)
    pen.text(352, 254, "log", 15)
    pen.text(8, 22, "engine and time in ms", 15)
    pen.rect(232, 8, 16, 16, PALE_BLUE, INK)
    pen.text(254, 22, "GPU", 15)
    pen.rect(308, 8, 16, 16, PALE_AMBER, INK)
    pen.text(330, 22, "DLA", 15)
    pen.save()


def persons() -> None:
    pen = Drawing("edge/starter-edge-038.svg", "Persons per camera, grouped by gateway box", 270)
    bottom = 214
    for box, counts in enumerate(((22, 20, 19, 19), (3, 2, 2, 1), (4, 3, 3, 2))):
        left = 14 + box * 156
        for number, count in enumerate(counts):
            height = count * 7.6
            pen.rect(left + number * 34, bottom - height, 28, height, PALE_BLUE, INK)
            pen.text(left + number * 34 + 14, bottom - height - 6, str(count), 15, "middle")
        pen.line(left - 4, bottom, left + 136, bottom, INK)
        pen.text(left + 65, bottom + 22, f"box {box + 1}", 15, "middle")
    pen.text(8, 20, "persons in view, one bar for each camera", 15)
    pen.text(240, bottom + 46, "shift change", 15, "middle")
    pen.save()


def two_sensors() -> None:
    pen = Drawing("edge/starter-edge-046.svg", "Pedestrians found by camera and lidar in two periods", 290)
    counts = (("both", 616, 560), ("camera alone", 62, 60), ("lidar alone", 84, 140))
    left, bottom, step = 20, 232, 150
    for number, (words, approval, week) in enumerate(counts):
        x = left + number * step
        for shift, count, fill in ((16, approval, PALE_AMBER), (70, week, PALE_BLUE)):
            height = count * 0.28
            pen.rect(x + shift, bottom - height, 48, height, fill, INK)
            pen.text(x + shift + 24, bottom - height - 6, str(count), 15, "middle")
        pen.text(x + 67, bottom + 22, words, 15, "middle")
    pen.line(left, bottom, left + 3 * step - 10, bottom, INK)
    pen.rect(20, 12, 16, 14, PALE_AMBER, INK)
    pen.text(42, 24, "week of approval", 15)
    pen.rect(220, 12, 16, 14, PALE_BLUE, INK)
    pen.text(242, 24, "past week", 15)
    pen.text(240, bottom + 46, "pedestrians found by", 15, "middle")
    pen.save()


if __name__ == "__main__":
    for draw in (
        late_frames,
        roofline,
        input_size,
        fusion,
        clocks,
        activations,
        power,
        u_net,
        operators,
        persons,
        two_sensors,
    ):
        draw()
