#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Would the tests notice mistakes that nobody has listed?

Reads the syntax trees of include/, src/, instruments and the computing parts of tools/, and makes every small mistake
that it can think of there: another relational or arithmetic operator, a constant off by one, a condition negated or half of
it, a statement or a call left out, two arguments of one type swapped, another status, a loop left early, a guard dropped. One
build holds them all; an environment variable chooses one. Each mutant is tried with the tests that come by it, quickest
first, until one fails or has taken far too long.

Prints each mutant that no test noticed, then a table, a row for each file. Fails if a mutant survived that explained.txt does
not explain, and with --sample only if fewer than so many were noticed as --least asks.

The copy that is built, and the outcomes, are kept in build/mutants. Ctrl-C ends a run and keeps what was found; --rest goes on.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import argument_kinds as kinds
import outcomes as known
from rooms import ROOMS, room_of
import schemata
import sites as reading
import trials

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
# What only prints, draws or reads a command line is looked at by people.
PRINTING = re.compile(r"tools/(.*/(text|json|svg|html|view|pictures|plot|words|table|page|parts|report)|report/.*|main"
                      r"|common/(plot_words|completion|html_page|svg|shade|words|command|progress|files|text_table|measuring_options)"
                      r"|(\w+)/\4)\.[ch]pp")  # the last: tools/topo/topo.cpp and the like, which read a command line
FILES = ["include/weir/**/*.hpp", "src/*.?pp", "instruments/*.?pp", "tools/**/*.?pp"]
# Programs that read sources or machine code instead of running the headers.
NOT_TESTS = {"floors_test", "fast_path_test", "version_test"}
NUMBERS_A_FILE = 1024
FLAGS = "-w -Wno-narrowing -Wno-error -ferror-limit=0 -include weir_mutant.hpp"


def source_files(chosen):
    found = sorted({str(path.relative_to(TOP)) for pattern in FILES for path in TOP.glob(pattern)})
    found = [name for name in found if not PRINTING.fullmatch(name)]
    return [name for name in found if not chosen or any(one == "." or f"{name}/".startswith(f"{one}/") for one in chosen)]


def rooms_here():
    """Those whose files can be read here: links need libnats, which not every system has."""
    seen = subprocess.run(["clang++-14", "-fsyntax-only", "-x", "c++", "-"], input="#include <nats/nats.h>", text=True,
                          stderr=subprocess.DEVNULL)
    return [room for room in ROOMS if room != "links" or seen.returncode == 0]


def read(name):
    include = [f"-I{TOP / folder}" for folder in ("include", "src", ".")]
    return name, *reading.sites_of(TOP / name, name, ["-std=c++20", *include])


class Build:
    """The instrumented copy of the tree, and what is built of it."""

    def __init__(self, folder, files, jobs, tests):
        self.tree, self.build, self.jobs, self.tests = folder / "tree", folder / "build", jobs, tests
        self.refused_file = folder / "refused.json"
        self.refused = set(json.loads(self.refused_file.read_text())) if self.refused_file.exists() else set()
        self.tree.mkdir(parents=True, exist_ok=True)
        self.copy_tree()
        with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
            self.read = {name: (text, sites) for name, text, sites in pool.map(read, files)}
        self.mutants = {}
        # Each file has its own range of numbers, so that a change of one leaves the others as they were built.
        for index, name in enumerate(source_files([])):
            number = index * NUMBERS_A_FILE
            for site in self.read.get(name, ("", []))[1]:
                for change, _ in site.changes:
                    if not change.number:
                        number += 1
                        change.number = number
                        self.mutants[number] = change
            if number >= (index + 1) * NUMBERS_A_FILE:
                sys.exit(f"semantic.py: {name} has more than {NUMBERS_A_FILE - 1} mutants; raise NUMBERS_A_FILE")
        self.places = {}
        self.written = set(self.mutants)  # the numbers of those that the copy holds

    @staticmethod
    def put(path, text):
        """Only what has changed is written, and built again."""
        if not path.exists() or path.read_bytes() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)

    def copy_tree(self):
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=TOP,
                                capture_output=True, text=True, check=True).stdout.splitlines()
        mutated = set(source_files([]))
        for path in [path for path in self.tree.rglob("*") if path.is_file()]:  # those that are gone
            if not (TOP / path.relative_to(self.tree)).is_file() and path.parent != self.tree / "mutant":
                path.unlink()
        for name in listed:
            path = TOP / name
            if name in mutated or not path.is_file() or name.startswith("bench/results/"):
                continue
            self.put(self.tree / name, path.read_bytes())
            shutil.copymode(path, self.tree / name)
        for name in mutated:  # those that are not mutated this time
            self.put(self.tree / name, (TOP / name).read_bytes()) if not (self.tree / name).exists() else None
        self.put(self.tree / "mutant/weir_mutant.hpp", schemata.HEADER.encode())
        self.put(self.tree / "mutant/weir_mutant.cpp", schemata.SOURCE.encode())

    def write(self):
        for name, (text, sites) in self.read.items():
            kept = []
            for site in sites:
                changes = [(c, t) for c, t in site.changes if c.number in self.written and c.key() not in self.refused]
                if changes:
                    kept.append(reading.Site(site.begin, site.end, site.form, changes))
            new, self.places[name] = schemata.instrumented(text, kept)
            self.put(self.tree / name, new.encode("latin-1"))
        for name in set(source_files([])) - set(self.read):
            self.put(self.tree / name, (TOP / name).read_bytes())

    def make(self):
        """Builds; what does not compile is left out, and all is built again."""
        include = self.tree / "mutant"
        chosen = self.tree / "mutant/weir_mutant.o"
        subprocess.run(["clang++-14", "-std=c++20", "-O1", "-fPIC", "-c", str(include / "weir_mutant.cpp"), "-o", str(chosen)],
                       check=True)
        configure = ["cmake", "-G", "Ninja", "-S", str(self.tree), "-B", str(self.build), "-DCMAKE_CXX_COMPILER=clang++-14",
                     "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_CXX_FLAGS=-I{include} {FLAGS}", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
                     f"-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold {chosen}", "-DCMAKE_CXX_EXTENSIONS=OFF",
                     "-DWEIR_DEVELOPER=ON", "-DWEIR_BUNDLE=ON", "-DWEIR_BUILD_MODEL=OFF", "-DWEIR_INSTALL=OFF"]
        self.write()
        made = subprocess.run(configure, capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(made.stdout + made.stderr)
        listed = subprocess.run(["ninja", "-C", str(self.build), "-t", "targets", "all"], capture_output=True, text=True,
                                check=True).stdout
        self.made = [name for name in re.findall(r"^(test/\S+_(?:test|model)): ", listed, re.M)
                     if pathlib.Path(name).name not in NOT_TESTS and self.tests.search(pathlib.Path(name).name)]
        if not self.made and not self.models():
            sys.exit(f"semantic.py: no test program or model has a name that '{self.tests.pattern}' matches; give --tests another")
        for _ in range(12):
            wrong = self.make_tests() or self.make_models()
            if not wrong:
                known.save(self.refused_file, sorted(self.refused))  # not before: the mistake may have been another one
                return
            before = len(self.refused)
            self.refuse(wrong)
            print(f"{len(self.refused) - before} changes do not compile, and are left out", file=sys.stderr, flush=True)
            if len(self.refused) == before:
                errors = re.findall(r"(?:.*\n){0,3}.*\berror: .*\n(?:.*\n){0,3}", wrong) or [wrong[-8000:]]
                sys.exit("semantic.py: the instrumented copy does not build:\n" + "---\n".join(errors)[:8000])
            self.write()
        sys.exit("semantic.py: the instrumented copy still does not build after twelve attempts")

    def make_tests(self):
        """Returns what the compiler complains of."""
        if not self.made:  # ninja would make everything
            return ""
        made = subprocess.run(["ninja", "-C", str(self.build), "-k", "0", f"-j{self.jobs}", *self.made], capture_output=True,
                              text=True, env=os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"})
        return made.stdout if made.returncode != 0 else ""

    def make_models(self):
        """The model programs, which the preset dev alone would build. Returns what the compiler complains of."""
        model = self.tree / "test/model"
        few = len(self.written) < len(self.mutants)  # as many models are compiled, and each plays for few mutants
        flags = ["clang++-14", "-std=c++20", "-O0" if few else "-O1", "-w", "-I", str(model), "-I", str(model / "shadow"), "-I", str(self.tree / "include"), "-I", str(self.tree),
                 "-I", str(self.tree / "mutant"), "-include", "weir_mutant.hpp"]
        headers = max(path.stat().st_mtime for folder in ("include", "test/support") for path in (self.tree / folder).rglob("*.hpp"))

        def make(source, options):
            made = self.build / "model" / source.with_suffix(".o").name
            if not made.exists() or made.stat().st_mtime < max(headers, *(p.stat().st_mtime for p in model.rglob("*.?pp"))):
                made.parent.mkdir(exist_ok=True)
                compiled = subprocess.run([*flags, *options, "-c", str(source), "-o", str(made)], capture_output=True, text=True)
                if compiled.returncode != 0:
                    return compiled.stderr
            return ""

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            checker = [pool.submit(make, model / part, ["-O2"]) for part in ("model.cpp", "run.cpp")]
            complaints = list(pool.map(lambda source: make(source, []), self.models()))
            complaints += [part.result() for part in checker]
        if not any(complaints):
            for source in self.models():
                made = self.build / "model" / source.stem
                parts = [f"{made}.o", *(str(made.with_name(part)) for part in ("model.o", "run.o")),
                         str(self.tree / "mutant/weir_mutant.o")]
                subprocess.run(["clang++-14", *parts, "-o", str(made)], check=True)
        return "".join(complaints)

    def models(self):
        return [path for path in sorted((self.tree / "test/model").glob("*_model.cpp")) if self.tests.search(path.stem)]

    def refuse(self, output):
        """Finds the changes that an error is about: the innermost at the place of the error or of a note that follows it."""
        place = re.compile(r"^(?:\S+ )?(\S+?):(\d+):(\d+): (fatal error|error|note)")
        seen = set()
        waiting = False
        for line in output.splitlines():
            match = place.match(line)
            # A compiler cache turns paths into relative ones.
            name = os.path.relpath(self.build / match.group(1), self.tree) if match else ""
            if name.startswith("..") or not match:
                waiting = waiting or bool(re.match(r".*: (fatal )?error: ", line))
                continue
            row, column, what = int(match.group(2)), int(match.group(3)), match.group(4)
            if what != "note":
                waiting = True
            if not waiting or name not in self.places or (name, row, column) in seen:
                waiting = waiting and (name, row, column) not in seen
                continue
            numbers = self.places[name](row, column)
            if numbers:
                seen.add((name, row, column))
                self.refused.update(self.mutants[n].key() for n in numbers[0])
                waiting = False

    def programs(self):
        """Those of this tree: the folder may hold others, of tests that are gone."""
        found = [self.build / name for name in self.made] + [self.build / "model" / source.stem for source in self.models()]
        return [path for path in sorted(found) if path.is_file() and os.access(path, os.X_OK)]

    def helpers_made(self):
        """When the last of the programs and libraries was made that tests start or load."""
        own = set(self.programs())
        return max((path.stat().st_mtime for path in self.build.rglob("*")
                    if path.is_file() and path not in own and "CMakeFiles" not in path.parts
                    and (os.access(path, os.X_OK) or path.suffix == ".so")), default=0)

    def refused_here(self):
        return sum(mutant.key() in self.refused for mutant in self.mutants.values())


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("paths", nargs="*", metavar="PATH", help="files or folders, from the top of the tree; all without")
    arguments.add_argument("--sample", type=kinds.number(int, 1), metavar="N", help="N mutants chosen at random")
    arguments.add_argument("--seed", type=kinds.number(int, 0), help="of the choice; by default the day of the year")
    arguments.add_argument("--least", type=kinds.number(float, 0, 100), default=0, metavar="PERCENT",
                           help="with --sample: fail if fewer of it are noticed")
    arguments.add_argument("--budget", type=kinds.number(float, 0.1), default=15, metavar="S",
                           help="seconds of tests that a mutant is given (15)")
    arguments.add_argument("--minutes", type=kinds.number(float, 0.1), default=float("inf"), metavar="M", help="try no more after so long")
    arguments.add_argument("--tests", type=kinds.regex, metavar="REGEX",
                           help="build and run only the test programs and models whose name matches")
    arguments.add_argument("--room", choices=["today", *ROOMS], metavar="ROOM",
                           help=f"only one part of the tree, and what tests it: {', '.join(ROOMS)}, or today (each day another)")
    arguments.add_argument("--jobs", type=kinds.number(int, 1, 1024), default=os.cpu_count(),
                           help="how much to compile and try at a time; by default as much as there are CPUs")
    arguments.add_argument("--list", action="store_true",
                           help="show the mutants that the other options choose, try none; of all, fails if a line of explained.txt fits none")
    arguments.add_argument("--only", default="", metavar="TEXT", help="mutants whose line in the list contains this")
    arguments.add_argument("--survivors", action="store_true", help="only those that survived the last time; the tables count all")
    arguments.add_argument("--rest", action="store_true", help="only those that were not tried before; the tables count all")
    options = arguments.parse_args()
    if options.room and options.tests:
        arguments.error("--room names its tests itself; leave --tests out")
    if options.least and not options.sample:
        arguments.error("--least is of a sample; give --sample, too")
    options.paths = [os.path.relpath(TOP / one, TOP) for one in options.paths]
    for one in options.paths:
        if not source_files([one]):
            arguments.error(f"there is nothing to change in {one}; name files or folders of include, src, instruments or tools "
                            "that compute, from the top of the tree")

    began = time.monotonic()
    folder = TOP / "build/mutants"
    files = source_files(options.paths)
    day = options.seed if options.seed is not None else time.localtime().tm_yday
    if options.room:
        rooms = rooms_here()
        room = rooms[day % len(rooms)] if options.room == "today" else options.room
        print(f"room: {room}", file=sys.stderr)
        files = [name for name in files if room_of(name) == room]
        options.tests = re.compile(ROOMS[room][1])
    if not files:
        sys.exit(f"semantic.py: room {room} has nothing of {' '.join(options.paths)}; that is in {room_of(source_files(options.paths)[0])}")
    build = Build(folder, files, options.jobs, options.tests or re.compile(""))
    outcomes = known.Outcomes(folder / "outcomes.json", TOP, source_files([]))
    last = outcomes.of
    mutants = [m for m in build.mutants.values() if m.key() not in build.refused and options.only in m.key()]
    everything = mutants
    if not mutants:
        sys.exit(f"semantic.py: no mutant of these files has a line with '{options.only}'; --list shows the lines")
    if options.survivors and not any(m.key() in last for m in mutants):
        sys.exit("semantic.py: none of these was tried before, so there are no survivors; leave --survivors out")
    if options.survivors or options.rest:
        mutants = [m for m in mutants if (options.survivors if m.key() in last else options.rest)
                   and last.get(m.key()) != "killed"]
    # At random also where all are tried: what is found out by then is true of all.
    chance = random.Random(day)
    mutants = chance.sample(mutants, min(options.sample or len(mutants), len(mutants)))
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as of a `head` that has seen enough
        print(*(f"{m.line:4} {m.key()}" for m in sorted(mutants, key=lambda m: m.number)), sep="\n")
        idle = known.Explanations().idle([m.key() for m in build.mutants.values()]) if len(files) == len(source_files([])) else []
        for line in idle:
            print(f"explained.txt: no mutant is {line}", file=sys.stderr)
        return 1 if idle else 0
    tests = []
    if options.sample:  # a copy that holds no others is built sooner
        build.written = {m.number for m in mutants}
    if mutants:
        print(f"building for {len(mutants)} mutants", file=sys.stderr, flush=True)
        build.make()
        mutants = [m for m in mutants if m.key() not in build.refused]
        print(f"built after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        tests = known.observed(build, max(build.mutants), options.jobs, folder / "seen.json")
        print(f"{len(tests)} tests observed after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    else:
        print("none of these mutants is left to try", file=sys.stderr, flush=True)
    reached = collections.defaultdict(list)
    for test in tests:
        for number in test.seen:
            reached[number].append(test)

    explained = known.Explanations()

    end = time.monotonic() + options.minutes * 60

    def attempt(mutant):
        if time.monotonic() > end:
            return mutant, "not tried", ""
        if last.get(mutant.key(), "killed") != "killed" and explained(mutant.key()):
            return mutant, "explained", "survived the last time"
        if mutant.number not in reached:
            return mutant, "explained" if explained(mutant.key()) else "unreached", "no test comes by it"
        noticed = trials.killer(mutant.number, reached[mutant.number], options.budget)
        if noticed:
            return mutant, "killed", noticed
        those = sorted({str(test.program.relative_to(build.build)) for test in reached[mutant.number]})
        why = f"WEIR_MUTANT={mutant.number}; {len(reached[mutant.number])} tests come by it, in {', '.join(those)}"
        return mutant, "explained" if explained(mutant.key()) else "survived", why

    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        trying = [pool.submit(attempt, mutant) for mutant in mutants]
        try:
            for done in concurrent.futures.as_completed(trying):
                mutant, outcome, why = done.result()
                if outcome == "not tried":
                    continue
                results.append((mutant, outcome, why))
                last[mutant.key()] = outcome
                if outcome not in ("killed", "explained"):
                    print(f"{outcome:9} {mutant.file}:{mutant.line}: {mutant.key().split(': ', 1)[1]}  ({why})", flush=True)
                if len(results) % 10 == 0:
                    outcomes.save()
                if len(results) % 100 == 0:
                    print(f"{len(results)} of {len(mutants)} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            end = 0
            print("\nstopping, when the mutants that are being tried have ended", file=sys.stderr, flush=True)
    outcomes.save()
    tried = len(results)
    noticed = sum(outcome in ("killed", "explained") for _, outcome, _ in results)
    if options.survivors or options.rest:
        now = {mutant.key() for mutant, _, _ in results}
        results += [(m, last[m.key()], "") for m in everything
                    if m.key() in last and m.key() not in now and m.key() not in build.refused]
    for titles, of in (("file", lambda m: m.file), ("kind", lambda m: m.kind), ("part", known.part_of)):
        print("\n" + known.table(results, titles, of))
    count = collections.Counter(outcome for _, outcome, _ in results)
    if tried < len(mutants):
        print(f"\n{len(mutants) - tried} of {len(mutants)} were not tried, since the run was stopped; --rest tries them")
    print(f"\nmutants {len(results)}, killed {count['killed']}, explained {count['explained']}, survived {count['survived']}, "
          f"unreached {count['unreached']}; {build.refused_here()} more do not compile; {time.monotonic() - began:.0f} s")
    if count["survived"] or count["unreached"]:
        print("Those that survived or were not reached need a test that fails with them, or an argument in test/mutation/explained.txt "
              "why none should.\nTo see what one does: WEIR_MUTANT=NUMBER build/mutants/build/PROGRAM [--gtest_filter=TEST]. "
              "Then try again with --survivors.")
    if tried == 0 and not (options.survivors or options.rest):
        return 1
    if options.sample:
        return 0 if 100 * noticed >= options.least * tried else 1
    return 1 if count["survived"] or count["unreached"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("semantic.py: interrupted before a mutant was tried")
