"""A vault of everything that is odd about questions: long, short, wide, old, right to left, hostile."""

from pathlib import Path

from factory import NAPKIN, Raw, chain, question, release, write_folder

LONG = "W" * 200
FORMULA = r"\(" + "+".join(f"x_{{{n}}}^{{2}}" for n in range(60)) + r"\)"
TABLE = f"| {LONG} | cost | time |\n|---|---|---|\n| 1 | $2 | {LONG} |\n| 3 | $4 | 5 ms |"
FENCE = "```python\n" + "\n".join(f"step_{n} = {LONG}" for n in range(3)) + "\nif a < b && c > d: pass\n```"
WIDE = f"{LONG} ${'+'.join(f'x_{{{n}}}^{{2}}' for n in range(60))}$ `{LONG}`\n\n{FENCE}\n\n{TABLE}\n\n- {LONG}\n"
MATH = "\n".join(
    (
        "**Assumptions:**\n- $n = 2^{20}$ tokens, $p \\le 0.05$",
        "**Calculations:**",
        "- Ridge: $\\frac{989}{3.35} \\approx 295$ FLOP/byte",
        "- Sum: $$\\sum_{i=1}^{n} \\left(\\frac{a_i}{b_i}\\right)^2 = \\sqrt{\\frac{\\pi}{2}} \\cdot 10^{6}$$",
        "- Time: $T = \\max\\left(\\frac{F}{P}, \\frac{B}{W}\\right) = 42$ ms",
        "**Conclusion:**\n- The second term wins by $7\\times$.",
    )
)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</style><style>*{display:none}</style>",
    "</script><script>alert(1)</script>",
    "</template></textarea></title></noscript>",
    "]]><!--",
    "--><b onmouseover=alert(1)>",
    "{{Answer}} {{#Title}}x{{/Title}} {{FrontSide}} {{c1::cloze}} {{{x}}}",
    "[[ title ]] [% set x = 1 %] [# gone #]",
    "[link](javascript:alert(1)) [data](data:text/html,<script>alert(1)</script>) ![x](https://evil.example/x.png)",
    "<a href=javascript:alert(1)>x</a> <iframe srcdoc='<script>alert(1)</script>'>",
    "\u202eevil\u202c \u2066isolated\u2069 \u200bzero\u200d",
    "\\(\\href{javascript:alert(1)}{x}\\) $\\style{position:fixed}{x}$ [sound:x.mp3] [latex]x[/latex]",
    "\" onfocus=alert(1) autofocus x=\" ' onclick=alert(1) '",
)
"""Texts that some parser somewhere would act on."""


def hostile(question_id: str = "evil-1") -> Raw:
    """A question that tries everything everywhere."""
    text = "\n\n".join(HOSTILE)
    line = " ".join(HOSTILE)
    parts = ("Pitfall", "Rationale", "Consequence")
    stages = ("Assumptions", "Calculations", "Conclusion")
    return question(
        question_id,
        title=HOSTILE[0] + HOSTILE[3] + HOSTILE[8][:40],
        scenario=line,
        question=HOSTILE[1] + HOSTILE[14] + HOSTILE[12] + HOSTILE[8],
        topic="<img src=x onerror=alert(1)>\"'",
        tags=["<script>alert(1)</script>", "{{Answer}}"],
        **{
            "details.realistic_solution": text,
            "details.common_mistake": "\n".join(f"**The {part}:** {line}" for part in parts),
            "details.napkin_math": "\n\n".join(f"**{stage}:**\n- {line} = 1 GB\n\n{text}" for stage in stages),
            "details.options": [HOSTILE[0], HOSTILE[1], HOSTILE[10], HOSTILE[8]],
            "details.correct_index": 1,
            "details.resources": [
                {"name": HOSTILE[0], "url": "https://example.org/\"'><script>alert(1)</script>"},
                {"name": "ok", "url": "https://example.org/"},
            ],
        },
    )


def gallery() -> tuple[list[Raw], list[Raw]]:
    """(questions, chains). Ids say what is odd about each."""
    ladder = [
        question(
            f"step-{number:02}",
            level=("L1", "L2", "L3", "L4", "L5", "L6+")[number * 6 // 40],
            title=f"Step {number} of a long climb" + (" with a very long title" * 3 if number == 21 else ""),
        )
        for number in range(40)
    ]
    drawn = question("drawn", title="A drawing")
    drawn["visual"] = {"kind": "svg", "path": "bars.svg", "alt": "Two bars: 3 and 9", "caption": "Bars, to scale."}
    choices = {"details.options": [LONG, "a < b && c > d", f"${'x^2+' * 40}x$", "**bold** `code`"]}
    options = question("options", title="Options", **choices, **{"details.correct_index": 2})
    few = question("shortest", title="?", scenario="x", question=None)
    few["details"] = {"realistic_solution": "y"}
    few["expected_time_minutes"] = None
    old = "Weights: 70B × 2 bytes = 140 GB.\nCards: 140 GB / 80 GB = 1.75, so 2 cards.\nCost: 2 × $3 = $6 an hour."
    hebrew = "כמה זיכרון נדרש? 140 GB חלקי 80 GB. هل تكفي بطاقة واحدة؟"
    questions = [
        question(
            "longest",
            title="The longest title there may be, " + "with words that go on and on, " * 3,
            scenario="A cluster serves a model to many people. " * 60,
            question="What does it cost, and where does the time go? " * 4,
            **{
                "details.realistic_solution": "\n\n".join(["The answer goes on for a while, as answers do. " * 14] * 9),
                "details.napkin_math": NAPKIN.replace("- Ridge", "- Line: 2 × 3 = 6 GB\n" * 30 + "- Ridge"),
                "details.resources": [
                    {"name": f"Reading {n} {LONG}", "url": f"https://example.org/{n}"} for n in range(9)
                ],
            },
        ),
        few,
        options,
        drawn,
        question("table", title="A table", **{"details.realistic_solution": TABLE, "details.napkin_math": TABLE}),
        question("fence", title="A fence", **{"details.realistic_solution": FENCE}),
        question("wide", title=LONG, scenario=LONG, question=LONG, **{"details.realistic_solution": WIDE}),
        question("math", title="Heavy math", **{"details.napkin_math": MATH, "details.realistic_solution": MATH}),
        question(
            "old", title="Old free text", **{"details.napkin_math": old, "details.common_mistake": "Only weights."}
        ),
        question("rtl", title=hebrew, scenario=hebrew * 4, question=hebrew, **{"details.realistic_solution": hebrew}),
        hostile(),
        *ladder,
    ]
    return questions, [chain("ladder", *ladder), chain("short", ladder[0], ladder[20], ladder[39])]


def write(folder: Path) -> Path:
    questions, chains = gallery()
    return write_folder(folder, questions, chains, release())
