# SPDX-License-Identifier: MIT
"""Kinds of arguments of the two programs that make mutants; each refuses what cannot be with a sentence."""
import argparse
import math
import re


def number(kind, least, most=math.inf):
    """A number of that kind, int or float, from `least` to `most`."""
    what = "a whole number" if kind is int else "a number"
    bounds = f"of at least {least}" if most == math.inf else f"from {least} to {most}"

    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{what} {bounds} is needed, not '{text}'")
        return value
    return read


def regex(text):
    try:
        return re.compile(text)
    except re.error as wrong:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {wrong}") from None


def part(text):
    """K/N as a pair."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if not match or not 1 <= int(match.group(1)) <= int(match.group(2)):
        raise argparse.ArgumentTypeError(f"K/N with K from 1 to N is needed, as in 2/8, not '{text}'")
    return int(match.group(1)), int(match.group(2))
