# SPDX-License-Identifier: MIT
"""Reads the public headers, and returns their declarations with the comments that describe them.

A comment of `///` belongs to the declaration after it, and to those that follow on the next lines without a comment of their
own. `///<` belongs to the declaration before it. A block of `//` that stands alone, with an empty line after it, is a note for the
reader of the header. The first block of a file describes the header.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path

INCLUDE = Path(__file__).resolve().parent.parent / "include" / "weir"

# What users see of a header that is declared in files below detail/.
PARTS = {
    "await": ["detail/await/awaiting.hpp"],
    "broadcast_ring": ["detail/broadcast/ring_reader.hpp", "detail/broadcast/state.hpp"],
    "handles": ["detail/handles/ring_handle.hpp"],
    "message_ring": ["detail/message/reservation.hpp", "detail/message/visit.hpp", "detail/message/pushing.hpp",
                     "detail/message/consuming.hpp"],
    "overflow": ["detail/overflow_forms.hpp", "detail/base/producers.hpp"],
    "pipeline": ["detail/pipeline/inlet.hpp", "detail/pipeline/graph.hpp"],
    "pull": ["detail/cursor/demand.hpp"],
    "ring": ["detail/ring/pushing.hpp", "detail/ring/popping.hpp", "detail/options.hpp", "detail/memory/storage.hpp"],
    "select": ["detail/select/any_end.hpp", "detail/select/handlers.hpp", "detail/select/waiter.hpp"],
    "shm/segment": ["detail/shm/error.hpp"],
    "shm/broadcast_ring": ["detail/shm_makers.hpp"],
    "shm/message_ring": ["detail/shm_message/handles.hpp", "detail/shm_makers.hpp"],
    "shm/spsc_ring": ["detail/shm_makers.hpp"],
    "wait": ["detail/wait/parking.hpp", "detail/wait/eventing.hpp", "detail/wait/asymmetric_fence.hpp"],
}
# Bases in weir::detail whose members users call, and what they are called on the page.
BASES = {
    "shm_makers": "To make and open a ring between processes",
    "ring_pushing": "Operations of a ring's producer",
    "ring_popping": "Operations of a ring's consumer",
    "overflow_forms": "More operations of an overflow_ring",
    "message_pushing": "Pushes of a message ring",
    "message_consuming": "More visits of a message ring",
    "queue_pushing": "Operations of a queue's producer",
    "queue_popping": "Operations of a queue's consumer",
    "ring_handle": "What a sender and a receiver have in common",
}
# How rings are made from a core, and where waiters wait: no user spells these.
INTERNAL = {"lot", "wait::parking::lot", "ring_core", "credit_source::credit_source"}


@dataclass
class Entry:
    """A type, function, variable or note of a header."""

    kind: str  # type, enum, member, value, note, section
    name: str = ""
    scope: str = ""  # namespaces below weir, and classes
    signatures: list[str] = field(default_factory=list)
    doc: list[str] = field(default_factory=list)
    members: list["Entry"] = field(default_factory=list)
    line: int = 0
    remarks: dict[int, str] = field(default_factory=dict)  # of a signature, by its place: what `///<` says

    @property
    def full_name(self):
        return f"{self.scope}::{self.name}" if self.scope else self.name


class Reader:
    """Walks through the text of one header."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text()
        self.at = 0
        self.orphans = []  # comments that belong to nothing

    def fail(self, what):
        raise SystemExit(f"docs: {self.path}:{self.line()}: {what}")

    def line(self):
        return self.text.count("\n", 0, self.at) + 1

    def head(self):
        """The comment that describes the header."""
        lines = self.text.splitlines()
        index = next((i for i, l in enumerate(lines[:6]) if l.startswith("//") and "SPDX" not in l and l != "//"), None)
        if index is None:
            return []
        found = []
        while index < len(lines) and lines[index].startswith("//") and not lines[index].startswith("///"):
            found.append(lines[index][3:])
            index += 1
        return found

    # ---- one thing at a time ---------------------------------------------------------------------------------

    def comment(self):
        """The lines of the comment at this place."""
        found = []
        while match := re.compile(r"[ \t]*(//[^\n]*)\n?").match(self.text, self.at):
            found.append(match.group(1))
            self.at = match.end()
        return found

    def directive(self):
        """Skips a line of the preprocessor, and those that continue it."""
        self.at = re.compile(r"(?:\\\n|[^\n])*").match(self.text, self.at).end()

    def string(self):
        self.at = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'').match(self.text, self.at).end()

    def braces(self):
        """Skips from { to its }."""
        depth = 0
        while self.at < len(self.text):
            c = self.text[self.at]
            if self.text.startswith("//", self.at):
                self.at = self.text.index("\n", self.at)
                continue
            if c == '"' or (c == "'" and not self.text[self.at - 1].isalnum()):
                self.string()
                continue
            depth += (c == "{") - (c == "}")
            self.at += 1
            if depth == 0:
                return
        self.fail("a brace is not closed")

    def declaration(self):
        """The text up to the ; or { that ends it, and that character. Braces of initialisers are skipped."""
        found, depth = "", 0
        while self.at < len(self.text):
            c = self.text[self.at]
            if self.text.startswith("//", self.at):
                self.at = self.text.index("\n", self.at)
                continue
            if c == "#" and found.rstrip(" ").endswith("\n"):
                self.directive()
                continue
            if c == '"':
                start = self.at
                self.string()
                found += self.text[start : self.at]
                continue
            depth += (c in "([") - (c in ")]")
            if depth == 0 and c == ";":
                self.at += 1
                return found, c
            if depth == 0 and c == "{":
                if is_initialiser(found):
                    start = self.at
                    self.braces()
                    found += self.text[start : self.at]
                    continue
                return found, c
            if depth == 0 and c == "}":
                return found, c
            found += c
            self.at += 1
        return found, ""

    # ---- scopes ----------------------------------------------------------------------------------------------

    def scope(self, entries, names, public, shown):
        """Reads to the } that ends this scope. `names`: the scopes around; `public`: as of here; `shown`: collect at all."""
        doc, last, last_line = [], None, -1
        while self.at < len(self.text):
            blank = re.compile(r"[ \t]*\n").match(self.text, self.at)
            if blank:
                self.at = blank.end()
                if doc and shown and public:
                    self.orphans.append((self.line(), doc))
                    doc = []
                continue
            if match := re.compile(r"[ \t]+").match(self.text, self.at):
                self.at = match.end()
            if self.text.startswith("///<", self.at):
                lines = [l[4:].strip() for l in self.comment()]
                if last is not None:
                    last.remarks[len(last.signatures) - 1] = " ".join(lines)
                continue
            if self.text.startswith("//", self.at):
                lines = [l for l in self.comment() if not l.startswith(("// weir: ", "// clang-format"))]
                if not lines:
                    continue
                alone = self.at >= len(self.text) or self.text[self.at] == "\n"
                if lines[0].startswith("///"):
                    doc = [l[4:] for l in lines if l.startswith("///")]
                elif match := re.match(r"// -{3,} (.*?) -{3,}$", lines[0]):
                    if shown and public:
                        entries.append(Entry("section", match.group(1)))
                elif alone and shown and public and len(lines) > 1 and "INCLUDE" not in lines[0]:
                    entries.append(Entry("note", doc=[l[3:] for l in lines], line=self.line()))
                continue
            if self.text[self.at] == "#":
                self.directive()
                continue
            if self.text[self.at] == "}":
                self.at += 1
                if match := re.compile(r"\s*;").match(self.text, self.at):
                    self.at = match.end()
                return
            if match := re.compile(r"(public|protected|private):").match(self.text, self.at):
                public = match.group(1) == "public"
                self.at, doc, last = match.end(), [], None
                continue
            start_line = self.line()
            text, end = self.declaration()
            flat = " ".join(text.split())
            if not flat and end == ";":
                continue
            if match := re.match(r"(inline )?namespace ([\w:]*)", flat):
                self.at += 1
                if doc:  # what is in it together
                    entries.append(Entry("note", doc=doc, line=start_line))
                    doc = []
                inner = [*names, *match.group(2).split("::")]
                is_internal = "detail" in inner or inner[0] != "weir"
                self.scope(entries, inner, True, not is_internal or bool(BASES_IN(self.path)))
                last = None
                continue
            made = self.entry(flat, end, names, doc, shown and public)
            if made is None:
                doc = []
                continue
            kept, is_new = made, bool(doc) or last is None or last_line < start_line - 1 or last.kind != made.kind
            if is_new or made.kind != "member":
                entries.append(kept)
                last = kept
            else:
                last.signatures += made.signatures
            doc, last_line = [], self.line()

    def entry(self, flat, end, names, doc, wanted):
        """What a declaration is, or nothing; reads to its end."""
        in_detail = "detail" in names
        head = re.sub(r"\[\[.*?\]\] ?|alignas\([^)]*(?:\([^)]*\))?[^)]*\) ?", "", flat)
        bare = strip_template(head)
        if match := re.match(r"(class|struct|enum class|enum) ([\w:]+)", bare):
            kind, name = match.groups()
            entry = Entry("enum" if kind.startswith("enum") else "type", name, scope_of(names), [show(flat)], list(doc))
            entry.line = self.line()
            if end == ";":
                return None  # a forward declaration
            allowed = wanted and name not in INTERNAL and (not in_detail or name in BASES or names[-1] in BASES)
            if kind.startswith("enum"):
                start = self.at
                self.braces()
                self.finish()
                entry.members = list(enumerators(self.text[start + 1 : self.at]))
            else:
                self.at += 1
                self.scope(entry.members, [*names, name], kind == "struct", allowed)
            is_special = re.search(rf"\b{name}<", bare.split(" : ")[0])
            return entry if allowed and not is_special else None
        if end == "{":
            self.braces()
        if not wanted or (in_detail and not any(n in BASES for n in names)):
            return None
        if re.match(r"(using namespace|using [\w:, ]+$|using typename|friend|static_assert|template class)", bare):
            return None
        if "= delete" in flat or "= default" in flat or not flat or "offered<" in flat or "refuse" in flat:
            return None
        if re.match(r"template <class[^>]*> explicit \w+\(const Args&", flat) or "is_misbuilt" in flat:
            return None
        if "stop_token Stop>" in flat or "stop_token Stop, class... More" in flat or "const Args&..." in flat:
            return None  # refused with a sentence
        if "no_ring" in flat or re.search(r"\b(is_misbuilt|is_without_memory)\b", flat):
            return None
        name = name_of(bare)
        if re.search(rf"\w::~?{re.escape(name)}\(", bare):
            return None  # defined here, and declared in its class
        if name.startswith("~") or (name in ("reservation", "readable", "message_reservation", "broadcast_reader", "inlet")):
            return None
        return Entry("member", name, scope_of(names), [show(flat)], list(doc), line=self.line())

    def finish(self):
        if match := re.compile(r"\s*;").match(self.text, self.at):
            self.at = match.end()


def BASES_IN(path):
    """Whether this file declares one of the bases."""
    return any(re.search(rf"class {name}\b", path.read_text()) for name in BASES)


def scope_of(names):
    return "::".join(n for n in names if n and n not in ("weir", "detail"))


def is_initialiser(before):
    """Whether the { after this text begins a value, not a body."""
    text = re.sub(r"operator\s*[=!<>+\-*/&|]+", "operator", before)
    text = re.sub(r"<[^<>]*>|[=!<>]=", "", strip_template(text))
    depth, level = 0, ""
    for c in text:
        depth += (c in "([") - (c in ")]")
        if depth == 0:
            level += c
    if re.match(r"\s*(inline )?(class|struct|enum|union|namespace)\b", re.sub(r"\[\[.*?\]\]", "", level)):
        return False
    if "=" in level or re.match(r"\s*(template .*)?concept\b", level):
        return True
    if re.search(r"\)[^:]*[^:]:[^:]", text) and re.search(r"[\w>]\s*$", before) and not re.search(r"\bnoexcept\s*$", before):
        return True  # of a member, in a constructor's list
    return ")" not in level and bool(re.search(r"[\w>]\s*$", before)) and not re.search(r"\b(noexcept|const)\s*$", before)


def strip_template(text):
    """Without the template's parameters and the requires-clause before a declaration."""
    text = text.lstrip()
    while text.startswith("template"):
        depth, at = 0, text.index("<")
        while True:
            depth += (text[at] == "<") - (text[at] == ">" and text[at - 1] != "-")
            at += 1
            if depth == 0:
                break
        text = text[at:].lstrip()
    if text.startswith("requires"):
        if match := re.match(r"requires(\s*\((?:[^()]|\([^()]*\))*\)|\s*std::\w+<.*?>(?=\s+\w)|\s*\(!?\w+<.*?\))\s*", text):
            text = text[match.end() :]
    return text


def name_of(bare):
    if match := re.search(r"\boperator ?(\(\)|[^\s(]+|\w+)", bare):
        return "operator " + match.group(1) if match.group(1)[0].isalpha() else "operator" + match.group(1)
    if match := re.match(r"using (\w+) =", bare):
        return match.group(1)
    if match := re.match(r"concept (\w+)", bare):
        return match.group(1)
    before = re.split(r"[({=]", re.sub(r"\[\[.*?\]\]", "", bare.replace("explicit(", "explicit")))[0]
    names = re.findall(r"~?\w+", before)
    return names[-1] if names else bare[:20]


def show(flat):
    """A declaration as the page shows it: without attributes that do not concern users, bodies, and lists of constructors."""
    flat = re.sub(r"WEIR_ALWAYS_INLINE |\[\[gnu::\w+\]\] ?|\[\[no_unique_address\]\] ?", "", flat)
    flat = re.sub(r" -> decltype\(std::declval.*$", "", flat).replace(", class R = Ring>", ">")
    flat = flat.replace("template <class R = Ring> ", "")
    flat = re.sub(r"detail::any_time_point", "time_point", flat).replace("detail::forever", "forever")
    depth = 0
    for at, c in enumerate(flat):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and flat[at : at + 3] == " : " and ")" in flat[:at] and not re.search(r"\b(class|struct)\b [^()]*$", flat[:at]):
            return flat[:at]
    return flat


def enumerators(body):
    """The values of an enum, and lines that continue the comment of the one before."""
    for line in body.splitlines():
        code, _, comment = line.partition("//")
        doc = [comment[2:].strip()] if comment.startswith("/<") else []
        names = [part.split("=")[0].strip(" ,};") for part in code.split(",")]
        for name in filter(None, names):
            yield Entry("value", name, signatures=[name], doc=doc)
        if doc and not any(names):
            yield Entry("continued", doc=doc)


def tidy(entries):
    """Joins what belongs together, and drops sections without members."""
    kept = []
    for entry in entries:
        if entry.kind == "continued":
            kept[-1].doc += entry.doc
            continue
        entry.members = tidy(entry.members)
        kept.append(entry)
    return [
        e
        for i, e in enumerate(kept)
        if e.kind != "section" or (i + 1 < len(kept) and any(k.kind not in ("section", "note") for k in kept[i + 1 : i + 2]))
    ]


@dataclass
class Header:
    name: str
    head: list[str]
    entries: list[Entry]
    includes: list[str]

    @property
    def page(self):
        return "api_" + self.name.replace("/", "_")


def read(path):
    reader = Reader(path)
    entries = []
    reader.scope(entries, [], True, False)
    if reader.orphans:
        line, doc = reader.orphans[0]
        raise SystemExit(f"docs: {path}:{line}: this comment describes no declaration: {' '.join(doc)[:80]}")
    return reader, tidy(entries)


def headers():
    """Every public header, in the order of their names."""
    for path in [*sorted(INCLUDE.glob("*.hpp")), *sorted(INCLUDE.glob("shm/*.hpp")),
                 *sorted(INCLUDE.glob("jetstream/*.hpp"))]:
        reader, entries = read(path)
        name = path.relative_to(INCLUDE).with_suffix("").as_posix()
        for part in PARTS.get(name, []):
            entries += read(INCLUDE / part)[1]
        entries = [e for e in entries if e.kind != "note" or e.doc != reader.head()]
        yield Header(name, reader.head(), entries, PARTS.get(name, []))


if __name__ == "__main__":
    for header in headers():
        print(f"== {header.name}: {header.head[:1]}")

        def walk(entries, depth):
            for e in entries:
                print("  " * depth + f"{e.kind} {e.full_name} x{len(e.signatures)} | {' '.join(e.doc)[:60]}")
                if e.kind == "member":
                    for s in e.signatures:
                        print("  " * depth + "      " + s[:150])
                walk(e.members, depth + 1)

        walk(header.entries, 1)
