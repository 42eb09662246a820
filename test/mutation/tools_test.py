#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the tools that try mutants tell a test that noticed from a machine that is busy, and today's results from older ones?"""
import pathlib
import re
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "model")]
import mutate
import outcomes
import trials

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

class Trials(unittest.TestCase):
    """With programs that are shell scripts, which take the place of tests."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-tools-test-")
        self.addCleanup(self.folder.cleanup)

    def killer_of_7(self, script):
        program = pathlib.Path(self.folder.name) / "some_test"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return trials.killer(7, [trials.Test(program, "suite.name", 0.01)], 15)

    def test_a_test_that_fails_notices(self):
        self.assertEqual(self.killer_of_7('[ "$WEIR_MUTANT" != 7 ]'), "some_test: suite.name")

    def test_a_test_that_passes_does_not(self):
        self.assertIsNone(self.killer_of_7("exit 0"))

    def test_a_test_that_dies_notices(self):
        self.assertEqual(self.killer_of_7('kill -9 $$'), "some_test: suite.name (dies of -9)")

    def test_a_test_that_never_ends_notices(self):
        self.assertEqual(self.killer_of_7('[ "$WEIR_MUTANT" != 7 ] || sleep 60'), "some_test: suite.name (plays for ever)")

    def test_a_test_that_is_as_slow_unchanged_does_not(self):
        self.assertIsNone(self.killer_of_7("sleep 60"))


class Models(unittest.TestCase):
    """With shell scripts in place of model programs."""

    def program(self, script):
        folder = tempfile.TemporaryDirectory(prefix="weir-tools-test-")
        self.addCleanup(folder.cleanup)
        made = pathlib.Path(folder.name) / "some_model"
        made.write_text(f"#!/bin/sh\n{script}\n")
        made.chmod(0o755)
        return made

    def killer_of_7(self, script):
        mutant = mutate.Mutant("a.hpp", "int a;\n", 0, 3, "long", "int -> long", 7)
        return mutate.killed_by_choice(mutant, ["some_model.cpp"], {"some_model.cpp": self.program(script)}, [["--scale", "0"]],
                                       mutate.Unchanged())

    def test_a_program_that_fails_notices(self):
        self.assertEqual(self.killer_of_7('[ "$WEIR_MUTANT" != 7 ] || { echo FAILED wait; exit 1; }'), ("some_model.cpp", "some: wait"))

    def test_a_program_that_passes_does_not(self):
        self.assertIsNone(self.killer_of_7("exit 0"))

    def test_a_program_that_fails_unchanged_ends_the_run(self):
        with self.assertRaisesRegex(SystemExit, "with no mutant, some: wait"):
            self.killer_of_7("echo FAILED wait; exit 1")

    def test_a_wrong_usage_ends_the_run(self):
        with self.assertRaisesRegex(SystemExit, "no such option"):
            self.killer_of_7("echo no such option >&2; exit 2")


class Outcomes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-tools-test-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        (self.top / "a.hpp").write_text("int a = 1;\n")
        (self.top / "b.hpp").write_text("int b = 1;\n")
        first = self.read()
        first.of = {"a.hpp: constant: 1 -> 2 | int a = 1; #1": "killed", "b.hpp: constant: 1 -> 2 | int b = 1; #1": "survived"}
        first.save()

    def read(self):
        return outcomes.Outcomes(self.top / "outcomes.json", self.top, ["a.hpp", "b.hpp"])

    def test_last_as_long_as_their_file(self):
        self.assertEqual(len(self.read().of), 2)
        (self.top / "a.hpp").write_text("int a = 1; // another\n")
        self.assertEqual(list(self.read().of.values()), ["survived"])


class Explanations(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory(prefix="weir-tools-test-") as folder:
            path = pathlib.Path(folder) / "explained.txt"
            path.write_text(text)
            return outcomes.Explanations(path)

    def test_are_of_the_lines_above_the_argument(self):
        explained = self.read("# How to\n\nsrc/a.cpp: constant: * | int a = *; #1\nsrc/b.cpp: * | b();*\nIt is: | not used.\n")
        self.assertTrue(explained("src/a.cpp: constant: 1 -> 2 | int a = 1; #1"))
        self.assertTrue(explained("src/b.cpp: call: without b() | b(); #2"))
        self.assertFalse(explained("src/a.cpp: constant: 1 -> 2 | int a = 1; #12"))
        self.assertFalse(explained("src/a.cpp: swap: (a, b) swapped | int a = 1; #1"))
        self.assertEqual(explained.idle(["src/b.cpp: call: without b() | b(); #1"]), ["src/a.cpp: constant: * | int a = *; #1"])

    def test_are_of_code_that_is_there(self):
        """Without libclang: whether the line of code stands in the file. semantic.py --list says whether there is such a mutant."""
        gone = [line for line in outcomes.Explanations().patterns if not self.stands(line)]
        self.assertEqual(gone, [], "lines of explained.txt about code that is no more: change or remove them")

    def test_end_in_a_number_or_a_star(self):
        """As every mutant does: others would fit none."""
        self.assertEqual([line for line in outcomes.Explanations().patterns if not re.search(r"( #\d+|\*)$", line)], [])

    def stands(self, line):
        file, rest = line.split(": ", 1)
        code = re.sub(r" #(\d+|\*)$", "", rest.rsplit(" | ", 1)[1]) if " | " in rest else ""
        pattern = re.compile(re.escape(code).replace(r"\*", ".*"))
        return any(pattern.search(one) for path in TOP.glob(file) for one in path.read_text().splitlines())


if __name__ == "__main__":
    unittest.main()
