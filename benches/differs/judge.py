#!/usr/bin/env python3
"""Which of the seven seeded differences a differ's output names, and what else it reports.

    judge.py FORMAT drifted|copy FILE

Prints `FOUND<tab>FALSE` and, on stderr, every item of the output with the verdict on it, so that a person can
check the judge against the raw output. Standard library only.

An output is cut into items in the way of its FORMAT. An item that names a seeded difference finds it. An item
that is a part of one (the keys and columns of the table that was lost) is no second difference, and what a script
takes away and puts back is a step. Anything else is false: it says that two things differ which nobody changed.
"""
import json
import re
import sys

# (what, an item that finds it, items that are only a part of it). Quotes are taken off before the test.
# `drift.sql` makes these; `\b` keeps PaymentBackup from passing for Payment.
SEEDED = [
    ("column lost", r"\bMusician\b.*\bphone\b", None),
    ("numeric(12,2) -> (14,4)", r"\bPayment\b.*\bamount\b.*(type|typmod|numeric)|type.*\bPayment\b.*\bamount\b", None),
    ("NOT NULL lost", r"\bRehearsal\b.*\bstartsAt\b.*(not[ _]?null|nullab)|nullab.*\bRehearsal\b.*\bstartsAt\b", None),
    ("index lost", r"(?<!link index:office\.)\bContract_musicianId_idx\b", r"link index:office\.Contract_musicianId_idx\b"),
    ("table lost", r"(create table|drop table|table_removed|missing_table|missing table|^[-+] table|^table)\b.*\bAbsence\b",
     r"\bAbsence(_\w+)?\b"),
    ("column too many", r"\bProject\b.*\blegacyCode\b", None),
    ("table too many",
     r"(create table|drop table|table_added|unexpected_table|unexpected table|^[-+] table|^table)\b.*\bPaymentBackup\b",
     r"\bPaymentBackup(_\w+)?\b"),
]

# Not an item at all: it sets the stage, or restates a comment that is not there.
STAGE = r"^(begin|commit|set|comment on .* is null)\b"
# What a script takes away and puts back, a key or an index of a column that changes, is a step and no difference.
TAKEN = r"\b(?:drop constraint|drop index)(?: if exists)? (?:\w+\.)?(\w+)"
PUT = r"\b(?:add constraint|validate constraint|create index|create unique index)(?: if not exists)? (\w+)"


def statements(text):
    """SQL at its semicolons, without comments, each with the schema that `set search_path` gave it."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"--[^\n]*", " ", text)
    schema = ""
    parts = [" ".join(it.replace('"', "").split()) for it in text.split(";")]
    taken, put = ({name for it in parts for name in re.findall(what, it, flags=re.I)} for what in (TAKEN, PUT))
    for it in parts:
        path = re.match(r"set search_path = (\w+)", it, flags=re.I)
        if path:
            schema = f" [search_path {path[1]}]"
        elif it and not re.search(STAGE, it, flags=re.I):
            names = re.findall(f"{TAKEN}|{PUT}", it, flags=re.I)
            step = any(name in taken & put for pair in names for name in pair)
            yield ("step: " if step else "") + it + schema


def check_postgres(text):
    """A line at the margin begins an item; those that describe the databases are none."""
    item = None
    for line in text.splitlines():
        if re.match(r'[A-Z][a-z ]+ "', line):
            if item:
                yield item
            item = line
        elif item and line.startswith(" "):
            item += " " + line.strip()
    if item:
        yield item


def liquibase(text):
    """`Missing Table(s):` and below it items at five spaces, what changed of them at ten."""
    section, item = "", None
    for line in text.splitlines() + ["end"]:
        if line.startswith(" " * 10) and item:
            item += " " + line.strip()
            continue
        if item:
            yield item
        item = None
        if re.match(r"(Missing|Unexpected|Changed) ", line):
            section = line.split("(")[0]
        elif line.startswith(" " * 5):
            item = f"{section}: {line.strip()}"


def driftbrake(text):
    for it in json.loads(text)["changes"]:
        name = ".".join(it[key] for key in ("schema_name", "table_name", "column_name") if it[key])
        yield f"{it['change_type']} {name}: {it['description']}"


def pg_delta(text):
    for line in text.splitlines():
        if re.match(r"[-+~] ", line):
            yield line


def schemawarden(text):
    """A line per finding, `  SEVERITY  KIND  NAME-OR-SENTENCE`; what is indented deeper goes with it."""
    # A sentence names a column and then its table: told as `table.column` too.
    of = re.compile(r"`(\w+)`(?: \([^)]*\)+)? of table `([\w.]+)`")
    text = of.sub(lambda it: f"{it[0]} {it[2]}.{it[1]}", text)
    item = None
    for line in text.splitlines():
        if re.match(r"  (critical|warning|info)\b", line):
            if item:
                yield item
            item = line.strip()
        elif item and line.startswith("   "):
            item += " " + line.strip()
    if item:
        yield item


FORMATS = {
    "sql": statements, "check_postgres": check_postgres, "liquibase": liquibase, "driftbrake": driftbrake,
    "pg_delta": pg_delta, "schemawarden": schemawarden,
}


def main():
    form, against, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        items = list(FORMATS[form](file.read()))
    found, false = set(), 0
    for raw in items:
        it = raw.replace('"', "")
        # A copy has no differences: whatever is said of it is false.
        seeded = SEEDED if against == "drifted" else []
        finds = [n for n, (_, key, _) in enumerate(seeded) if re.search(key, it, flags=re.I | re.S)]
        parts = [n for n, (_, _, part) in enumerate(seeded) if part and re.search(part, it)]
        if it.startswith("step: "):
            it = it[6:]
            verdict = "step"
        elif finds:
            found.update(finds)
            verdict = "found: " + ", ".join(seeded[n][0] for n in finds)
        elif parts:
            verdict = "part of: " + seeded[parts[0]][0]
        else:
            false += 1
            verdict = "FALSE"
        print(f"{verdict:32} {it}", file=sys.stderr)
    if against == "drifted":
        for n, (what, _, _) in enumerate(SEEDED):
            if n not in found:
                print(f"{'NOT FOUND':32} {what}", file=sys.stderr)
    print(f"{len(found)}\t{false}")


main()
