#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the documentation as a folder of files that a browser opens from a disk: build.py FOLDER.

Pages are the Markdown files beside this program and a few of the project's own documents. A line {{ WORD ARGUMENTS }} in a page is
replaced by what directives.py makes of it: code that a test compiles, tables made of results, pictures. Needs Debian's
python3-markdown and python3-pygments, and a C++ compiler ($CXX, c++) for the table of operations.
"""
import html
import json
import os
import re
import shutil
import sys
from pathlib import Path

import markdown

import directives
import reference

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# The pages in the order of the navigation: file below the project's folder, name of the page, title in the navigation.
NAVIGATION = [
    ("Start", [("docs/index.md", "index", "weir"), ("docs/choose.md", "choose", "Choose a ring"),
               ("docs/operations.md", "operations", "Operations × rings"), ("docs/common.md", "common", "What all rings share"),
               ("docs/handles.md", "handles", "Handles"), ("docs/select.md", "select", "select: several rings"),
               ("docs/portability.md", "portability", "Portability")]),
    ("Rings", [(f"docs/{name}.md", name, title) for name, title in [
        ("spsc", "spsc_ring"), ("mpmc", "mpmc_ring"), ("strict", "strict_mpmc_ring"), ("pull", "pull: credit on request"),
        ("overflow", "overflow_ring"), ("messages", "message rings"), ("broadcast", "broadcast_ring"), ("latest", "latest")]]),
    ("Between processes", [("docs/processes.md", "processes", "shm::spsc_ring"),
                           ("docs/process_messages.md", "process_messages", "shm message rings"),
                           ("docs/processes_broadcast.md", "processes_broadcast", "shm::broadcast_ring"),
                           ("docs/jetstream.md", "jetstream", "On two machines: NATS JetStream")]),
    ("On top of rings", [("docs/await.md", "await", "Coroutines"), ("docs/gate.md", "gate", "credit_gate"),
                         ("docs/pipeline.md", "pipeline", "pipeline")]),
    ("Cores", [("docs/placement.md", "placement", "Threads on the right cores"), ("docs/measure.md", "measure", "Measuring latency")]),
    ("Recipes", [(f"docs/recipe_{name}.md", f"recipe_{name}", title) for name, title in [
        ("audio", "Audio callbacks"), ("trading", "Trading"), ("logging", "Logging"), ("epoll", "epoll loops"),
        ("containers", "Containers"), ("realtime", "Real-time kernels")]]),
    ("Moving here", [("docs/migration.md", "migration", "From another library")]),
    ("Why believe it", [("docs/promises.md", "promises", "Promises and tests"), ("docs/museum.md", "museum", "Museum of bugs"),
                        ("docs/figures.md", "figures", "Figures")]),
    ("Documents", [("BENCHMARKS.md", "benchmarks", "Benchmarks"), ("bench/LAB.md", "lab", "Log of experiments"),
                   ("test/README.md", "tests", "What is proved"), ("examples/README.md", "examples", "Examples"),
                   ("packaging/README.md", "packaging", "Ways to get weir"), ("debug/README.md", "debug", "In a debugger"),
                   ("CONTRIBUTING.md", "contributing", "Contributing"), ("CHANGELOG.md", "changelog", "Changelog")]),
]
# Each folder of examples has a page of its own.
NAVIGATION[-1][1].extend((file.relative_to(ROOT).as_posix(), f"examples_{file.parent.name}", f"Examples: {file.parent.name}")
                         for file in sorted(ROOT.glob("examples/*/README.md")))
REFERENCE = "Reference"


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.pages = {}  # by the path of the source: name of the page
        self.index = []  # of the search: [page, anchor, title of the page, title of the section, text]
        self.symbols = {}  # where a name is described
        self.errors = []
        for _, entries in NAVIGATION:
            for source, name, _ in entries:
                self.pages[source] = name

    # ---- Markdown ---------------------------------------------------------------------------------------------

    def render(self, text, source, base_level=0):
        """Markdown as HTML; links are resolved against the source's folder."""
        kept = []

        def keep(piece):
            kept.append(piece)
            return f"\n\nKEPT{len(kept) - 1}KEPT\n\n"

        def directive(match):
            try:
                return keep(directives.run(match.group(1), match.group(2).split(), self))
            except directives.Problem as problem:
                self.errors.append(f"{source}: {problem}")
                return ""

        text = re.sub(r"^<!--.*?-->\n", "", text, flags=re.S)
        # This line is for the source of a page, which lacks the code.
        for name in re.findall(r"^\{\{ snippet (\w+)", text, flags=re.M):
            if f"snippets/{name}.cpp" not in text:
                self.errors.append(f"{source}: its line 'Code of this page' does not name snippets/{name}.cpp")
        text = re.sub(r"(?m)^_(Code of this page|`./dev docs` builds).*_\n\n", "", text)
        text = re.sub(r"^\{\{ (\w+) ?(.*?) \}\}$", directive, text, flags=re.M)
        # A list may follow a paragraph without an empty line.
        text = re.sub(r"(?m)^((?![\s\-*|>#]|\d+\.).+)\n(?=[-*] |\d+\. )", r"\1\n\n", text)
        page = markdown.markdown(text, extensions=["tables", "fenced_code", "codehilite", "toc", "attr_list", "def_list",
                                                   "sane_lists", "md_in_html"],
                                 extension_configs={"codehilite": {"guess_lang": False, "css_class": "code"},
                                                    "toc": {"slugify": slug}})
        page = page.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
        page = re.sub(r"<p>KEPT(\d+)KEPT</p>", lambda m: kept[int(m.group(1))], page)
        page = re.sub(r'(href|src)="([^"]+)"', lambda m: f'{m.group(1)}="{self.link(m.group(2), source)}"', page)
        return page

    def link(self, target, source):
        """Where a link of a source leads in the site."""
        target = html.unescape(target)
        if re.match(r"(https?:|mailto:|#)", target):
            return html.escape(target)
        path, _, anchor = target.partition("#")
        if path.endswith(".html"):
            return target
        resolved = os.path.normpath(os.path.join(os.path.dirname(source), path))
        if resolved in self.pages:
            return self.pages[resolved] + ".html" + (f"#{anchor}" if anchor else "")
        if f"{resolved}/README.md" in self.pages:
            return self.pages[f"{resolved}/README.md"] + ".html"
        if resolved.startswith("include/weir/") and resolved.endswith(".hpp"):
            return "api_" + resolved[len("include/weir/"):-len(".hpp")].replace("/", "_") + ".html" + (f"#{anchor}" if anchor else "")
        file = ROOT / resolved
        if not file.is_file():
            self.errors.append(f"{source}: the link to {target} leads nowhere")
            return "#"
        copy = self.folder / "files" / resolved
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.suffix or copy.suffix in (".sh", ".py", ".cpp", ".hpp", ".java"):
            copy = copy.with_name(copy.name + ".txt")  # shown, not downloaded
        shutil.copy(file, copy)
        return copy.relative_to(self.folder).as_posix()

    # ---- pages ------------------------------------------------------------------------------------------------

    def navigation(self, current):
        parts = []
        for title, entries in [*NAVIGATION, (REFERENCE, self.reference_pages)]:
            items = "".join(
                f'<li><a href="{name}.html"{" aria-current=page" if name == current else ""}>{html.escape(label)}</a></li>'
                for _, name, label in entries)
            is_open = " open" if title not in ("Documents", REFERENCE) or any(n == current for _, n, _ in entries) else ""
            parts.append(f"<details{is_open}><summary>{title}</summary><ul>{items}</ul></details>")
        return "".join(parts)

    def write(self, name, title, body, source=""):
        """A page of that name, and its sections for the search."""
        headings = re.findall(r'<h([23]) id="([^"]+)"[^>]*>(.*?)</h\1>', body, re.S)
        contents = "".join(f'<li class="of{level}"><a href="#{anchor}">{plain(text)}</a></li>' for level, anchor, text in headings)
        order = [entry for _, entries in [*NAVIGATION, (REFERENCE, self.reference_pages)] for entry in entries]
        place = next((i for i, entry in enumerate(order) if entry[1] == name), None)
        turn = ""
        if place is not None:
            before = order[place - 1] if place > 0 else None
            after = order[place + 1] if place + 1 < len(order) else None
            turn = "".join(f'<a class="{c}" href="{e[1]}.html"><small>{w}</small>{html.escape(e[2])}</a>' if e else "<span></span>"
                           for c, w, e in (("back", "Before", before), ("on", "Next", after)))
        body = self.link_symbols(body, name)
        text = (HERE / "theme" / "page.html").read_text()
        for key, value in {"title": html.escape(title if name != "index" else "weir: bounded lock-free rings for C++20"),
                           "navigation": self.navigation(name), "body": body, "turn": turn, "name": name,
                           "contents": f"<h2>On this page</h2><ul>{contents}</ul>" if len(headings) > 1 else "",
                           "version": self.version, "source": html.escape(source)}.items():
            text = text.replace("{" + key + "}", value)
        (self.folder / f"{name}.html").write_text(text)
        for anchor, heading, words in sections(body):
            self.index.append([name, anchor, title, heading, words])

    def link_symbols(self, body, name):
        """Code that is the name of a type or function of weir leads to its description."""

        def found(match):
            place = self.symbols.get(match.group(1).removeprefix("weir::").removesuffix("()"))
            if place is None or place.split(".html")[0] == name:
                return match.group(0)
            return f'<a class="symbol" href="{place}">{match.group(0)}</a>'

        parts = re.split(r"(<a .*?</a>|<pre.*?</pre>|<h[1-6].*?</h[1-6]>|<details class=.entry.*?</summary>)", body, flags=re.S)
        return "".join(p if i % 2 else re.sub(r"<code>([\w:]+(?:\(\))?)</code>", found, p) for i, p in enumerate(parts))

    # ---- reference --------------------------------------------------------------------------------------------

    def collect(self):
        """Where each name of the headers will be described."""
        self.headers = list(reference.headers())
        self.reference_pages = [("", "api", "All headers")] + [("", h.page, f"{h.name}.hpp") for h in self.headers]
        ambiguous = set()

        def add(entries, page, is_top):
            for e in entries:
                if e.kind in ("type", "enum", "member") and e.name:
                    names = [e.full_name] + ([e.name] if is_top and "::" not in e.scope else [])
                    for name in names:
                        if name in self.symbols and self.symbols[name] != f"{page}.html#{anchor_of(e)}" and name == e.name:
                            ambiguous.add(name)
                        self.symbols.setdefault(name, f"{page}.html#{anchor_of(e)}")
                add(e.members, page, False)

        for header in self.headers:
            add(header.entries, header.page, True)
        for name in ambiguous | {"value_type", "time_point", "name", "release", "source", "plan", "mode", "T", "visit", "all", "on", "off",
                                 "block", "sample", "status", "push", "pop", "messages", "stats", "distance"}:
            if name not in ("status", "messages"):
                self.symbols.pop(name, None)

    def describe(self, lines, source):
        return self.render("\n".join(as_markdown(l) for l in lines), source) if any(l.strip() for l in lines) else ""

    def entry(self, e, source, depth):
        if e.kind == "section":
            return f"<h{min(depth + 1, 5)} class=group>{html.escape(e.name)}</h{min(depth + 1, 5)}>"
        if e.kind == "note":
            return f'<div class="note">{self.describe(e.doc, source)}</div>'
        anchor = anchor_of(e, self.taken)
        doc = self.describe(e.doc, source)
        if e.kind == "member":
            # What users name most has a heading, and so a line in the contents.
            is_alias = depth == 2 and " using " in f" {e.signatures[0]}"
            rows = f"<h3>{html.escape(', '.join(names_of(e)))}</h3>" if is_alias else ""
            if is_alias:
                rows = rows.replace("<h3>", f'<h3 id="{anchor}">')
                anchor = anchor_of(e, self.taken)
            for i, signature in enumerate(e.signatures):
                remark = e.remarks.get(i)
                shown = re.sub(r" = (typename )?detail::.*", " = ...", signature)
                rows += f"<div class=signature>{directives.highlight(shown, block=False)}</div>"
                if remark:
                    rows += f"<div class=remark>{self.describe([remark], source)}</div>"
            return f'<section class="entry" id="{anchor}" data-name="{html.escape(spoken(e))}">{rows}{doc}</section>'
        title = reference.BASES.get(e.name) or e.full_name
        head = f'<h{depth} id="{anchor}">{html.escape(title)}</h{depth}>'
        head += f"<div class=signature>{directives.highlight(e.signatures[0], block=False)}</div>{doc}"
        if e.kind == "enum":
            rows = "".join(f"<dt><code>{v.name}</code></dt><dd>{self.describe(v.doc, source)}</dd>" for v in e.members)
            return head + f"<dl class=values>{rows}</dl>"
        return head + "".join(self.entry(m, source, min(depth + 1, 4)) for m in e.members)

    def write_reference(self):
        rows = ""
        for header in self.headers:
            source = f"include/weir/{header.name}.hpp"
            self.taken = set()
            first = header.head[: header.head.index("")] if "" in header.head else header.head
            body = f"<h1>weir/{header.name}.hpp</h1>"
            body += f'<p class="include"><code>#include &lt;weir/{header.name}.hpp&gt;</code></p>'
            body += self.describe(header.head, source)
            body += "".join(self.entry(e, source, 2) for e in header.entries)
            self.write(header.page, f"{header.name}.hpp", body, source)
            about = " ".join(first) or " ".join(next((e.doc for e in header.entries if e.doc), [""]))
            about = re.split(r"(?<=[.:]) ", about)[0].rstrip(":")
            names = ", ".join(f'<a href="{header.page}.html#{anchor_of(e)}"><code>{html.escape(e.name)}</code></a>'
                              for e in header.entries if e.kind in ("type", "enum") or (e.kind == "member" and "using" in e.signatures[0])
                              if e.name not in reference.BASES)
            rows += (f'<tr><td><a href="{header.page}.html">{header.name}.hpp</a></td>'
                     f"<td>{self.describe([about], source)}</td><td>{names}</td></tr>")
        self.write("api", "Reference", "<h1>Reference</h1><p>Made of the comments in the public headers. Where a class inherits its "
                   "operations, they are on the same page.</p><div class=wide><table class=headers><thead><tr><th>header</th><th>for"
                   f"</th><th>names</th></tr></thead><tbody>{rows}</tbody></table></div>")

    # ---- all --------------------------------------------------------------------------------------------------

    def build(self):
        version = re.search(r"VERSION ([\d.]+)\n", (ROOT / "CMakeLists.txt").read_text())
        self.version = version.group(1)
        self.collect()
        for _, entries in NAVIGATION:
            for source, name, label in entries:
                text = (ROOT / source).read_text()
                title = plain(markdown.markdown(re.search(r"^# (.*)$", text, re.M).group(1)))
                self.write(name, title, self.render(text, source), source)
        self.write_reference()
        for file in ("style.css", "site.js"):
            shutil.copy(HERE / "theme" / file, self.folder / file)
        (self.folder / "style.css").write_text((self.folder / "style.css").read_text() + directives.code_styles())
        (self.folder / "index.js").write_text("window.weirIndex=" + json.dumps(self.index, ensure_ascii=False, separators=(",", ":")))
        unused = directives.unused()
        self.errors += [f"{what} is on no page" for what in unused]
        for error in self.errors:
            print(f"docs: {error}", file=sys.stderr)
        return not self.errors


def as_markdown(line):
    """A line of a comment: < and > are C++ there, not HTML; a * or _ is a name's."""
    if line.startswith("    ") or line.startswith("|"):
        return line if line.startswith("    ") else line.replace("<", "&lt;")
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(p if i % 2 else html.escape(p, quote=False).replace("_", "\\_") for i, p in enumerate(parts))


def slug(text, separator="-"):
    text = re.sub(r"<[^>]*>|[`*]", "", text).lower()
    return re.sub(r"[^\w]+", separator, text).strip(separator)


def spoken(entry):
    """The name that users know: a base's operations are those of its class."""
    for base, known in (("ring_pushing", "basic_ring"), ("ring_popping", "basic_ring"), ("overflow_forms", "overflow_ring"),
                        ("ring_handle", "sender, receiver"), ("message_pushing", "basic_message_ring"),
                        ("message_consuming", "basic_message_ring")):
        if entry.scope == base:
            return f"{known}::{entry.name}"
    return entry.full_name


def names_of(entry):
    """The names that an entry of aliases describes."""
    found = [re.search(r"\busing (\w+)", s) for s in entry.signatures]
    return [f"{entry.scope}::{m.group(1)}" if entry.scope else m.group(1) for m in found if m]


def anchor_of(entry, taken=None):
    name = re.sub(r"operator\W+", "operator", entry.full_name).replace("::", ".").replace(" ", "-")
    name = re.sub(r"[^\w.\-]", "", name)
    if taken is None:
        return name
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique


def plain(page):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))).strip()


def sections(body):
    """The parts of a page that the search finds: an anchor, a heading, the words."""
    body = re.sub(r"<(svg|script|style)\b.*?</\1>", "", body, flags=re.S)
    marks = list(re.finditer(r'<h[1-4](?: id="([^"]*)")?[^>]*>(.*?)</h[1-4]>|<section class="entry" id="([^"]*)" data-name="([^"]*)">', body, re.S))
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(body)
        words = plain(re.sub(r"<(/?)(p|li|td|tr|div|dt|dd|pre)\b", r" <\1\2", body[mark.end() : end]))
        yield mark.group(1) or mark.group(3) or "", html.unescape(mark.group(4) or plain(mark.group(2) or "")), words[:1500]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: build.py FOLDER")
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():  # what an earlier version left
        if old.suffix in (".html", ".js", ".css"):
            old.unlink()
    shutil.rmtree(folder / "files", ignore_errors=True)
    if not Site(folder).build():
        sys.exit(1)
    print(f"{folder}/index.html")


if __name__ == "__main__":
    main()
