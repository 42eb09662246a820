#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of packaging/ and meson.build, as far as this can be checked without the tools that read them: their syntax, the
version of CMakeLists.txt, and every file and option of weir's that they name."""
import ast
import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
wrong = []


def check(holds, sentence):
    if not holds:
        wrong.append(sentence)


cmake = (TOP / "CMakeLists.txt").read_text()
version = re.search(r"^  VERSION (\S+)$", cmake, re.M).group(1)
description = re.search(r'^  DESCRIPTION "(.*)"$', cmake, re.M).group(1)
options = set(re.findall(r"^option\((WEIR_\w+)", cmake, re.M))

port = json.loads((TOP / "packaging/vcpkg/weir/vcpkg.json").read_text())
check(port["version"] == version, f"vcpkg.json has version {port['version']}, not {version}")
check(port["description"] == description, "vcpkg.json has another description than CMakeLists.txt")

recipe_file = TOP / "packaging/conan/conanfile.py"
tree = ast.parse(recipe_file.read_text(), str(recipe_file))
[recipe] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
values = {node.targets[0].id: ast.literal_eval(node.value) for node in recipe.body if isinstance(node, ast.Assign)}
check(values["version"] == version, f"conanfile.py has version {values['version']}, not {version}")
check(values["description"] == description, "conanfile.py has another description than CMakeLists.txt")
check(values["options"].keys() == values["default_options"].keys(), "conanfile.py has options without a default")
[exported] = [ast.literal_eval(node.iter) for node in ast.walk(recipe) if isinstance(node, ast.For)]
for pattern in exported:
    check(any(TOP.glob(pattern)), f"conanfile.py exports {pattern}, which names no file")

meson = (TOP / "meson.build").read_text()
check(f"version: '{version}'" in meson, f"meson.build has another version than {version}")
check(description in meson, "meson.build has another description than CMakeLists.txt")

portfile = (TOP / "packaging/vcpkg/weir/portfile.cmake").read_text()
for name in re.findall(r"WEIR_BUILD_\w+", portfile + recipe_file.read_text()):
    check(name in options, f"a recipe sets {name}, which CMakeLists.txt does not have")

sys.exit("\n".join(wrong) or None)
