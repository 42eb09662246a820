# SPDX-License-Identifier: MIT
"""Shows weir's rings in LLDB, in a live process and in a core file:

    (lldb) command script import .../weir_lldb.py
    (lldb) frame variable ring
    (weir::spsc_ring<int>) ring = weir::spsc_ring, 3 of 4 items, open, 1 producer waits {
      [0] = 7
      [1] = 8
      [2] = 9
    }

What is shown of each is in weir_rings.py, which lies beside this file.
"""
import os
import sys

import lldb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import weir_rings  # noqa: E402

del sys.path[0]


class View:
    """A value, as weir_rings.py wants it."""

    def __init__(self, value):
        self.value = value.GetNonSyntheticValue()
        self.type = self.value.GetType().GetCanonicalType().GetUnqualifiedType()
        if self.type.IsReferenceType():
            self.value = self.value.Dereference().GetNonSyntheticValue()
            self.type = self.value.GetType().GetCanonicalType().GetUnqualifiedType()

    def type_name(self):
        return self.type.GetName() or ""

    def member(self, name):
        found = self.value.GetChildMemberWithName(name)
        if not found.IsValid():
            raise weir_rings.CannotRead("There is no member named %s, of %s" % (name, self.type_name()))
        if found.GetError().Fail():
            raise weir_rings.CannotRead(found.GetError().GetCString())
        return View(found)

    def has(self, name):
        return self.value.GetChildMemberWithName(name).IsValid()

    def integer(self):
        error = lldb.SBError()
        data = self.value.GetData()
        found = data.ReadRawData(error, 0, self.type.GetByteSize())
        if error.Fail() or found is None:
            reason = self.value.GetError().GetCString() or error.GetCString() or "no data"
            raise weir_rings.CannotRead(reason)
        return int.from_bytes(found, "little")

    def bits(self):
        return 8 * self.type.GetByteSize()

    def address(self):
        address = self.value.GetLoadAddress()
        if address == lldb.LLDB_INVALID_ADDRESS:
            raise weir_rings.CannotRead("it is not in memory")
        return address

    def at(self, address, of_type):
        return View(self.value.CreateValueFromAddress("value", address, of_type))

    def pointee(self, i):
        of_type = self.type.GetPointeeType()
        return self.at(self.integer() + i * of_type.GetByteSize(), of_type)

    def element(self, i):
        of_type = self.type.GetArrayElementType()
        return self.at(self.address() + i * of_type.GetByteSize(), of_type)

    def elements(self):
        return self.type.GetByteSize() // self.type.GetArrayElementType().GetByteSize()

    def argument(self, i):
        found = self.type.GetTemplateArgumentType(i)
        if not found.IsValid():
            raise weir_rings.CannotRead("%s has no template argument %d" % (self.type_name(), i))
        return found

    def type_argument(self, i):
        return self.argument(i).GetCanonicalType().GetName()

    def argument_at(self, address, n):
        of_type = self.argument(0)
        return self.at(address + n * of_type.GetByteSize(), of_type)

    def bytes_at(self, address, n):
        byte = self.value.GetTarget().GetBasicType(lldb.eBasicTypeUnsignedChar)
        return self.at(address, byte.GetArrayType(n))


def contents_of(value):
    """Of a ring, or of a pointer to one."""
    try:
        if value.GetType().GetCanonicalType().IsPointerType():
            value = value.Dereference()
        return weir_rings.contents_of(View(value))
    except Exception as error:
        return weir_rings.Contents(weir_rings.as_text(error))


def summary(value, _):
    return contents_of(value).summary


class Children:
    def __init__(self, value, _):
        self.value = value
        self.contents = weir_rings.Contents("")

    def update(self):
        self.contents = contents_of(self.value)
        return False

    def has_children(self):
        return self.contents.count > 0

    def num_children(self):
        return self.contents.count

    def get_child_index(self, name):
        digits = name.partition("[")[2].partition("]")[0]
        return int(digits) if digits.isdigit() else 0 if name == "value" else -1

    def get_child_at_index(self, i):
        if not 0 <= i < self.contents.count:
            return None
        name, item = weir_rings.item_of(self.contents, i)
        if not isinstance(item, str):
            return item.value.CreateValueFromAddress(name, item.address(), item.value.GetType())
        text = item.encode() + b"\0"
        target = self.value.GetTarget()
        data = lldb.SBData()
        data.SetData(lldb.SBError(), text, target.GetByteOrder(), target.GetAddressByteSize())
        kind = target.GetBasicType(lldb.eBasicTypeChar).GetArrayType(len(text))
        return self.value.CreateValueFromData(name, data, kind)


def __lldb_init_module(debugger, _):
    summary_of = 'type summary add --category weir %s --regex "%s" --python-function ' + __name__ + ".summary"
    children_of = 'type synthetic add --category weir --regex "%s" --python-class ' + __name__ + ".Children"
    for name in weir_rings.TEMPLATES:
        debugger.HandleCommand(summary_of % ("--expand", weir_rings.pattern_of(name)))
        debugger.HandleCommand(children_of % weir_rings.pattern_of(name))
    for name in weir_rings.CLASSES:
        debugger.HandleCommand(summary_of % ("", weir_rings.pattern_of(name)))
    debugger.HandleCommand("type category enable weir")
