# SPDX-License-Identifier: MIT
"""Pictures of what a ring does, step by step.

A picture is a list of frames: a drawing and a sentence. They are shown one after the other, or, where the reader prefers no
motion or stops it, side by side.
"""
import html

WIDTH = 460
CELL = 42
SECONDS = 3.2  # for a frame

KINDS = {"item", "new", "claimed", "lost", "gone", "pad"}


class Frame:
    """A row of slots with a producer to the left and a consumer to the right, drawn from top to bottom."""

    def __init__(self, sentence, height=150):
        self.sentence = sentence
        self.height = height
        self.parts = []

    def text(self, x, y, words, size=15, anchor="middle", kind=""):
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" class="{kind}">{html.escape(words)}</text>')
        return self

    def slots(self, items, x=None, y=68, width=CELL, kinds=(), numbers=False):
        """Cells with their contents: '' is empty. `kinds`: one of KINDS for some of the places."""
        kinds = dict(kinds)
        left = (WIDTH - width * len(items)) / 2 if x is None else x
        for i, item in enumerate(items):
            kind = kinds.get(i, "item" if item else "free")
            self.parts.append(f'<rect x="{left + i * width + 1:.1f}" y="{y}" width="{width - 2}" height="38" rx="5" class="slot {kind}"/>')
            if item:
                self.text(left + i * width + width / 2, y + 25, item, 16, kind="on")
            if numbers:
                self.text(left + i * width + width / 2, y + 53, str(i), 11, kind="faint")
        return self

    def cursor(self, place, label, y=114, width=CELL, count=8, up=True, kind="", x=None):
        left = (WIDTH - width * count) / 2 if x is None else x
        at = left + place * width + width / 2
        tip, base = (y, y + 10) if up else (y, y - 10)
        self.parts.append(f'<path d="M{at:.1f} {tip} l-7 {base - tip} h14 z" class="cursor {kind}"/>')
        if up:
            return self.text(at, y + 26, label, 13, kind="label")
        return self.text(at + 12, y - 1, label, 13, "start", "label")

    def thread(self, x, y, name, kind=""):
        self.parts.append(f'<rect x="{x - 44}" y="{y - 15}" width="88" height="24" rx="12" class="thread {kind}"/>')
        return self.text(x, y + 2, name, 13, kind="thread-name")

    def token(self, x, y, item, from_x, from_y, kind="new"):
        """An item that moves to x, y."""
        self.parts.append(f'<g class="moving" style="--x:{from_x - x:.0f}px;--y:{from_y - y:.0f}px"><rect x="{x - 19}" y="{y - 18}" '
                          f'width="38" height="36" rx="5" class="slot {kind}"/><text x="{x}" y="{y + 6}" font-size="16" '
                          f'text-anchor="middle" class="on">{html.escape(item)}</text></g>')
        return self

    def arrow(self, x1, y1, x2, y2, kind=""):
        self.parts.append(f'<path d="M{x1} {y1} L{x2} {y2}" class="arrow {kind}" marker-end="url(#tip)"/>')
        return self

    def level(self, x, y, width, share, label, kind="item"):
        """A bar that is filled in part."""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="26" rx="5" class="slot free"/>'
                          f'<rect x="{x}" y="{y}" width="{width * share:.1f}" height="26" rx="5" class="slot {kind}"/>')
        return self.text(x + width / 2, y + 18, label, 13, kind="on")

    def svg(self):
        return (f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{html.escape(self.sentence)}">{"".join(self.parts)}</svg>')


def place(i, count=8, width=CELL):
    return (WIDTH - width * count) / 2 + i * width + width / 2


def show(name, frames):
    n, total = len(frames), SECONDS * len(frames)
    shown = ""
    for i, f in enumerate(frames):
        shown += (f'<li style="animation-delay:{(i - n) * SECONDS:.1f}s;--delay:{(i - n) * SECONDS:.1f}s">{f.svg()}'
                  f"<p><b>{i + 1}</b> {html.escape(f.sentence)}</p></li>")
    style = (f"@keyframes {name}-frame{{0%{{opacity:0}}{4 / n:.2f}%,{100 / n - 4 / n:.2f}%{{opacity:1;visibility:visible}}"
             f"{100 / n:.2f}%,100%{{opacity:0;visibility:hidden}}}}"
             f"@keyframes {name}-move{{0%,{8 / n:.2f}%{{transform:translate(var(--x),var(--y))}}{45 / n:.2f}%,100%{{transform:none}}}}"
             f"#{name}{{--frame:{name}-frame;--move:{name}-move;--time:{total:.1f}s}}")
    return (f'<figure class="steps" id="{name}"><style>{style}</style><svg width="0" height="0" aria-hidden="true"><defs><marker id="tip" '
            f'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/>'
            f'</marker></defs></svg><ol>{shown}</ol><button type="button" hidden>Show all steps</button></figure>')


# ---- one for each family -----------------------------------------------------------------------------------------------


def base(sentence, items, push, pop, kinds=(), labels=("sent", "taken"), threads=("producer", "consumer"), height=158):
    f = Frame(sentence, height).thread(60, 18, threads[0]).thread(WIDTH - 60, 18, threads[1]).slots(items, kinds=kinds)
    if labels[0]:
        f.cursor(push % 8, labels[0])
    if labels[1]:
        f.cursor(pop % 8, labels[1], y=62, up=False, kind="other")
    return f


def spsc():
    return [
        base("Three items are queued. Each side owns one counter, on a cache line of its own.", ["", "", "a", "b", "c", "", "", ""], 5, 2),
        base("A push builds d in the next slot ...", ["", "", "a", "b", "c", "", "", ""], 5, 2).token(place(5), 87, "d", 60, 30),
        base("... and publishes it with one store to “sent”: no locked instruction.", ["", "", "a", "b", "c", "d", "", ""], 6, 2, {5: "new"}),
        base("A pop moves a out of its slot, and gives the slot back by one store to “taken”.", ["", "", "", "b", "c", "d", "", ""], 6, 3)
        .token(WIDTH - 40, 50, "a", place(2), 87, "gone"),
        base("Full is full: sent − taken = capacity. try_push answers full, and x stays with the caller.",
             ["h", "i", "j", "k", "d", "e", "f", "g"], 4, 4, {}).token(40, 50, "x", 60, 24, "lost"),
    ]


def mpmc():
    t = ("producers", "consumers")
    return [
        base("Each slot has a counter that says whose turn it is.", ["a", "b", "", "", "", "", "", ""], 2, 0, threads=t, labels=("claimed", "popped")),
        base("Two producers claim a slot each: one read-modify-write for each of them.", ["a", "b", "", "", "", "", "", ""], 4, 0,
             {2: "claimed", 3: "claimed"}, threads=t, labels=("claimed", "popped")),
        base("The second one is quicker. Its item is complete, but the order is that of the claims.", ["a", "b", "", "d", "", "", "", ""], 4, 0,
             {2: "claimed"}, threads=t, labels=("claimed", "popped")).token(place(3), 87, "d", 60, 30),
        base("Consumers take a and b. At the slot that is not finished they get busy: neither full nor empty.", ["", "", "", "d", "", "", "", ""], 4, 2,
             {2: "claimed"}, threads=t, labels=("claimed", "popped")).token(WIDTH - 40, 50, "b", place(1), 87, "gone"),
        base("The first producer finishes, and c and d follow in order.", ["", "", "c", "d", "", "", "", ""], 4, 2, {2: "new"}, threads=t,
             labels=("claimed", "popped")).token(place(2), 87, "c", 60, 30),
    ]


def strict():
    def frame(sentence, links, cells, kinds=(), cell_kinds=()):
        f = Frame(sentence, 170).text(14, 40, "order", 13, "start", "label").text(14, 116, "cells", 13, "start", "label")
        f.slots(links, x=100, y=18, kinds=kinds)
        return f.slots(cells, x=66, y=94, kinds=cell_kinds)

    return [
        frame("Items are in cells, and the order holds only numbers of cells. There are more cells than places: one spare for each operation under way.",
              ["0", "1", "", "", "", "", ""], ["a", "b", "", "", "", "", "", "", ""]),
        frame("A push builds c in a cell that is free. No other thread sees it yet.", ["0", "1", "", "", "", "", ""],
              ["a", "b", "c", "", "", "", "", "", ""], (), {2: "claimed"}).token(66 + 2.5 * CELL, 113, "c", 60, 60),
        frame("One step links the cell into the order. Before it nothing has happened; after it the item is there.",
              ["0", "1", "2", "", "", "", ""], ["a", "b", "c", "", "", "", "", "", ""], {2: "new"}),
        frame("A thread that stops for ever while it builds holds one spare cell, and none of the capacity.",
              ["0", "1", "2", "", "", "", ""], ["a", "b", "c", "?", "", "", "", "", ""], (), {3: "lost"}),
        frame("The others go on: d is pushed past it, and everything before it is popped.", ["", "", "2", "4", "", "", ""],
              ["", "", "c", "?", "d", "", "", "", ""], {3: "new"}, {3: "lost", 4: "new"}),
    ]


def pull():
    def frame(sentence, items, asked, kinds=(), **more):
        f = base(sentence, items, len([i for i in items if i]), 0, kinds, ("", ""), height=156)
        return f.text(WIDTH / 2, 26, f"credit: {asked}", 15, kind="label")

    return [
        frame("The ring is empty, and the consumer has asked for nothing: a push answers no_credit.", [""] * 8, 0).token(40, 50, "x", 60, 24, "lost"),
        frame("request(3): three items may come.", [""] * 8, 3).arrow(WIDTH - 104, 22, 290, 22),
        frame("Three pushes succeed, and each uses one credit.", ["a", "b", "c", "", "", "", "", ""], 0, {2: "new"}).token(place(2), 87, "c", 60, 30),
        frame("There is room for five more, but the fourth push answers no_credit. In flight: 3, whatever the capacity.",
              ["a", "b", "c", "", "", "", "", ""], 0).token(40, 50, "x", 60, 24, "lost"),
        frame("The consumer pops a. Only when it has finished with a does it request the next one.", ["", "b", "c", "", "", "", "", ""], 1)
        .token(WIDTH - 40, 50, "a", place(0), 87, "gone").arrow(WIDTH - 104, 22, 290, 22),
    ]


def overflow():
    full = ["1", "2", "3", "4", "5", "6", "7", "8"]

    def frame(sentence, items, kinds=()):
        return Frame(sentence, 158).thread(60, 18, "producer").thread(WIDTH - 60, 18, "consumer").slots(items, kinds=kinds)

    return [
        frame("The ring is full, and 9 arrives. What gives?", full).token(40, 50, "9", 60, 24),
        frame("block: the producer waits. reject: the push answers full, and the producer keeps 9.", full).token(40, 50, "9", 60, 24, "claimed"),
        frame("drop_newest: 9 is lost. What is queued is worth more.", full).token(40, 134, "9", 40, 50, "lost"),
        frame("drop_oldest: 1 is lost, and 9 takes its place at the end.", ["2", "3", "4", "5", "6", "7", "8", "9"], {7: "new"})
        .token(place(0), 134, "1", place(0), 87, "lost"),
        frame("sample: while the ring is more than half full, one arriving item in n is kept.", ["1", "2", "3", "4", "8", "12", "", ""], {4: "new", 5: "new"}),
        frame("shed_lowest: the oldest item of the lowest class makes room.", ["B1", "A2", "A3", "A4", "A5", "A6", "A7", "A9"], {7: "new", 0: "lost"}),
        frame("Whatever is lost is counted, and the consumer sees the gap: accepted = delivered + queued + lost.",
              ["3", "4", "5", "6", "7", "8", "9", ""]).text(WIDTH / 2, 134, "delivered 2  gap() = 1", 15, kind="label"),
    ]


def messages():
    def frame(sentence, records, kinds=()):
        f = Frame(sentence, 150).thread(60, 18, "producer").thread(WIDTH - 60, 18, "consumer")
        x = 40.0
        for i, (label, units) in enumerate(records):
            kind = dict(kinds).get(i, "item" if label else "free")
            f.parts.append(f'<rect x="{x + 1:.1f}" y="68" width="{units * 24 - 2}" height="38" rx="5" class="slot {kind}"/>')
            if label:
                f.text(x + units * 12, 93, label, 13, kind="on")
            x += units * 24
        return f

    return [
        frame("A ring of bytes. A message takes its length, and a header of 8 bytes, rounded up.", [("", 2), ("80 B", 4), ("24 B", 2), ("", 8)]),
        frame("try_reserve(100) claims room for the longest message that may come ...", [("", 2), ("80 B", 4), ("24 B", 2), ("reserved", 5), ("", 3)], {3: "claimed"}),
        frame("... bytes are written in place, and commit(40) hands the first 40 over. The rest is free again.",
              [("", 2), ("80 B", 4), ("24 B", 2), ("40 B", 3), ("", 5)], {3: "new"}),
        frame("A message lies in one piece: one that would pass the end begins at the start, and the skipped bytes are padding.",
              [("96 B", 5), ("", 1), ("24 B", 2), ("40 B", 3), ("pad", 5)], {0: "new", 4: "pad"}),
        frame("The consumer visits messages in their place, with a type tag, and then frees them.", [("96 B", 5), ("", 11)])
        .token(WIDTH - 40, 50, "40", 250, 87, "gone"),
    ]


def broadcast():
    def frame(sentence, items, readers, push, kinds=()):
        f = Frame(sentence, 196).thread(60, 18, "producer").slots(items, y=48, kinds=kinds).cursor(push % 8, "", y=42, up=False)
        for i, (name, at, kind) in enumerate(readers):
            f.cursor(at % 8, "", y=92, kind=kind)
            f.text(place(at % 8), 116 + 24 * i, name, 13, kind="label")
        return f

    return [
        frame("One producer, three readers, each at a place of its own.", ["a", "b", "c", "d", "e", "", "", ""],
              [("book", 4, ""), ("log", 2, "other"), ("screen (lossy)", 1, "third")], 5),
        frame("A push is seen by every reader.", ["a", "b", "c", "d", "e", "f", "", ""],
              [("book", 4, ""), ("log", 2, "other"), ("screen (lossy)", 1, "third")], 6, {5: "new"}).token(place(5), 67, "f", 60, 30),
        frame("Gated readers are waited for: when log is capacity() behind, the producer gets full.", ["i", "j", "c", "d", "e", "f", "g", "h"],
              [("book", 1, ""), ("log", 2, "other"), ("screen (lossy)", 1, "third")], 2, {0: "new", 1: "new"}),
        frame("A lossy reader is never waited for. It goes on with the oldest item that is kept, and gap() says how many it missed.",
              ["i", "j", "k", "d", "e", "f", "g", "h"], [("book", 2, ""), ("log", 3, "other"), ("screen: gap() = 2", 3, "third")], 3, {2: "new"}),
        frame("A reader that is destroyed frees the producer at once.", ["i", "j", "k", "l", "e", "f", "g", "h"],
              [("book", 3, ""), ("screen (lossy)", 4, "third")], 4, {3: "new"}),
    ]


def latest():
    def frame(sentence, cells, kinds, version):
        f = Frame(sentence, 150).thread(60, 18, "writer").thread(WIDTH - 60, 18, "readers").slots(cells, width=72, kinds=kinds)
        return f.text(WIDTH / 2, 26, f"newest: version {version}", 14, kind="label")

    return [
        frame("Four places. The word “newest” says which one counts.", ["v4", "v5", "v2", "v3"], {1: "new"}, 5),
        frame("The writer fills the next place, and does not touch the others.", ["v4", "v5", "v6", "v3"], {1: "new", 2: "claimed"}, 5),
        frame("One store makes it the newest value. The writer never waits.", ["v4", "v5", "v6", "v3"], {2: "new"}, 6),
        frame("A reader copies the newest value. It begins again only if three values were written meanwhile.", ["v4", "v5", "v6", "v3"], {2: "new"}, 6)
        .token(WIDTH - 40, 50, "v6", 266, 87, "gone"),
    ]


def gate():
    def frame(sentence, used, label, queue=()):
        f = Frame(sentence, 150).level(40, 52, WIDTH - 80, used, label)
        for i, name in enumerate(queue):
            f.thread(90 + i * 100, 116, name, "waiting" if i else "first")
        return f

    return [
        frame("64 MiB may be in flight. 40 are in permits.", 0.62, "40 of 64 MiB"),
        frame("acquire(20): a permit for 20 MiB. It is an object that gives them back.", 0.94, "60 of 64 MiB", ["A: 20"]),
        frame("B wants 10, and waits. C wants 1, and waits behind B: no request overtakes the queue.", 0.94, "60 of 64 MiB", ["B: 10", "C: 1"]),
        frame("A permit is destroyed: 16 MiB are free, B is served, then C.", 0.86, "55 of 64 MiB", ["B: 10", "C: 1"]),
    ]


def pipeline():
    def frame(sentence, left, right, state=("feed", "strat", "send"), note=""):
        f = Frame(sentence, 150)
        for x, name in ((46, state[0]), (WIDTH / 2, state[1]), (WIDTH - 46, state[2])):
            f.thread(x, 40, name)
        f.slots(left, x=92, y=66, width=28).slots(right, x=284, y=66, width=28, kinds={1: "claimed"} if note.startswith("permit") else {})
        return f.text(WIDTH / 2, 136, note, 14, kind="label")

    return [
        frame("Three stages, each with a thread, joined by rings.", ["a", "b", "", ""], ["c", "", "", ""]),
        frame("Before strat takes an item upstream it takes a permit downstream: there is room for what it will make.",
              ["a", "b", "", ""], ["c", "", "", ""], note="permit first, then the item"),
        frame("The sink freezes. Its ring fills ...", ["a", "b", "", ""], ["c", "d", "e", "f"], note="strat gets no permit, and sleeps"),
        frame("... then the one before. The source stops after at most the sum of the capacities.", ["g", "h", "i", "j"],
              ["c", "d", "e", "f"], note="feed sleeps, too"),
        frame("The sink goes on: permits travel upstream, and nothing was lost.", ["h", "i", "j", ""], ["d", "e", "f", "g"]),
    ]


PICTURES = {p.__name__: p for p in (spsc, mpmc, strict, pull, overflow, messages, broadcast, latest, gate, pipeline)}


def picture(name):
    return show(f"steps-{name}", PICTURES[name]())


def weir():
    """The dam that gives the library its name."""
    wave = "M-120 0" + " q30 -10 60 0 t60 0" * 8
    return f"""<svg class="weir" viewBox="0 0 640 190" preserveAspectRatio="xMidYMid slice" role="img" aria-label="A weir: water is held to a level, and what is more spills over">
<defs><clipPath id="held"><rect x="0" y="0" width="318" height="190"/></clipPath><clipPath id="below"><rect x="352" y="0" width="288" height="190"/></clipPath></defs>
<g clip-path="url(#held)"><g class="water slow" transform="translate(0 64)"><path d="{wave} V140 H-120 z"/></g></g>
<g clip-path="url(#below)"><g class="water fast" transform="translate(330 136)"><path d="{wave} V80 H-120 z"/></g></g>
<path class="fall" d="M312 62 C340 62 350 84 356 146 L372 146 C368 80 352 54 312 56 z"/>
<path class="dam" d="M312 64 h16 l22 118 h-38 z"/>
<g class="marks"><path d="M150 52 h164" stroke-dasharray="5 4"/><text x="150" y="44">capacity</text></g></svg>"""
