# SPDX-License-Identifier: MIT
"""Shows weir's rings in GDB, in a live process and in a core file:

    (gdb) source .../weir_gdb.py
    (gdb) print ring
    $1 = weir::spsc_ring, 3 of 4 items, open, 1 producer waits = {7, 8, 9}

What is shown of each is in weir_rings.py, which lies beside this file.
"""
import importlib
import os
import sys

import gdb
import gdb.printing

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import weir_rings  # noqa: E402

importlib.reload(weir_rings)  # this file was sourced again
del sys.path[0]


class View:
    """A value, as weir_rings.py wants it."""

    def __init__(self, value):
        if value.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            value = value.referenced_value()
        self.value = value
        self.type = value.type.strip_typedefs().unqualified()

    def type_name(self):
        return self.type.tag or self.type.name or str(self.type)

    def member(self, name):
        if self.value.is_optimized_out:
            raise weir_rings.CannotRead("optimised out")
        try:
            return View(self.value[name])
        except gdb.error as error:
            raise weir_rings.CannotRead("%s, of %s" % (str(error).rstrip("."), self.type_name()))

    def has(self, name):
        try:
            self.value[name]
            return True
        except gdb.error:
            return False

    def plain(self):
        """The number in a std::atomic: the first thing in it."""
        value = self.value
        while value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
            fields = [field for field in value.type.strip_typedefs().fields() if hasattr(field, "bitpos")]
            if not fields:
                raise weir_rings.CannotRead("%s has no members" % self.type_name())
            value = value[fields[0]]
        return value

    def integer(self):
        value = self.plain()
        try:
            return int(value) % (1 << 8 * value.type.sizeof)
        except gdb.error as error:
            raise weir_rings.CannotRead(str(error))

    def bits(self):
        return 8 * self.plain().type.sizeof

    def address(self):
        if self.value.address is None:
            raise weir_rings.CannotRead("it is not in memory")
        return int(self.value.address)

    def pointee(self, i):
        return View((self.value + i).dereference())

    def element(self, i):
        return View(self.value[i])

    def elements(self):
        first, last = self.type.range()
        return last - first + 1

    def type_argument(self, i):
        return str(self.type.template_argument(i).strip_typedefs())

    def argument_at(self, address, n):
        first = gdb.Value(address).cast(self.type.template_argument(0).pointer())
        return View((first + n).dereference())

    def bytes_at(self, address, n):
        array = gdb.lookup_type("unsigned char").array(0, n - 1)
        return View(gdb.Value(address).cast(array.pointer()).dereference())


class Printer:
    def __init__(self, value):
        try:
            self.contents = weir_rings.contents_of(View(value))
        except Exception as error:
            self.contents = weir_rings.Contents(weir_rings.as_text(error))

    def to_string(self):
        return self.contents.summary

    def children(self):
        for i in range(self.contents.count):
            name, item = weir_rings.item_of(self.contents, i)
            yield name, item if isinstance(item, str) else item.value

    def display_hint(self):
        return "array" if self.contents.is_array else None


def register():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("weir")
    for name in [*weir_rings.TEMPLATES, *weir_rings.CLASSES]:
        printers.add_printer(name, weir_rings.pattern_of(name), Printer)
    gdb.printing.register_pretty_printer(None, printers, replace=True)


register()
