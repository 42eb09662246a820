#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes one header of weir's.

    cmake/amalgamate.py [--stubs FOLDER] OUT

OUT has the rings, waiting, select, overflow policies, the credit gate, messages, broadcast, latest values, handles, statistics,
stop tokens and coroutines, and what they are made of, each once and after what it needs. It needs the standard library alone. With --stubs, FOLDER gets a
header of every name that weir/... had, which includes OUT: so programs that were written for the many can be built with the one.
"""
import argparse
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
DOORS = ["ring", "pull", "wait", "overflow", "credit_gate", "message_ring", "messages", "overflow_messages", "broadcast_ring",
         "latest", "handles", "stats", "stats_text", "clock", "histogram", "histogram_text", "stop", "select",
         "await", "std_queue"]
OWN = re.compile(r'^#include [<"](weir/[^>"]+)[>"]')
STANDARD = re.compile(r"^#include <([^/>]+)>")
# A header that needs what a library may lack refuses it; in the one header its part is left out instead.
REFUSAL = re.compile(r"^#if !defined\((\w+)\)\n#error(?:.*\\\n)*.*\n#else\n", re.MULTILINE)


class Header:
    def __init__(self, name):
        self.needs, self.standard = [], []
        text = REFUSAL.sub(r"#if defined(\1)\n", (INCLUDE / name).read_text())
        body, depth = [], 0
        for line in text.splitlines():
            own, standard = OWN.match(line), STANDARD.match(line)
            depth += line.startswith("#if") - line.startswith("#endif")
            if own:
                self.needs.append(own.group(1))
            elif standard and depth == 0:
                self.standard.append(standard.group(1))
            elif line != "#pragma once" and not line.startswith("// SPDX-License-Identifier"):
                body.append(line)
        self.body = re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip("\n")


def in_order(names):
    """The headers and all that they need, each after what it needs."""
    done = {}

    def visit(name):
        if name in done:
            return
        header = Header(name)
        done[name] = None  # a cycle would be a mistake that the compiler finds
        for needed in header.needs:
            visit(needed)
        done.pop(name)
        done[name] = header

    for name in names:
        visit(name)
    return done


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--stubs", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    options = arguments.parse_args()

    headers = in_order([f"weir/{door}.hpp" for door in DOORS])
    licence = (INCLUDE.parent / "LICENSE").read_text().strip().splitlines()
    standard = sorted({name for header in headers.values() for name in header.standard})
    parts = ["// SPDX-License-Identifier: MIT", "//", "// weir in one header: made by cmake/amalgamate.py from include/weir; change those.",
             "//", *(f"// {line}".rstrip() for line in licence), "#pragma once", "", *(f"#include <{name}>" for name in standard), ""]
    for name, header in headers.items():
        parts += [f"// ---- {name} " + "-" * max(4, 110 - len(name)), "", header.body, ""]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(parts))

    if options.stubs:
        one = options.out.resolve()
        for name in headers:
            stub = options.stubs / name
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text(f'#include "{one}"\n')
    print(f"{options.out}: {len(headers)} headers, {len(options.out.read_text().splitlines())} lines", file=sys.stderr)


if __name__ == "__main__":
    main()
