# SPDX-License-Identifier: MIT
"""What is known of mutants and tests, kept from run to run: outcomes, what each test comes by, and the explanations."""
import collections
import concurrent.futures
import hashlib
import itertools
import json
import pathlib
import re
import sys

import trials

HERE = pathlib.Path(__file__).resolve().parent


def save(path, value):
    """At once: who is ended meanwhile leaves the old file."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value))
    new.replace(path)


class Outcomes:
    """What became of each mutant when it was last tried, for as long as its file stays as it was."""

    def __init__(self, path, top, names):
        self.path = path
        stored = json.loads(path.read_text()) if path.exists() else {}
        files, known = stored.get("files", {}), stored.get("outcomes", {})
        self.files = {name: hashlib.sha256((top / name).read_bytes()).hexdigest() for name in names}
        self.of = {key: outcome for key, outcome in known.items() if files.get(file_of(key)) == self.files.get(file_of(key), "")}
        if len(self.of) < len(known):
            print(f"{len(known) - len(self.of)} outcomes are of files that have changed since, and are forgotten", file=sys.stderr)

    def save(self):
        save(self.path, {"files": self.files, "outcomes": self.of})


def file_of(key):
    return key.split(": ", 1)[0]


class Explanations:
    """explained.txt: blocks of lines `file: kind: what | code`, as in the list of survivors, in which * stands for any text,
    and then why."""

    def __init__(self, file=HERE / "explained.txt"):
        line = re.compile(r"(include|src|instruments|tools)/\S+: .*")
        lines = []
        for block in file.read_text().split("\n\n"):
            lines += itertools.takewhile(line.fullmatch, (one for one in block.splitlines() if not one.startswith("#")))
        self.patterns = {one: re.compile(re.escape(one).replace(r"\*", ".*")) for one in lines}

    def __call__(self, key):
        return any(pattern.fullmatch(key) for pattern in self.patterns.values())

    def idle(self, keys):
        """Lines that fit none of them."""
        return [line for line, pattern in self.patterns.items() if not any(map(pattern.fullmatch, keys))]


def observed(build, count, jobs, file):
    """Every test that passes unchanged, with what it comes by. What has been seen of a program that is as it was, as are those
    that it may start, is read from the file."""
    programs, helpers = build.programs(), build.helpers_made()

    def built(program):
        return max(program.stat().st_mtime, helpers)

    known = json.loads(file.read_text()) if file.exists() else {}
    known = {name: entry for name, entry in known.items()
             if pathlib.Path(name) in programs and entry["built"] == built(pathlib.Path(name))}
    new = [test for program in programs if str(program) not in known for test in trials.tests_of(program)]
    for program in programs:
        known.setdefault(str(program), {"built": built(program), "tests": []})
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, good in zip(new, pool.map(lambda test: trials.observe(test, count), new)):
            if good:
                known[str(test.program)]["tests"].append([test.name, round(test.seconds, 3), sorted(test.seen)])
            else:
                print(f"not used, since it fails or takes {trials.LONGEST_S} s with no mutant chosen: {test}", file=sys.stderr)
    save(file, known)
    return [trials.Test(pathlib.Path(program), name, seconds, frozenset(seen))
            for program, entry in known.items() for name, seconds, seen in entry["tests"]]


def table(results, titles, of):
    rows = collections.defaultdict(collections.Counter)
    for mutant, outcome, _ in results:
        rows[of(mutant)][outcome] += 1
    lines = [f"{titles:44} mutants  killed explained survived unreached  killed %"]
    for name in [*sorted(rows), "all"]:
        row = rows[name] if name != "all" else sum(rows.values(), collections.Counter())
        counted = sum(row.values())
        share = 100 * (row["killed"] + row["explained"]) / counted if counted else 100
        lines.append(f"{name:44} {counted:7} {row['killed']:7} {row['explained']:9} {row['survived']:8} {row['unreached']:9} {share:9.1f}")
    return "\n".join(lines)


def part_of(mutant):
    return mutant.file.split("/")[0]
