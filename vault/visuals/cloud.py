"""Draws the pictures of the cloud track: ``python vault/visuals/cloud.py`` writes ``vault/visuals/cloud/*.svg``."""

from math import log10

from drawing import AMBER, BLUE, GREEN, GRID, INK, PANEL, PURPLE, RED, Drawing

PALE_BLUE, PALE_AMBER, PALE_GREEN, PALE_RED = "#dbe7fd", "#fbe6c8", "#d6eedd", "#f9d9d9"


def roofline() -> None:
    d = Drawing("cloud/starter-cloud-011.svg", "Roofline of an H100 with three measured kernels", 396)
    left, right, top, bottom = 62, 462, 44, 334

    def at(intensity: float, tflops: float) -> tuple[float, float]:
        return left + log10(intensity) / 3 * (right - left), bottom - log10(tflops) / 3 * (bottom - top)

    for power in range(4):
        value = 10**power
        x, y = at(value, value)
        d.line(x, top, x, bottom, GRID, 1)
        d.line(left, y, right, y, GRID, 1)
        d.text(x, bottom + 20, f"{value:,}", 14, "middle" if power < 3 else "end")
        d.text(left - 6, y + 5, f"{value:,}", 14, "end")
    d.text((left + right) / 2, bottom + 44, "FLOP per byte of HBM traffic", 15, "middle")
    d.text(4, 18, "TFLOP/s", 15)
    d.path([at(1, 3.35), at(989 / 3.35, 989), at(1000, 989)], INK, 2.5)
    x, y = at(9, 60)
    d.text(x - 4, y, "3.35 TB/s", 15, "end")
    x, y = at(1000, 989)
    d.text(x, y - 10, "989 TFLOP/s", 15, "end")
    for name, intensity, tflops, share, dx, dy in (
        ("A", 2, 6.0, 50, 14, 14),
        ("B", 60, 62, 20, -72, 34),
        ("C", 600, 720, 30, -100, 40),
    ):
        x, y = at(intensity, tflops)
        d.circle(x, y, 7, BLUE, BLUE)
        d.text(x + dx, y + dy, f"{name}: {intensity} FLOP/byte,", 14)
        d.text(x + dx, y + dy + 18, f"{tflops} TFLOP/s,", 14)
        d.text(x + dx, y + dy + 36, f"{share} % of step", 14)
    d.save()


def attention_over_batch() -> None:
    d = Drawing("cloud/starter-cloud-013.svg", "Attention time of one layer over the number of sequences", 330)
    left, right, top, bottom = 46, 456, 40, 262

    def at(sequences: float, ms: float) -> tuple[float, float]:
        return left + sequences / 16.5 * (right - left), bottom - ms / 3.2 * (bottom - top)

    d.text(4, 18, "attention of one layer in ms", 15)
    for tick in range(4):
        y = at(0, tick)[1]
        d.line(left, y, right, y, GRID, 1)
        d.text(left - 8, y + 5, str(tick), 14, "end")
    points = ((1, 1.05), (2, 1.05), (3, 1.05), (4, 1.05), (5, 1.05), (6, 1.13), (8, 1.51), (12, 2.26), (16, 3.01))
    d.path([at(*point) for point in points], BLUE, 2)
    for sequences, ms in points:
        x, y = at(sequences, ms)
        d.circle(x, y, 4.5, BLUE, BLUE)
        if sequences in (1, 5, 16):
            d.text(x, y - 12, f"{ms}", 14, "middle")
        elif sequences > 5:
            d.text(x + 14, y + 24, f"{ms}", 14, "middle")
        d.line(x, bottom, x, bottom + 6)
        d.text(x, bottom + 22, str(sequences), 14, "middle")
    d.text((left + right) / 2, bottom + 48, "sequences in the batch", 15, "middle")
    d.save()


def one_f_one_b(stages: int, micro_batches: int) -> list[list[tuple[str, int, int, int]]]:
    """The 1F1B schedule as (F or B, micro-batch from 1, start, end) per stage; F takes 1 unit, B takes 2."""
    orders: list[list[tuple[str, int]]] = []
    for stage in range(stages):
        warm = min(stages - 1 - stage, micro_batches)
        order = [("F", i) for i in range(warm)]
        for i in range(micro_batches):
            if warm + i < micro_batches:
                order.append(("F", warm + i))
            order.append(("B", i))
        orders.append(order)
    end: dict[tuple[str, int, int], int] = {}
    free = [0] * stages
    rows: list[list[tuple[str, int, int, int]]] = [[] for _ in range(stages)]
    while any(orders):
        for stage, order in enumerate(orders):
            while order:
                kind, i = order[0]
                if kind == "F":
                    needed = ("F", i, stage - 1) if stage else None
                else:
                    needed = ("B", i, stage + 1) if stage < stages - 1 else ("F", i, stage)
                if needed is not None and needed not in end:
                    break
                start = max(free[stage], end[needed] if needed else 0)
                free[stage] = end[kind, i, stage] = start + (1 if kind == "F" else 2)
                rows[stage].append((kind, i + 1, start, free[stage]))
                order.pop(0)
    return rows


def schedule(name: str, label: str, micro_batches: int, shown: int) -> None:
    d = Drawing(name, label, 250)
    left, unit, height, gap = 66, (480 - 66 - 14) / shown, 34, 8
    for stage, row in enumerate(one_f_one_b(4, micro_batches)):
        y = 34 + stage * (height + gap)
        d.text(left - 8, y + height / 2 + 5, f"stage {stage + 1}", 14, "end")
        d.line(left, y + height, left + shown * unit, y + height, GRID, 1)
        for kind, number, start, end in row:
            if end > shown:
                continue
            fill, line = (PALE_BLUE, BLUE) if kind == "F" else (PALE_AMBER, AMBER)
            d.rect(left + start * unit, y, (end - start) * unit, height, fill, line)
            x = left + (start + end) / 2 * unit
            d.text(x, y + 15, kind, 14, "middle")
            d.text(x, y + 30, str(number), 14, "middle")
    base = 34 + 4 * (height + gap) + 4
    for tick in range(0, shown + 1, 3):
        d.line(left + tick * unit, base - 6, left + tick * unit, base)
        d.text(left + tick * unit, base + 16, str(tick), 14, "middle")
    d.text(left, 20, "F forward, B backward; number: micro-batch", 14)
    d.text(left + shown * unit, base + 36, "units of time", 14, "end")
    d.save()


def bars(name: str, label: str, values: list[tuple[str, float]], top_value: float, axis: str, unit: str) -> None:
    d = Drawing(name, label, 300)
    left, right, top, bottom = 20, 466, 62, 246
    d.text(left, 22, axis, 15)
    width = (right - left) / len(values)
    d.line(left, bottom, right, bottom)
    for number, (word, value) in enumerate(values):
        x, h = left + number * width, value / top_value * (bottom - top)
        d.rect(x + 8, bottom - h, width - 16, h, PALE_BLUE, BLUE)
        d.text(x + width / 2, bottom - h - 6, f"{value:g}{unit}", 14, "middle")
        d.text(x + width / 2, bottom + 22, word, 15, "middle")
    d.save()


def expert_load() -> None:
    d = Drawing("cloud/starter-cloud-036.svg", "Token assignments per expert", 470)
    loads = (5200, 4400, 1000, 800, 2600, 2000, 800, 600, 1400, 1200, 3200, 2400, 1400, 1000, 2200, 1800)
    left, right = 122, 420
    d.text(left, 22, "token assignments per expert", 15)
    for gpu in range(8):
        y = 34 + gpu * 54
        if gpu % 2 == 0:
            d.rect(0, y, 480, 54, PANEL, PANEL)
        d.text(10, y + 32, f"GPU {gpu}", 15)
        for half in range(2):
            expert = 2 * gpu + half
            w = loads[expert] / 5200 * (right - left)
            d.text(left - 6, y + 20 + half * 23, f"e{expert}", 14, "end")
            d.rect(left, y + 6 + half * 23, w, 19, PALE_BLUE, BLUE)
            d.text(left + w + 6, y + 20 + half * 23, f"{loads[expert]:,}", 14)
    d.save()


def packed_documents() -> None:
    d = Drawing("cloud/starter-cloud-038.svg", "Documents packed into the tokens of four ranks", 300)
    left, width = 14, 452
    packs = (
        (1, "1 document of 131,072 tokens"),
        (2, "2 documents of 65,536 tokens"),
        (32, "32 documents of 4,096 tokens"),
        (4, "4 documents of 32,768 tokens"),
    )
    for rank, (count, words) in enumerate(packs):
        y = 10 + rank * 70
        d.text(left, y + 16, f"rank {rank}: {words}", 15)
        for number in range(count):
            d.rect(left + number * width / count, y + 24, width / count, 30, PALE_GREEN, GREEN)
    d.save()


def static_batches() -> None:
    d = Drawing("cloud/starter-cloud-040.svg", "Static batching of eight requests in four slots", 250)
    left, unit = 58, 410 / 19
    batches = ((0, (("A", 10), ("B", 3), ("C", 5), ("D", 2))), (10, (("E", 4), ("F", 9), ("G", 2), ("H", 5))))
    for slot in range(4):
        y = 14 + slot * 44
        d.text(left - 8, y + 24, f"slot {slot + 1}", 14, "end")
        d.rect(left, y, 19 * unit, 36, "#ffffff", GRID)
        for start, requests in batches:
            name, steps = requests[slot]
            fill, line = (PALE_AMBER, AMBER) if start else (PALE_BLUE, BLUE)
            d.rect(left + start * unit, y, steps * unit, 36, fill, line)
            d.text(left + (start + steps / 2) * unit, y + 24, f"{name} {steps}", 15, "middle")
    d.line(left + 10 * unit, 8, left + 10 * unit, 190, INK, 1.5, dashed=True)
    for tick in (0, 5, 10, 15, 19):
        d.text(left + tick * unit, 210, str(tick), 14, "middle")
    d.text(left + 9.5 * unit, 236, "steps", 15, "middle")
    d.save()


def first_token_waterfall() -> None:
    d = Drawing("cloud/starter-cloud-042.svg", "Waterfall of the time to first token", 330)
    left, scale = 14, 452 / 945
    parts = (
        ("network, 12 ms", 0, 12, PURPLE),
        ("gateway and tokenizer, 23 ms", 12, 35, GREEN),
        ("queue, 45 ms", 35, 80, AMBER),
        ("16 mixed steps, 53 ms each", 80, 928, BLUE),
        ("sampling and streaming, 17 ms", 928, 945, RED),
    )
    for number, (words, start, end, colour) in enumerate(parts):
        y = 10 + number * 56
        last = number == len(parts) - 1
        d.text(left + (945 * scale if last else start * scale), y + 16, words, 15, "end" if last else "start")
        d.rect(left + start * scale, y + 23, (end - start) * scale, 22, colour, colour)
        if end - start > 100:
            for step in range(1, 16):
                x = left + (start + 53 * step) * scale
                d.line(x, y + 23, x, y + 45, "#ffffff", 1.5)
    d.line(left, 294, left + 945 * scale, 294)
    for tick in (0, 200, 400, 600, 800, 945):
        d.line(left + tick * scale, 294, left + tick * scale, 300)
        last = tick == 945
        d.text(
            left + tick * scale,
            316,
            f"{tick} ms" if last else str(tick),
            14,
            "end" if last else "middle" if tick else "start",
        )
    d.save()


def power_trace() -> None:
    d = Drawing("cloud/starter-cloud-052.svg", "Power of a training job over one minute", 320)
    left, right, top, bottom = 46, 466, 34, 254

    def x_of(s: float) -> float:
        return left + s / 60 * (right - left)

    def y_of(mw: float) -> float:
        return bottom - mw / 3 * (bottom - top)

    for mw in (0, 0.9, 1.2, 2.6):
        d.line(left, y_of(mw), right, y_of(mw), GRID, 1)
        d.text(left - 6, y_of(mw) + (8 if mw == 0.9 else 2 if mw == 1.2 else 5), str(mw), 14, "end")
    d.text(4, 18, "power in MW", 15)
    points = [(0.0, 2.6)]
    for start, end, low in ((8, 10, 1.2), (18, 20, 1.2), (28, 30, 1.2), (38, 58, 0.9)):
        points += [(start, 2.6), (start, low), (end, low), (end, 2.6)]
    points.append((60, 2.6))
    d.path([(x_of(s), y_of(mw)) for s, mw in points], BLUE, 2.5)
    d.text(x_of(48), y_of(0.9) + 24, "checkpoint", 15, "middle")
    d.line(left, bottom, right, bottom)
    for tick in (0, 8, 10, 18, 20, 28, 30, 38, 58):
        d.line(x_of(tick), bottom, x_of(tick), bottom + 6)
    for tick in (0, 10, 20, 30, 38, 58):
        d.text(x_of(tick), bottom + 22, str(tick), 14, "middle")
    d.text((left + right) / 2, bottom + 46, "time in s; each dip ends on the full ten and lasts 2 s", 14, "middle")
    d.save()


def rank_times() -> None:
    d = Drawing("cloud/starter-cloud-055.svg", "Compute and all-reduce time per rank", 390)
    left, scale = 66, 400 / 1000
    compute = (780, 770, 775, 785, 780, 960, 775, 770)
    d.rect(left, 10, 18, 16, PALE_BLUE, BLUE)
    d.text(left + 24, 24, "compute", 15)
    d.rect(left + 130, 10, 18, 16, PALE_AMBER, AMBER)
    d.text(left + 154, 24, "all-reduce (ms)", 15)
    for rank, ms in enumerate(compute):
        y = 40 + rank * 42
        d.text(left - 8, y + 22, f"rank {rank}", 15, "end")
        d.rect(left, y, ms * scale, 32, PALE_BLUE, BLUE)
        d.rect(left + ms * scale, y, (1000 - ms) * scale, 32, PALE_AMBER, AMBER)
        d.text(left + ms * scale / 2, y + 22, str(ms), 15, "middle")
        if ms < 900:
            d.text(left + (ms + 1000) / 2 * scale, y + 22, str(1000 - ms), 15, "middle")
        else:
            d.text(left + ms * scale - 8, y + 22, f"then {1000 - ms}", 15, "end")
    d.save()


def queue_depth() -> None:
    d = Drawing("cloud/starter-cloud-058.svg", "Depth of the prefetch queue over time", 290)
    left, right, top, bottom = 40, 466, 36, 218

    def at(s: float, depth: float) -> tuple[float, float]:
        return left + s / 70 * (right - left), bottom - depth / 12 * (bottom - top)

    for depth in (0, 3, 6, 9, 12):
        y = at(0, depth)[1]
        d.line(left, y, right, y, GRID, 1)
        d.text(left - 6, y + 5, str(depth), 14, "end")
    d.text(4, 18, "batches in the queue", 15)
    points = ((0, 12), (27, 12), (28.2, 0), (32, 0), (56, 12), (59, 12), (60.2, 0), (64, 0), (70, 3))
    d.path([at(*point) for point in points], BLUE, 2.5)
    d.line(left, bottom, right, bottom)
    for tick in (0, 27, 32, 56, 64):
        x = at(tick, 0)[0]
        d.line(x, bottom, x, bottom + 6)
        d.text(x - 3 if tick == 27 else x, bottom + 22, str(tick), 14, "end" if tick == 27 else "middle")
    for corner in (28.2, 59, 60.2):
        x = at(corner, 0)[0]
        d.line(x, bottom, x, bottom + 30)
    d.text(at(28.2, 0)[0], bottom + 44, "28.2", 14, "middle")
    d.text(at(59, 0)[0] - 2, bottom + 44, "59", 14, "end")
    d.text(at(60.2, 0)[0] + 2, bottom + 44, "60.2", 14)
    d.text(at(12, 0)[0], bottom + 60, "time in s", 15, "middle")
    d.save()


def cluster_map() -> None:
    d = Drawing("cloud/starter-cloud-061.svg", "Running pods on six nodes with eight GPUs each", 330)
    nodes = (("4", "2"), ("4", "1"), ("2", "1"), ("4", "2"), ("1", "2 P"), ("4", "2", "1"))
    left, unit = 74, 49
    for number, pods in enumerate(nodes):
        y = 10 + number * 50
        d.text(left - 8, y + 26, f"node {number + 1}", 15, "end")
        for slot in range(8):
            d.rect(left + slot * unit, y, unit, 40, "#ffffff", GRID)
        x: float = left
        for pod in pods:
            w = int(pod[0]) * unit
            fixed = pod.endswith("P")
            d.rect(x + 2, y + 3, w - 4, 34, PALE_RED if fixed else PALE_BLUE, RED if fixed else BLUE, 4)
            d.text(x + w / 2, y + 26, pod, 16, "middle")
            x += w
    d.text(left, 324, "white: free GPU", 14)
    d.save()


def main() -> None:
    roofline()
    attention_over_batch()
    schedule("cloud/starter-cloud-023.svg", "Beginning of a step on four pipeline stages", 64, 21)
    schedule("cloud/starter-cloud-024.svg", "One training step on four pipeline stages", 6, 27)
    durations = [("4 SMs", 280.0), ("8 SMs", 150.0), ("16 SMs", 120.0), ("32 SMs", 120.0)]
    bars(
        "cloud/starter-cloud-028.svg",
        "Duration of the all-reduce by its SMs",
        durations,
        280,
        "duration of the all-reduce",
        " ms",
    )
    loads = (33, 0, 100, 33, 0, 67, 33, 0)
    uplinks = [(f"U{number}", float(load)) for number, load in enumerate(loads, 1)]
    bars("cloud/starter-cloud-033.svg", "Mean load of eight uplinks", uplinks, 100, "mean load of each uplink", " %")
    expert_load()
    packed_documents()
    static_batches()
    first_token_waterfall()
    power_trace()
    rank_times()
    queue_depth()
    cluster_map()


if __name__ == "__main__":
    main()
