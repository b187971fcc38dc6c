#!/usr/bin/env python3
"""Draws docs/demo.svg: what `schemawarden demo --once` prints in a terminal, so that the picture in the README
cannot tell another story than the program does. Standard library only. The numbers are the messages that the
picture has room for; of the others it says how many there are.

    cargo build
    script -qec 'stty cols 112; target/debug/schemawarden demo --once' /dev/null |
      scripts/draw-demo.py 1 2 3 11 > docs/demo.svg
"""

import html
import re
import sys

WIDTH, MARGIN, LINE, CHAR, FONT = 880, 20, 18, 8.4, 14
COLOURS = {"31": "#f7768e", "32": "#9ece6a", "33": "#e0af68", "34": "#7aa2f7", "35": "#bb9af7", "36": "#7dcfff"}
DIM, BOLD = "#8b93b8", "#ffffff"
STYLE = re.compile(r"\x1b\[([0-9;]*)m")
OTHER = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-ln-z]|\][^\x07]*\x07|[()].)|\r")


def spans(line):
    """The line's pieces, each with the attributes that it is drawn with."""
    colour, bold, dim, at = None, False, False, 0
    for number, piece in enumerate(STYLE.split(line)):
        if number % 2:
            for code in piece.split(";"):
                if code in ("", "0"):
                    colour, bold, dim = None, False, False
                elif code == "1":
                    bold = True
                elif code == "2":
                    dim = True
                elif code == "22":
                    bold = dim = False
                elif code == "39":
                    colour = None
                elif code[-1:] in "1234567" and code[:1] in "39":
                    colour = COLOURS.get("3" + code[-1])
        elif piece:
            fill = colour or (DIM if dim else BOLD if bold else None)
            look = (f' fill="{fill}"' if fill else "") + (' font-weight="bold"' if bold else "")
            yield f'<tspan x="{MARGIN + at * CHAR:.1f}"{look}>{html.escape(piece)}</tspan>'
            at += len(piece)


def chosen(lines, numbers):
    """The lines without the messages that are not wanted."""
    number, left_out = 0, 0
    for line in lines:
        if "╭─" in line:
            number += 1
        is_message = any(it in line for it in "╭│╰")
        if is_message and numbers and number not in numbers:
            left_out += "╭─" in line
        elif left_out and not STYLE.sub("", line):
            pass
        else:
            if left_out:
                yield f"\x1b[2m            ⋮ {left_out} more message{'s' * (left_out > 1)}\x1b[0m"
                yield ""
                left_out = 0
            yield line


text = OTHER.sub("", sys.stdin.read()).rstrip("\n")
# Few machines that draw this have a font with these.
text = text.replace("🔴", "\x1b[31m●\x1b[39m").replace("✅", "\x1b[32m✔\x1b[39m")
lines = list(chosen(text.split("\n"), {int(it) for it in sys.argv[1:]}))
height = 58 + LINE * len(lines)
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
      'role="img" aria-label="schemawarden demo --once in a terminal: the incident, the alerts with their diagnosis, '
      'and the all-clear">')
print(f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#1a1b26"/>')
for x, fill in ((22, "#f7768e"), (42, "#e0af68"), (62, "#9ece6a")):
    print(f'<circle cx="{x}" cy="20" r="6" fill="{fill}"/>')
print('<g fill="#c0caf5" font-family="ui-monospace, \'DejaVu Sans Mono\', Menlo, Consolas, monospace" '
      f'font-size="{FONT}">')
for number, line in enumerate(lines):
    print(f'<text y="{58 + LINE * number}" xml:space="preserve">{"".join(spans(line))}</text>')
print("</g>\n</svg>")
