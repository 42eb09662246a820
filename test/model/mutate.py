#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are the memory orders needed, and would the model programs notice if one were missing?

Changes the headers in one place at a time and runs the model programs, which must fail: weakens each memory order by one
step, takes each fence away, and applies each change of mutants.txt. A change that no program notices survives. Then the
code is stronger than it need be, or a scenario is missing, or it is explained in explained.txt.

All weaker orders and missing fences are compiled at once, and an environment variable chooses one; for each change of
mutants.txt the programs are compiled anew.

Prints a table, and last `mutants N, killed N, explained N, survived N`. Fails if a mutant survived, if a change of
mutants.txt does not apply exactly once, or if an explanation fits no survivor.
"""
import argparse
import collections
import concurrent.futures
import filecmp
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mutation"))
import argument_kinds as kinds  # noqa: E402

INCLUDE = HERE.parent.parent / "include"
COMPILE = ["g++", "-std=c++20", "-O1", "-w"]
# For programs that play briefly: a third of the time to compile.
COMPILE_QUICKLY = ["clang++-14", "-std=c++20", "-O0", "-w"] if shutil.which("clang++-14") else COMPILE
# Random schedules find mistakes sooner than exhaustive search, most of the time. A few find most; what they let live gets
# many, and then the exhaustive ones, without the dearest step.
SEARCHES = [["--switches", "0", "--scale", "0.03"], ["--switches", "0", "--scale", "0.5"], ["--scale", "0"]]
HANG_S = 300

STEPS = {"acq_rel": ["acquire", "release"], "acquire": ["relaxed"], "release": ["relaxed"]}
OPERATION = re.compile(r"\.(load|store|exchange|fetch_\w+|compare_exchange_\w+)\(")
ORDER = re.compile(r"\b(?:weir::)?detail::(acquire|release|acq_rel|seq_cst)\b|(?<=[ (,])(acquire|release|acq_rel|seq_cst)(?=[,)])")
FENCE = re.compile(r"\b(?:weir::)?(?:detail::)?(light_fence|heavy_fence)\(\)(?=;)")
CHOICE = """#pragma once
namespace weir_mutant {
extern const int chosen;
inline bool on(int number) noexcept { return number == chosen; }
}
"""
CHOOSER = """#include <cstdlib>
#include "weir_mutant.hpp"
namespace weir_mutant {
const int chosen = [] {
    const char* const number = std::getenv("WEIR_MUTANT");
    return number ? std::atoi(number) : -1;
}();
}
"""


class Mutant:
    def __init__(self, file, text, begin, end, new, what, number=None):
        """`number`: among those that are compiled at once."""
        self.file, self.what, self.number = file, what, number
        self.begin, self.end, self.new = begin, end, new
        self.mutated = text[:begin] + new + text[end:]
        self.line = text.count("\n", 0, begin) + 1
        self.code = text.splitlines()[self.line - 1].split("//")[0].strip()

    def __str__(self):
        return f"{self.file}:{self.line}  {self.what}"


def weaker(order, operation):
    if order != "seq_cst":
        return STEPS[order]
    return {"load": ["acquire"], "store": ["release"]}.get(operation, ["acq_rel"])


def order_mutants(file, text, numbers):
    # Comments keep their length, so that positions stay.
    code = re.sub(r"//.*", lambda m: " " * len(m.group()), text)
    for match in ORDER.finditer(code):
        operations = OPERATION.findall(code[:match.start()])
        statement = code[code.rfind(";", 0, match.start()):match.start()]
        if not OPERATION.search(statement):
            continue
        old = match.group(1) or match.group(2)
        for new in weaker(old, operations[-1]):
            yield Mutant(file, text, match.start(), match.end(), match.group().replace(old, new), f"{old} -> {new}",
                         next(numbers))
    for match in FENCE.finditer(code):
        yield Mutant(file, text, match.start(), match.end(), "(void)0", f"without {match.group(1)}()", next(numbers))


def write_choices(mutants, folder):
    """A copy of the headers in which all these changes are, and what chooses one of them; its object file."""
    shutil.copytree(INCLUDE, folder / "include")
    for file in {m.file for m in mutants}:
        path = folder / "include/weir" / file
        text = path.read_text()
        places = collections.defaultdict(list)
        for mutant in mutants:
            if mutant.file == file:
                places[mutant.begin, mutant.end].append(mutant)
        for (begin, end), here in sorted(places.items(), reverse=True):
            chosen = "".join(f"::weir_mutant::on({m.number}) ? {m.new} : " for m in here)
            text = f"{text[:begin]}({chosen}{text[begin:end]}){text[end:]}"
        path.write_text(text)
    (folder / "include/weir_mutant.hpp").write_text(CHOICE)
    source = folder / "weir_mutant.cpp"
    source.write_text(CHOOSER)
    made = run([*COMPILE, f"-I{folder / 'include'}", "-c", str(source), "-o", str(source.with_suffix(".o"))])
    if made.returncode != 0:
        sys.exit(made.stderr)
    return str(source.with_suffix(".o"))


def listed_mutants(include):
    """mutants.txt: blocks of `file: what is wrong`, lines to find after `- `, lines to put there after `+ `."""
    for block in (HERE / "mutants.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        file, what = lines[0].split(": ", 1)
        old = "\n".join(line[2:] for line in lines if line.startswith("- "))
        new = "\n".join(line[2:] for line in lines if line.startswith("+ "))
        text = (include / "weir" / file).read_text()
        if text.count(old) != 1:
            sys.exit(f"mutants.txt: in {file}, \"{old}\" stands {text.count(old)} times; one is needed ({what})")
        begin = text.index(old)
        yield Mutant(file, text, begin, begin + len(old), new, what)


def explanations():
    """explained.txt: blocks of `file: mutation`, the line of code after `| `, and why."""
    found = {}
    for block in (HERE / "explained.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            file, what = lines[0].split(": ", 1)
            found[(file, what, lines[1].removeprefix("| ").strip())] = False
    return found


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def includes(program):
    """The shipped headers that a model program is made of."""
    made = run(COMPILE + flags(INCLUDE) + ["-MM", str(HERE / program)])
    if made.returncode != 0:
        sys.exit(made.stderr)
    return {match for match in re.findall(re.escape(str(INCLUDE / "weir")) + r"/(\S+)", made.stdout)}


def flags(include):
    # The names of files, as failures show them, are to be the same wherever the headers are.
    return [f"-I{HERE}", f"-I{HERE / 'shadow'}", f"-I{include}", f"-I{HERE.parent.parent}", f"-ffile-prefix-map={include}=include"]


def build(program, include, work, options=(), quickly=False):
    """The program's object file."""
    made = work / program.replace(".cpp", ".quick.o" if quickly else ".o")
    compiled = run([*(COMPILE_QUICKLY if quickly else COMPILE), *flags(include), *options, "-c", str(HERE / program), "-o", str(made)])
    if compiled.returncode != 0:
        sys.exit(f"{work.name}: {program} does not compile:\n{compiled.stderr}")
    return made


def checker_in(work):
    """The object files of the checker itself."""
    return [str(work / "model.o"), str(work / "run.o")]


def link(made, checker):
    binary = made.with_suffix("")
    linked = run(["g++", str(made), *checker, "-o", str(binary)])
    if linked.returncode != 0:
        sys.exit(linked.stderr)
    return binary


def noticed(program, binary, search, choice=None):
    """How the program fails with one mutant; None if it does not."""
    try:
        played = run([str(binary)] + search, timeout=HANG_S, env=os.environ | ({} if choice is None else {"WEIR_MUTANT": str(choice)}))
    except subprocess.TimeoutExpired:
        return f"{program}: plays for ever"
    if played.returncode == 2:  # wrong usage is no sign of a mutant
        sys.exit(f"{program} {' '.join(search)}: {played.stderr}")
    if played.returncode == 1:
        return program.replace("_model.cpp", ": ") + played.stdout.splitlines()[-1].removeprefix("FAILED ")
    return f"{program}: dies of {played.returncode}" if played.returncode != 0 else None


class Unchanged:
    """The programs without a mutant. They must pass whatever search notices one: else that shows nothing."""
    def __init__(self):
        self.lock = threading.Lock()
        self.passed = set()

    def must_pass(self, program, search, made, link=lambda made: made):
        with self.lock:
            if (made, *search) in self.passed:
                return
            if how := noticed(program, link(made), search):
                sys.exit(f"with no mutant, {how} ({' '.join(search)})")
            self.passed.add((made, *search))


def killed_by_choice(mutant, programs, binaries, searches, unchanged):
    """Which program noticed, and how; or None."""
    for search in searches:
        for program in programs:
            how = noticed(program, binaries[program], search, mutant.number)
            if how:
                unchanged.must_pass(program, search, binaries[program])
                return program, how
    return None


def killed_by_change(mutant, programs, work, searches, unchanged):
    """The same of a mutant that is compiled anew."""
    work.mkdir()
    include = work / "include"
    shutil.copytree(INCLUDE, include)
    (include / "weir" / mutant.file).write_text(mutant.mutated)
    binaries = {}
    try:
        for search in searches:
            quickly = search is SEARCHES[0]
            for program in programs:
                built = program, quickly
                if built not in binaries:
                    made = build(program, include, work, quickly=quickly)
                    # A program that does not use the changed line cannot notice.
                    same = filecmp.cmp(made, work.parent / made.name, shallow=False)
                    binaries[built] = None if same else link(made, checker_in(work.parent))
                how = binaries[built] and noticed(program, binaries[built], search)
                if how:
                    made = work.parent / f"{binaries[built].name}.o"
                    unchanged.must_pass(program, search, made, lambda made: link(made, checker_in(work.parent)))
                    return program, how
        return None
    finally:
        shutil.rmtree(work)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--jobs", type=kinds.number(int, 1, 1024), default=2,
                           help="how much to compile and try at a time (2; ./dev mutate: as much as there are CPUs)")
    arguments.add_argument("--only", type=kinds.regex, default=re.compile(""), metavar="REGEX",
                           help="mutants whose line in the list this regular expression finds")
    arguments.add_argument("--part", type=kinds.part, default=(1, 1), metavar="K/N", help="the K-th of N parts of the list alone")
    arguments.add_argument("--list", action="store_true", help="show the mutants, try none")
    options = arguments.parse_args()

    # The smallest first: it finds most of what is common to all.
    programs = sorted((path.name for path in HERE.glob("*_model.cpp")), key=lambda name: (name != "spsc_model.cpp", name))
    with tempfile.TemporaryDirectory(prefix="weir-mutate-") as folder:
        top = pathlib.Path(folder)
        made_of = {program: includes(program) for program in programs}
        mutants = []
        numbers = itertools.count()
        for file in sorted(set().union(*made_of.values())):
            mutants += order_mutants(file, (INCLUDE / "weir" / file).read_text(), numbers)
        mutants += listed_mutants(INCLUDE)
        part, parts = options.part
        mutants = mutants[(part - 1) * len(mutants) // parts:part * len(mutants) // parts]
        mutants = [m for m in mutants if options.only.search(str(m))]
        if not mutants:
            sys.exit(f"mutate.py: no mutant's line in this part fits '{options.only.pattern}'; --list shows the lines")
        if options.list:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as of a `head` that has seen enough
            print(*mutants, sep="\n")
            return 0

        for made_of_checker in checker_in(top):
            name = pathlib.Path(made_of_checker).with_suffix(".cpp").name
            made = run(COMPILE + ["-O2", "-c", str(HERE / name), "-o", made_of_checker])
            if made.returncode != 0:
                sys.exit(made.stderr)
        at_once = [m for m in mutants if m.number is not None]
        chooser = write_choices(at_once, top / "choices")

        def build_choice(program):
            made = build(program, top / "choices/include", top / "choices", ["-include", "weir_mutant.hpp"])
            return link(made, [chooser, *checker_in(top)])

        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            changed = {m.file for m in mutants if m.number is None}
            plain = [pool.submit(build, program, INCLUDE, top, quickly=quickly)
                     for program in programs if changed & made_of[program] for quickly in (True, False)]
            chosen = {m.file for m in at_once}
            fitting = [program for program in programs if chosen & made_of[program]]
            binaries = dict(zip(fitting, pool.map(build_choice, fitting)))
            for made in plain:
                made.result()
        explained = explanations()
        unchanged = Unchanged()
        count = {"killed": 0, "explained": 0, "survived": 0}
        kills = collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            def attempt(numbered):
                number, mutant = numbered
                fitting = [program for program in programs if mutant.file in made_of[program]]
                # Each takes seconds to compile. Who noticed mistakes in this file before is likely to again.
                fitting.sort(key=lambda program: -kills[mutant.file, program])
                # What is argued to survive gets the quick search alone: that shows an argument that has become wrong.
                argued = (mutant.file, mutant.what, mutant.code) in explained
                searches = SEARCHES[:1] if argued else SEARCHES
                if mutant.number is not None:
                    killer = killed_by_choice(mutant, fitting, binaries, searches, unchanged)
                else:
                    killer = killed_by_change(mutant, fitting, top / f"mutant-{number}", searches, unchanged)
                if killer:
                    kills[mutant.file, killer[0]] += 1
                return mutant, killer and killer[1]

            for mutant, killer in pool.map(attempt, enumerate(mutants)):
                key = (mutant.file, mutant.what, mutant.code)
                if killer:
                    outcome, why = "killed", killer
                elif key in explained:
                    outcome, why = "explained", ""
                    explained[key] = True
                else:
                    outcome, why = "survived", mutant.code
                count[outcome] += 1
                print(f"{str(mutant):72} {outcome:9} {why}", flush=True)
    idle = [key for key, used in explained.items() if not used and not options.only.pattern and parts == 1]
    for file, what, code in idle:
        print(f"explained.txt explains what did not survive: {file}: {what} | {code}")
    print(f"mutants {len(mutants)}, killed {count['killed']}, explained {count['explained']}, survived {count['survived']}")
    return 1 if count["survived"] or idle else 0


if __name__ == "__main__":
    sys.exit(main())
