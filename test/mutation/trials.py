# SPDX-License-Identifier: MIT
"""Runs tests with one mutant chosen: which tests come by which mutants, and which of these tests notice."""
import dataclasses
import mmap
import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import time

# Tests are repeated for fewer rounds: what is wrong in every execution is wrong in the first.
QUICKER = {"WEIR_FEWER_ROUNDS": "20", "RC_PARAMS": "max_success=30", "WEIR_SOAK_ROUNDS": "300"}
# Where Debian has servers, which is not in every user's PATH.
SERVERS = {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin"}
# A batch of tests that takes this many times as long as it did unchanged, and so many seconds more, plays for ever.
SLOWER, SLOWER_S = 5, 2
MEMORY_BYTES = 8 << 30  # for mutants that never cease to allocate
BATCHES_S = [0.3, 1.5, 6]
LONGEST_S = 20  # a test that takes longer alone is not used


@dataclasses.dataclass
class Test:
    program: pathlib.Path
    name: str  # as --gtest_filter takes it; "" for a model program
    seconds: float = 0.0
    seen: frozenset = frozenset()
    kills: int = 0

    def __str__(self):
        return f"{self.program.name}{': ' if self.name else ''}{self.name}"


def start(command, environment, cwd):
    """Again and again where there is no room for a process: a mutant may start very many."""
    with open(os.devnull, "r+b") as nothing:
        for _ in range(60):
            try:
                return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, cwd=cwd,
                                        start_new_session=True, env=os.environ | QUICKER | SERVERS | environment)
            except BlockingIOError:
                time.sleep(1)
    raise SystemExit("trials.py: no process can be started: too many are running; end those that a mutant left behind")


def run(command, environment, seconds, cwd):
    """Its exit code; None if it takes longer. What it started ends with it."""
    process = start(command, environment, cwd)
    try:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except ProcessLookupError:
        pass  # it has ended already
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def command_for(program, names):
    if program.name.endswith("_model"):
        return [str(program), "--switches", "0", "--scale", "0.24"]
    return [str(program), "--gtest_brief=1", "--gtest_fail_fast", "--gtest_filter=" + ":".join(names)]


def tests_of(program):
    """Every test of the program, by name."""
    if program.name.endswith("_model"):
        return [Test(program, "")]
    listed = subprocess.run([str(program), "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    tests, suite = [], ""
    for line in listed.splitlines():
        name = line.split("#")[0].rstrip()
        if not line.startswith(" "):
            suite = name if name.endswith(".") else suite
        elif not name.strip().startswith("DISABLED_"):
            tests.append(Test(program, suite + name.strip()))
    return tests


def observe(test, count):
    """Runs the test unchanged, and notes how long it takes and by which mutants it comes. False if it fails or takes too long."""
    with tempfile.TemporaryDirectory(prefix="weir-seen-") as folder:
        path = pathlib.Path(folder) / "seen"
        path.write_bytes(bytes(count + 1))
        began = time.monotonic()
        code = run(command_for(test.program, [test.name]), {"WEIR_MUTANTS_SEEN": str(path)}, LONGEST_S, folder)
        test.seconds = time.monotonic() - began
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as seen:
            test.seen = frozenset(i for i, one in enumerate(bytes(seen)) if one)
    return code == 0


def batches(tests, budget):
    """Lists of tests of one program each, quickest first, those that have noticed much before earlier; `budget` seconds in all."""
    rest = sorted(tests, key=lambda test: test.seconds / (1 + test.kills))
    spent, at = 0.0, 0
    for most in [*BATCHES_S, budget]:
        programs = {}
        while at < len(rest) and (spent + rest[at].seconds <= most or spent == 0):
            programs.setdefault(rest[at].program, []).append(rest[at])
            spent += rest[at].seconds
            at += 1
        yield from programs.values()


def killer(number, tests, budget):
    """Which test notices the mutant, as text; None if none does within `budget` seconds."""
    with tempfile.TemporaryDirectory(prefix="weir-mutant-") as folder:
        for batch in batches(tests, budget):
            seconds = sum(test.seconds for test in batch)
            command, patience = command_for(batch[0].program, [test.name for test in batch]), SLOWER * seconds + SLOWER_S
            code = run(command, {"WEIR_MUTANT": str(number)}, patience, folder)
            if code == 0 or (code is None and run(command, {}, patience, folder) is None):
                continue  # or the machine is busy just now: that takes as long unchanged
            for test in batch:
                test.kills += 1 / len(batch)
            one = batch[0] if len(batch) == 1 else f"{batch[0].program.name}: one of {len(batch)}"
            return f"{one}{' (plays for ever)' if code is None else f' (dies of {code})' if code < 0 else ''}"
    return None
