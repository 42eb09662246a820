# SPDX-License-Identifier: MIT
"""What weir's rings hold, read by the names of their members: the part that weir_gdb.py and weir_lldb.py share.

A debugger gives each value as a View, with these functions; each raises CannotRead, with a reason, where it fails:

    member(name)       the member of that name, of the class or a base of it
    has(name)          whether there is such a member
    integer()          the value of an integer, an enumeration, a pointer or a std::atomic of one, as an unsigned number
    bits()             the width of that number
    address()          where the value is
    pointee(i)         of a pointer: the i-th value from there
    element(i)         of an array: its i-th element
    elements()         of an array: how many there are
    type_argument(i)   the name of the i-th template argument of its class, a type
    argument_at(a, n)  the n-th value from address a, of the type that is its first template argument
    bytes_at(a, n)     n bytes from address a, as a value

Nothing here calls a function of the program that is looked at, or writes to it. The members are those of include/weir; each function
names the header that it follows.
"""
import re

MOST_RECORDS = 1000  # messages or waiting threads that are followed from one to the next
ALL_64 = (1 << 64) - 1


class CannotRead(Exception):
    """Why a value is not there: optimised out, memory that cannot be read, a member that has another name."""

    def __str__(self):
        return "<cannot read: %s>" % Exception.__str__(self)


class Contents:
    """What is shown of an object: a line, and items, each as a name and a View or a text."""

    def __init__(self, summary, count=0, item=None, is_array=False):
        self.summary = summary
        self.count = count
        self.item = item  # item(i): (name, View or str)
        self.is_array = is_array  # the items are named [0], [1] and so on


def contents_of(value):
    """The Contents of a value, a View of one of TEMPLATES or CLASSES. Never raises."""
    try:
        for pattern, read in READERS:
            if pattern.match(value.type_name()):
                return read(value)
        raise CannotRead("this is none of weir's classes")
    except Exception as error:  # a printer that raises would hide the rest of a frame
        return Contents(as_text(error))


def item_of(contents, i):
    """The i-th item, as Contents.item() returns it. Never raises."""
    try:
        return contents.item(i)
    except Exception as error:
        return "[%d]" % i, as_text(error)


def as_text(error):
    return str(error) if isinstance(error, CannotRead) else str(CannotRead("%s: %s" % (type(error).__name__, error)))


# ---- numbers and words -------------------------------------------------------------------------------------------------


def difference(a, b, bits=64):
    return (a - b) % (1 << bits)


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def plural(n, word):
    return "%d %s%s" % (n, word, "" if n == 1 else "s")


def array_of(std_array):
    for name in ("_M_elems", "__elems_"):  # of libstdc++ and libc++
        if std_array.has(name):
            return std_array.member(name)
    raise CannotRead("this std::array has no member that is known here")


def elements_of(std_array):
    array = array_of(std_array)
    return [array.element(i) for i in range(array.elements())]


def checked(depth, capacity):
    """A ring that is not constructed yet, or was overwritten, has numbers that do not fit each other."""
    if not 0 <= depth <= capacity or capacity == 0:
        raise CannotRead("%d of %d in use is impossible: not constructed yet, or overwritten" % (depth, capacity))
    return depth


def open_or_closed(is_closed):
    return "closed" if is_closed else "open"


# ---- who waits ---------------------------------------------------------------------------------------------------------


class Lot:
    """What waits at one side: detail/wait/parking.hpp, listeners.hpp, eventing.hpp, roll_call.hpp; other strategies count nothing."""

    def __init__(self, lot):
        self.waiting = self.woken = self.several = self.suspended = 0
        self.is_known = lot.has("state_")
        if not self.is_known:
            return
        state = lot.member("state_").integer()
        if lot.has("waiting_"):  # wait::event
            self.waiting = lot.member("waiting_").member("roll_").integer() & 0xFFFF
            self.several = state >> 2 & 0xFFFF
        else:  # wait::park
            lot.member("ticket_")
            self.waiting = state & 0x7FFF
            self.woken = state >> 15 & 0xFFFF
            self.several = state >> 31 & 0x7FFFFFFF
            self.suspended = len(linked_list(lot.member("listeners_").member("first_"), "next_"))
        self.waiting += self.several + self.suspended


def waits(*sides):
    """sides: (Lot, the word for one of its threads)"""
    if not all(lot.is_known for lot, _ in sides):
        return ", waiting threads unknown"
    text = ""
    for lot, word in sides:
        if lot.waiting == 0:
            continue
        notes = []
        if lot.several:
            notes.append("%d for several" % lot.several)
        if lot.woken:
            notes.append("%d woken" % lot.woken)
        if lot.suspended:
            notes.append("%d suspended" % lot.suspended)
        text += ", %s %s%s" % (
            plural(lot.waiting, word), "waits" if lot.waiting == 1 else "wait", " (%s)" % ", ".join(notes) if notes else "")
    return text


def both_sides(ends):
    return waits((Lot(ends.member("items_")), "consumer"), (Lot(ends.member("space_")), "producer"))


# ---- the cores of rings ------------------------------------------------------------------------------------------------


class Core:
    """name, capacity, depth, is_closed, a View of each item, and notes for the line."""

    notes = ""

    def is_closed_text(self):
        return open_or_closed(self.is_closed)


class ClosingState:
    """detail/cursor/closing.hpp"""

    ENDED = 2

    def __init__(self, closing):
        self.is_ended = closing.member("state_").integer() & self.ENDED != 0


class SpscCore(Core):
    """detail/spsc/core.hpp, detail/spsc/slots.hpp, detail/credit/state.hpp"""

    def __init__(self, core):
        shared = core.member("shared_")
        sent = shared.member("sent")
        bits = sent.bits()
        self.capacity = shared.member("capacity").integer()
        self.taken = shared.member("taken").integer()
        self.depth = checked(difference(sent.integer(), self.taken, bits), self.capacity)
        self.is_closed = ClosingState(shared.member("closing")).is_ended
        slots = core.member("producer_").member("slots_")
        self.first = slots.member("first_")
        self.mask = slots.member("mask_").integer()
        self.name = "spsc_ring"

        claimed = difference(shared.member("claimed").integer(), sent.integer(), bits)
        if 0 < claimed <= self.capacity:
            self.notes += ", %d more claimed" % claimed
        demand = core.member("producer_").member("credit_")
        if demand.has("demand_") and demand.member("demand_").has("taken"):  # credit on request
            self.name = "pull::" + self.name
            limit = shared.member("returned").integer() + self.capacity
            credits = 0 if self.is_closed else difference(limit, sent.integer(), bits)
            self.notes += ", " + plural(credits if credits <= self.capacity else 0, "credit")

    def item(self, i):
        return self.first.pointee((self.taken + i) & self.mask)


def distance(a, b):
    """Of two cursors, doubled positions: detail/cursor/cursor.hpp"""
    return signed(difference(a, b)) >> 1


def requested_credits(demand, tail, room, is_closed):
    """detail/cursor/demand.hpp; `tail` is a cursor"""
    asked = demand.member("requested_").integer()
    if is_closed:
        return 0
    return room if asked & 1 else max(0, min(distance(asked, tail), room))  # bit 0: without end


class MpmcCore(Core):
    """detail/mpmc/core.hpp, detail/mpmc/state.hpp"""

    def __init__(self, core):
        shared = core.member("shared_")
        tail = shared.member("tail").member("next").integer()
        self.head = shared.member("head").member("next").integer()
        self.capacity = shared.member("capacity").integer()
        self.is_closed = tail & 1 != 0
        tail -= tail & 1
        self.depth = checked(distance(tail, self.head), self.capacity)
        slots = core.member("slots_")
        self.first = slots.member("first_")
        self.mask = slots.member("mask_").integer()
        self.name = "mpmc_ring"
        if shared.has("demand"):
            self.name = "pull::" + self.name
            room = self.capacity - self.depth
            self.notes = ", " + plural(requested_credits(shared.member("demand"), tail, room, self.is_closed), "credit")

    def item(self, i):
        position = ((self.head + 2 * i) & ALL_64) >> 1
        slot = self.first.pointee(position & self.mask)
        sequence = slot.member("sequence")
        if difference(sequence.integer(), position + 1, sequence.bits()) == 0:
            return slot.member("element")
        return "<being pushed>"


class StrictCore(Core):
    """detail/strict/state.hpp, cells.hpp, links.hpp"""

    def __init__(self, core):
        shared = core.member("shared_")
        self.cells = core.member("cells_")
        self.capacity = shared.member("capacity").integer()
        self.mask = self.cells.member("mask_").integer()
        self.position_bits = self.cells.member("position_bits_").integer()
        self.index_bits = self.cells.member("index_bits_").integer()
        self.lap_mask = self.cells.member("lap_mask_").integer()
        self.head = shared.member("head").member("position").integer()
        tail = shared.member("tail").member("position").integer()
        if signed(difference(tail, self.head)) < 0:
            tail = self.head
        checked(difference(tail, self.head), self.capacity)
        # The producers' position may be behind: the links decide.
        while difference(tail, self.head) < self.capacity and self.linked_cell(tail) is not None:
            tail += 1
        self.depth = difference(tail, self.head)
        closing = shared.member("closing").integer()
        self.closing_text = {0: "open", 1: "being closed", 2: "closed"}.get(closing, "closing %d" % closing)
        self.is_closed = closing == 2
        self.name = "strict_mpmc_ring"
        if shared.has("demand"):
            self.name = "pull::" + self.name
            room = self.capacity - self.depth
            credits = requested_credits(shared.member("demand"), 2 * tail, room, self.is_closed)
            self.notes = ", " + plural(credits, "credit")

    def is_closed_text(self):
        return self.closing_text

    def linked_cell(self, position):
        position &= ALL_64
        link = self.cells.member("ring_").pointee(position & self.mask).member("link").integer()
        if ((link >> (self.index_bits + 1)) - (position >> self.position_bits)) & self.lap_mask != 0:
            return None
        return link & ((1 << self.index_bits) - 1)

    def item(self, i):
        index = self.linked_cell(self.head + i)
        if index is None:
            return "<being popped>"
        if index <= self.mask:
            return self.cells.member("ring_").pointee(index).member("element")
        return self.cells.member("spares_").pointee(index - self.mask - 1).member("element")


def core_of(core):
    if core.has("cells_"):
        return StrictCore(core)
    return SpscCore(core) if core.has("producer_") else MpmcCore(core)


def item_count(core):
    return ", %d of %d items, " % (core.depth, core.capacity)


def read_ring(ring):
    """ring.hpp, detail/ring/ends.hpp"""
    ends = ring.member("ends_")
    core = core_of(ends.member("core_"))
    line = "weir::" + core.name + item_count(core) + core.is_closed_text() + core.notes + both_sides(ends)
    return Contents(line, core.depth, lambda i: ("[%d]" % i, core.item(i)), True)


# ---- overflow_ring -----------------------------------------------------------------------------------------------------


class ClassCore(Core):
    """detail/overflow/class_rings.hpp: a queue for each class, and what is popped first is of the highest"""

    def __init__(self, rings):
        self.capacity = rings.member("capacity_").integer()
        self.classes = [MpmcCore(core) for core in elements_of(rings.member("cores_"))]
        self.depth = checked(sum(core.depth for core in self.classes), self.capacity)
        self.is_closed = ClosingState(rings.member("closing_")).is_ended

    def class_and_place(self, i):
        for its in reversed(range(len(self.classes))):
            if i < self.classes[its].depth:
                return its, i
            i -= self.classes[its].depth
        raise CannotRead("there are fewer items")

    def item(self, i):
        its, place = self.class_and_place(i)
        return self.classes[its].item(place)


def read_overflow_ring(ring):
    """overflow.hpp, detail/overflow_ends.hpp, detail/overflow/entry.hpp"""
    ends = ring.member("ends_")
    under = ends.member("ring_")
    if under.has("cores_"):
        core = ClassCore(under)
        waiting = waits((Lot(under.member("items_")), "consumer"))
    else:
        core = core_of(under.member("ends_").member("core_"))
        waiting = both_sides(under.member("ends_"))

    def count(side, name):
        return ends.member(side).member(name).member("count_").integer()

    causes = [("made_", name) for name in ("newest", "oldest", "sampled", "lowest")] + [("taken_", "late")]
    lost = [(count(side, name), name) for side, name in causes]
    losses = "%d lost" % sum(n for n, _ in lost)
    if any(n for n, _ in lost):
        losses += " (%s)" % ", ".join("%d %s" % each for each in lost if each[0])
    counts = ", %d accepted, %d delivered, %s, %d refused" % (
        count("made_", "accepted"), count("taken_", "delivered"), losses, count("made_", "refused"))
    policy = re.match(r"weir::overflow::(\w+)", ring.type_argument(1))
    line = "weir::overflow_ring, %s%s" % (policy.group(1) if policy else ring.type_argument(1), item_count(core))
    line += core.is_closed_text() + counts + waiting

    def item(i):
        entry = core.item(i)
        name = "[%d]" % i
        if isinstance(core, ClassCore):
            name += " class %d" % core.class_and_place(i)[0]
        return name, entry if isinstance(entry, str) else entry.member("item")

    return Contents(line, core.depth, item, not isinstance(core, ClassCore))


# ---- messages ----------------------------------------------------------------------------------------------------------


class Records:
    """detail/message/record.hpp: the records from `position` to `end`"""

    HEADER = 8
    PADDING = 2

    def __init__(self, mapped, memory, capacity, position, end):
        first = mapped.member("first_")
        mask = mapped.member("mask_").integer()
        # Before the first record lie as many words as make payloads aligned.
        words_before = memory.member("count_").integer() - capacity // 8
        alignment = 8 * (words_before + 1)
        if mask != capacity - 1 or not 8 <= alignment <= 128:
            raise CannotRead("%d bytes with a mask of %d are impossible: not constructed yet" % (capacity, mask))
        self.messages = []  # (type, bytes, address)
        self.rest = ""
        while position != end:
            word = first.pointee((position & mask) // 8)
            header = word.integer()
            size = header >> 32
            if header == 0:
                self.rest = ", then %d bytes being written" % difference(end, position)
                return
            if len(self.messages) == MOST_RECORDS:
                self.rest = ", and more"
                return
            record = size + self.HEADER
            if header & 0xF != self.PADDING:
                record = (record + alignment - 1) // alignment * alignment
                self.messages.append((header >> 16 & 0xFFFF, size, word.address() + self.HEADER))
            if not 0 < record <= difference(end, position):
                raise CannotRead("a record of %d bytes is longer than the rest of the ring: overwritten" % record)
            position = (position + record) & ALL_64


def read_message_ring(ring):
    """message_ring.hpp, detail/message/ends.hpp, spsc.hpp, mpsc.hpp"""
    ends = ring.member("ends_")
    core = ends.member("core_")
    notes = ""
    if core.has("shared_"):
        name = "weir::spsc_message_ring"
        shared = core.member("shared_")
        mapped = core.member("producer_").member("mapped_")
        end = shared.member("sent").integer()
        is_closed = ClosingState(shared.member("closing")).is_ended
        claimed = difference(shared.member("claimed").integer(), end)
    else:
        name = "weir::mpsc_message_ring"
        shared = core.member("ring_")
        mapped = core.member("algorithm_").member("mapped_")
        end = shared.member("tail").integer()
        is_closed = end & 1 != 0
        end -= end & 1
        claimed = 0
    capacity = shared.member("capacity").integer()
    position = shared.member("taken").integer()
    depth = checked(difference(end, position), capacity)
    records = Records(mapped, core.member("memory_"), capacity, position, end)
    if 0 < claimed <= capacity:
        notes = ", %d more claimed" % claimed
    line = "%s, %s in %d of %d bytes%s, %s%s%s" % (
        name, plural(len(records.messages), "message"), depth, capacity, records.rest, open_or_closed(is_closed), notes,
        both_sides(ends))

    def item(i):
        kind, size, address = records.messages[i]
        return "[%d] type %d, %s" % (i, kind, plural(size, "byte")), mapped.bytes_at(address, size) if size else "<no bytes>"

    return Contents(line, len(records.messages), item)


# ---- broadcast_ring ----------------------------------------------------------------------------------------------------


class Seat:
    """detail/broadcast/state.hpp"""

    MODES = ("free", "joining", "gated", "lossy", "ended")
    ONE_TAKING = 8

    def __init__(self, seat, sent):
        mode = seat.member("state").integer() % self.ONE_TAKING
        self.mode = self.MODES[mode] if mode < len(self.MODES) else "mode %d" % mode
        # With many producers a reader may be ahead of `sent` as it was read.
        self.lag = max(0, signed(difference(sent, seat.member("position").integer())))
        self.missed = seat.member("missed").integer()
        words = b"".join(word.integer().to_bytes(8, "little") for word in elements_of(seat.member("name").member("words")))
        self.name = words.split(b"\0")[0].decode("utf-8", "replace")

    def text(self):
        text = "%s (%s, lag %d" % (self.name or "unnamed", self.mode, self.lag)
        return text + (", missed %d)" % self.missed if self.missed else ")")


def read_broadcast_ring(ring):
    """broadcast_ring.hpp, detail/broadcast/state.hpp, slots.hpp, producer.hpp"""
    shared = ring.member("shared_")
    capacity = shared.member("capacity").integer()
    claims = shared.member("claims")
    if claims.has("closing"):
        is_closed = ClosingState(claims.member("closing")).is_ended
    else:
        is_closed = claims.member("claimed").integer() & 1 != 0
    sent = shared.member("sent").integer()
    slots = ring.member("producer_").member("slots_")
    first = slots.member("first_")
    mask = slots.member("mask_").integer()
    pushed = difference(sent, ring.member("producer_").member("first_").integer())

    seats = array_of(shared.member("seats"))
    used = shared.member("seats_used").integer()
    if used > seats.elements() or capacity == 0:
        raise CannotRead("%d of %d seats in use are impossible: not constructed yet, or overwritten" % (used, seats.elements()))
    taken = [Seat(seats.element(i), sent) for i in range(used)]
    taken = [seat for seat in taken if seat.mode != "free"]
    depth = max([seat.lag for seat in taken if seat.mode == "gated"], default=0)
    depth = checked(min(depth, capacity), capacity)
    # The items that a reader has still to read, as far back as they are kept.
    unread = max([seat.lag for seat in taken if seat.mode in ("gated", "lossy")], default=0)
    unread = min(unread, capacity, pushed)

    def item(i):
        place = (sent - unread + i) & mask
        if slots.type_name().startswith("weir::detail::word_slots<"):
            words = first.pointee(place)
            return "[%d]" % i, words.argument_at(words.member("words_").address(), 0)
        # A slot is a union whose one member is the item. (Clang describes no class that is never constructed.)
        return "[%d]" % i, slots.argument_at(first.integer(), place)

    readers = ", ".join(seat.text() for seat in taken) or "none"
    lots = [(Lot(ring.member(name)), word) for name, word in (
        ("items_", "reader"), ("finished_", "later reader"), ("space_", "producer"))]
    line = "weir::broadcast_ring, %d of %d items in use, %s%s, readers: %s" % (
        depth, capacity, open_or_closed(is_closed), waits(*lots), readers)
    return Contents(line, unread, item, True)


# ---- latest and credit_gate --------------------------------------------------------------------------------------------


def read_latest(latest):
    """latest.hpp, detail/base/versions.hpp, copied_words.hpp"""
    version = latest.member("newest_").integer()
    places = elements_of(latest.member("values_").member("places_"))
    place = places[version % len(places)]
    words = place.member("words_").address()
    return Contents("weir::latest, version %d" % version, 1, lambda _: ("value", place.argument_at(words, 0)))


# detail/gate/pool.hpp: two flags and a count in one word
GATE_CLOSED = 2
ONE_CREDIT = 4


def linked_list(first, next_name="next"):
    nodes = []
    while first.integer() != 0 and len(nodes) < MOST_RECORDS:
        nodes.append(first.pointee(0))
        first = nodes[-1].member(next_name)
    return nodes


def share_numbers(share):
    return share.member("held").integer() // ONE_CREDIT, share.member("guaranteed").integer()


def read_credit_gate(gate):
    """credit_gate.hpp, detail/gate/pool.hpp"""
    pool = gate.member("credits_")
    word = pool.member("free_").integer()
    capacity = pool.member("capacity_").integer()
    shares = [share_numbers(share) for share in linked_list(pool.member("shares_"))]
    in_use = pool.member("lent_").integer() + pool.member("owed_").integer() - word // ONE_CREDIT + sum(min(held, own) for held, own in shares)
    line = "weir::credit_gate, %d of %d credits free, %s" % (
        capacity - checked(in_use, capacity), capacity, open_or_closed(word & GATE_CLOSED))
    wanted = [str(waiter.member("n").integer()) for waiter in linked_list(pool.member("first_"))]
    if wanted:
        line += ", %s %s (for %s)" % (plural(len(wanted), "request"), "waits" if len(wanted) == 1 else "wait", ", ".join(wanted))
    if shares:
        line += ", shares: " + ", ".join("%d held (%d guaranteed)" % numbers for numbers in shares)
    return Contents(line)


def read_share(share):
    account = share.member("account_")
    waiting = account.member("waiters").integer()
    line = "weir::credit_gate::share, %d held, %d guaranteed" % share_numbers(account)
    if waiting:
        line += ", %s %s" % (plural(waiting, "request"), "waits" if waiting == 1 else "wait")
    return Contents(line)


TEMPLATES = {
    "basic_ring": read_ring,
    "overflow_ring": read_overflow_ring,
    "basic_message_ring": read_message_ring,
    "broadcast_ring": read_broadcast_ring,
    "latest": read_latest,
}
CLASSES = {"credit_gate": read_credit_gate, "credit_gate::share": read_share}  # a line, and no items


def pattern_of(name):
    return "^weir::%s%s$" % (name, "<.*>" if name in TEMPLATES else "")


READERS = [(re.compile(pattern_of(name)), read) for name, read in {**TEMPLATES, **CLASSES}.items()]
