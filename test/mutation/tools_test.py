#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the tools that try mutants tell a test that noticed from a machine that is busy, and today's results from older ones?"""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import outcomes
import trials


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


if __name__ == "__main__":
    unittest.main()
