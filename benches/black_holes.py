"""The parts of benches/black_holes.sh that a shell has no words for: a port that hangs, a config, and lateness."""

import hashlib
import os
import socket
import sqlite3
import sys

PERIOD_MS, SPLAY_MS, PER_SERVER = 20_000, 2_000, 10


def hang(path):
    """Accepts, and says nothing; writes its port to `path`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    with open(path + "~", "w") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(path + "~", path)
    kept = []
    while True:
        kept.append(listener.accept()[0])
        kept = kept[-2000:]


def config(folder, fleet, databases, port, hole):
    """A fleet of which every tenth hangs, unless it is well."""
    os.mkdir(f"{folder}/expected-schemas")
    tables = ", ".join(f"t{n}" for n in range(1, 26))
    with open(f"{folder}/expected-schemas/m.yaml", "w") as file:
        file.write(f"manifest: m\ntables: [{tables}]\n")
    rows = []
    for n in range(int(databases)):
        hangs = fleet != "well" and n % PER_SERVER == 0
        server = f"s{n // PER_SERVER}"
        if fleet == "apart" and hangs:
            server = f"dead{n // PER_SERVER // PER_SERVER}"
        name, at = ("hung", hole) if hangs else ("db", port)
        rows.append(
            f'  - {{ name: {name}{n}, server: {server}, manifest: m, severity: {{ same_database: info }},'
            f' url: "postgres://auditor@127.0.0.1:{at}/postgres" }}\n'
        )
    with open(f"{folder}/config.yaml", "w") as file:
        file.write(
            "defaults: { schedule: { every: 20s, splay: 2s } }\nmanifests: expected-schemas\n"
            "state: { sqlite: state.db }\nhttp: { listen: \"127.0.0.1:0\" }\n"
            "limits: { concurrency: 16, per_server: 8 }\ndatabases:\n" + "".join(rows) +
            'channels:\n  ops: { type: slack, url: "http://127.0.0.1:9/x" }\nroutes:\n  - { to: [ops] }\n'
        )


def lateness(folder, began):
    """Of the healthy: from when each audit was due; those of the first period apart."""
    state = sqlite3.connect(f"{folder}/state.db")
    rows = state.execute(
        "select d.name, a.at from audits a join databases d on d.id = a.database_id order by a.at"
    )
    seen, early, late, hung = set(), [], [], 0
    for name, at in rows:
        if name.startswith("hung"):
            hung += 1
            continue
        digest = hashlib.sha256(name.encode()).digest()
        share = int.from_bytes(digest[:8], "big") % (SPLAY_MS + 1)
        lateness = (at - share) % PERIOD_MS
        if at - int(began) > PERIOD_MS:
            late.append(lateness)
        elif name in seen:
            early.append(lateness)
        # Its first audit is due by the start, not by its tick.
        seen.add(name)
    late.sort()
    of = lambda share: late[min(len(late) - 1, int(len(late) * share))]
    print(
        f"{len(late)} audits of the healthy, late by p50 {of(0.5)} ms, p99 {of(0.99)} ms, at most {late[-1]} ms "
        f"(at a tick of the first 20 s: at most {max(early, default=0)} ms); {hung} audits of what hangs",
        end="",
    )


if __name__ == "__main__":
    {"hang": hang, "config": config, "lateness": lateness}[sys.argv[1]](*sys.argv[2:])
