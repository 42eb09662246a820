# SPDX-License-Identifier: MIT
"""What stands in a page as {{ WORD ARGUMENTS }}: code, tables made of the project's own files, pictures."""
import html
import json
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import pygments
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

import pictures

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
used = set()  # of what must be on some page


class Problem(Exception):
    """A directive that cannot be followed."""


# ---- code ----------------------------------------------------------------------------------------------------------


def highlight(text, language="cpp", block=True):
    page = pygments.highlight(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    return f'<div class="code"><pre><code>{page}</code></pre></div>' if block else f"<code>{page}</code>"


def code_styles():
    """Colours of code, light and dark."""
    light = HtmlFormatter(style="friendly").get_style_defs(".code, .signature")
    light = "\n".join(l for l in light.splitlines() if not re.match(r"pre|td|span|\.code, \.signature *\{|.*\.hll", l))
    dark = HtmlFormatter(style="native").get_style_defs(".code, .signature")
    dark = [l for l in dark.splitlines() if not re.match(r"pre|td|span|\.code, \.signature *\{|.*\.hll", l)]

    def scoped(lines, scope):
        return "\n".join(re.sub(r"\.code, \.signature (\.\w+)", rf"{scope} .code \1, {scope} .signature \1", l) for l in lines)

    light = scoped(light.splitlines(), ":root")
    own = scoped(dark, ":root[data-theme=dark]")
    system = scoped(dark, ":root:not([data-theme=light])")
    both = re.sub(r"background-color: [^;}]*;?|border: [^;}]*;?", "", f"{light}\n{own}\n@media (prefers-color-scheme: dark) {{\n{system}\n}}\n")
    readable = ":root:not([data-theme=dark]) :is(.c, .c1, .cm) { color: #4a6872 }\n"
    readable = f"@media (prefers-color-scheme: light) {{ {readable} }}\n:root[data-theme=light] :is(.c, .c1, .cm) {{ color: #4a6872 }}\n"
    return "\n/* Colours of code. */\n" + both + readable


def snippet(name, part=None):
    """A program of docs/snippets, or the part of it between the lines `// show PART` and `// end`."""
    file = HERE / "snippets" / f"{name}.cpp"
    if not file.is_file():
        raise Problem(f"there is no {file.relative_to(ROOT)}")
    lines = file.read_text().splitlines()
    mark = f"// show {part}" if part else "// show"
    starts = [i for i, l in enumerate(lines) if l.strip() == mark]
    if not starts:
        raise Problem(f"{file.relative_to(ROOT)} has no line '{mark}'")
    used.add(f"{name}.cpp: {mark}")
    pieces = []
    for start in starts:
        end = next((i for i in range(start, len(lines)) if lines[i].strip() == "// end"), None)
        if end is None:
            raise Problem(f"{file.relative_to(ROOT)}: '{mark}' has no end")
        piece = lines[start + 1 : end]
        indent = min(len(l) - len(l.lstrip()) for l in piece if l.strip())
        pieces.append("\n".join(l[indent:] for l in piece))
    return highlight("\n\n".join(pieces)) + f'<p class="origin">docs/snippets/{name}.cpp, compiled and run by a test</p>'


def program(*names):
    """Whole programs of examples/, if they are there: names without .cpp, which may have a *."""
    found = []
    for name in names:
        for folder in ("examples/basics", "examples/await", "examples", "examples/edges"):
            found += [f for f in sorted((ROOT / folder).glob(f"{name}.cpp")) if f not in found]
    page = ""
    for file in found:
        text = re.sub(r"^// SPDX.*\n(//\n)?", "", file.read_text())
        page += (f'<details class="program"><summary>A whole program: {file.relative_to(ROOT)}</summary>'
                 f"{highlight(text)}</details>")
    return page


# ---- the table of operations -----------------------------------------------------------------------------------------


def operations():
    """What the program operations.cpp prints, which asks the compiler."""
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([*compiler, "-std=c++20", "-O0", "-I", str(ROOT / "include"), str(HERE / "operations.cpp"), "-o",
                               f"{folder}/operations", "-pthread"], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Problem(f"operations.cpp does not compile: {made.stderr[:2000]}")
        lines = subprocess.run([f"{folder}/operations"], capture_output=True, text=True, check=True).stdout.splitlines()
    page, rows = "", [[c.strip() for c in l.strip("|").split("|")] for l in lines if l.startswith("|")]
    header = rows[0]
    page = "<thead><tr>" + "".join(f"<th>{inline(c)}</th>" for c in header) + "</tr></thead><tbody>"
    for row in rows[2:]:
        if not any(row[1:]):
            page += f'<tr class="group"><th colspan="{len(header)}"><span>{inline(row[0])}</span></th></tr>'
            continue
        page += f"<tr><th>{inline(row[0])}</th>" + "".join(
            f'<td class="{ {"yes": "yes", "no": "no"}.get(c, "") }">{ {"yes": "●", "no": "–"}.get(c, inline(c)) }</td>' for c in row[1:]) + "</tr>"
    return f'<div class="wide pinned"><table class="operations">{page}</tbody></table></div>'


def inline(text):
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\[([^\]]+)\]\((#[\w-]+|\w+\.html[#\w-]*)\)", r'<a href="\2">\1</a>', text)


# ---- promises and wounds ---------------------------------------------------------------------------------------------


def table_after(heading):
    """The rows of the first table after this heading of test/README.md."""
    text = (ROOT / "test/README.md").read_text().split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    rows = [[c.strip() for c in re.split(r"(?<!\\)\|", l.strip())[1:-1]] for l in text.splitlines() if l.startswith("|")]
    return rows[2:]


def sources_of_tests():
    """By its name, the file of each test program."""
    found = {}
    for file in [*ROOT.glob("test/**/*_test.cpp"), *ROOT.glob("test/model/*.cpp"), *ROOT.glob("test/user/*.cpp")]:
        found.setdefault(file.stem, file.relative_to(ROOT).as_posix())
    return found


def tests_as_list(cell):
    """Names of tests, and where they are."""
    where = sources_of_tests()
    paths = []
    for name in re.findall(r"`([^`]+)`", cell):
        for word in re.findall(r"[\w/]+_(?:test|model|stress)\b", name):
            stem = word.split("/")[-1]
            path = where.get(stem) or where.get(f"{stem}_test")
            if path is None and stem.endswith("_model"):
                path = where.get(stem.removesuffix("_model"))
            if path is None and stem.endswith("_test"):
                if any(stem in f.read_text() for f in ROOT.glob("test/**/CMakeLists.txt")):
                    continue  # several files make this program
                raise Problem(f"test/README.md names {stem}, and there is no such test")
            if path and path not in paths:
                paths.append(path)
    small = "".join(f"<small>{p}</small>" for p in paths)
    return f'{inline(cell)}{f"<div class=paths>{small}</div>" if small else ""}'


def promises():
    """The table of promises, one box each."""
    boxes, kinds = [], {}
    for promise, tests, kind in table_after("Promises"):
        if promise:
            boxes.append([promise, []])
        boxes[-1][1].append((tests, kind))
        for word in re.split(r"[,;] ?", kind):
            if word:
                kinds[word] = kinds.get(word, 0) + 1
    page = '<p class="count"><b>{}</b> promises, each with the tests that hold it.</p>'.format(len(boxes))
    page += '<input class="filter" type="search" placeholder="Filter: wake, close, throws, busy ..." aria-label="Filter promises">'
    page += '<div class="promises">'
    for promise, rows in boxes:
        lists = "".join(f'<li>{tests_as_list(t)} <span class="kind">{html.escape(k)}</span></li>' for t, k in rows)
        page += f'<article class="promise"><p>{inline(promise)}</p><ul>{lists}</ul></article>'
    return page + "</div>"


def wounds(*words):
    """Rows of the table of other rings' bugs whose text has one of the words (_ stands for a space)."""
    pattern = "|".join(re.escape(w.replace("_", " ")) for w in words)
    rows = [(bug, test) for bug, test in table_after("Bugs that other rings had") if re.search(pattern, bug)]
    for word in words:
        if not any(re.search(re.escape(word.replace("_", " ")), bug) for bug, _ in rows):
            raise Problem(f"test/README.md has no bug with the words '{word}'")
    page = ""
    for bug, test in rows:
        used.add(f"bug: {bug}")
        match = re.match(r"(.*?) \(([^()]*)\)$", bug)
        what, where = match.groups() if match else (bug, "")
        page += (f'<article class="wound"><p><b>{inline(what[0].upper() + what[1:])}.</b> '
                 f'{f"<span class=where>{inline(where)}</span>" if where else ""}</p><p class="test">{tests_as_list(test)}</p></article>')
    return f'<div class="wounds">{page}</div>'


def unused():
    """What should be on a page, and is on none."""
    wanted = {f"bug: {bug}" for bug, _ in table_after("Bugs that other rings had")}
    for file in sorted((HERE / "snippets").glob("*.cpp")):
        wanted |= {f"{file.name}: {l.strip()}" for l in file.read_text().splitlines() if re.match(r"\s*// show", l)}
    return sorted(wanted - used)


# ---- figures ---------------------------------------------------------------------------------------------------------


def results(folder):
    file = ROOT / "bench/results" / folder / "bench.json"
    if not file.is_file():
        raise Problem(f"there is no {file.relative_to(ROOT)}")
    return json.loads(file.read_text())


def run_of(folder):
    """Which machine, when, and how."""
    e = results(folder)["environment"]
    rows = [("machine", f"{e['cpu_model']}, {e['topology']}, under a hypervisor" if e["hypervisor"] else e["cpu_model"]),
            ("distance", e["distance"]), ("kernel", e["kernel"]), ("compiler", f"{e['compiler']}, {e['compiler_flags']}"),
            ("date", e["date"][:10]), ("seed", str(e["seed"]))]
    return '<dl class="run">' + "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in rows) + "</dl>"


def number(value):
    """With three digits, and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def figure(folder, scenario, *options):
    """Bars for the queues of a scenario: the median, and a mark from quartile to quartile. `most=N`: at most so many rivals."""
    most = next((int(o.split("=")[1]) for o in options if o.startswith("most=")), 99)
    rows = [r for r in results(folder)["summary"] if r["scenario"] == scenario and not r.get("excluded")]
    key = next((k for k in ("items_per_s", "ns") if any(r.get(k) for r in rows)), None)
    if key is None:
        raise Problem(f"{folder} has no figures of {scenario}")
    rows = [r for r in rows if r.get(key)]
    scale, unit = (1e6, "M/s") if key == "items_per_s" else (1, "ns")
    rows.sort(key=lambda r: -r[key] if key == "items_per_s" else r[key])
    rivals = [r["queue"] for r in rows if not r["subject"]][:most]
    rows = [r for r in rows if r["subject"] or r["queue"] in rivals]
    longest = max(r.get(f"{key}_q3") or r[key] for r in rows)
    if key == "ns":  # a queue that is far behind would leave the others no room; its bar ends at the edge
        longest = min(longest, 4 * rows[len(rows) // 2][key])
    page = ""
    for r in rows:
        value, low, high = r[key], r.get(f"{key}_q1") or r[key], r.get(f"{key}_q3") or r[key]
        quartiles = f"{number(low / scale)}–{number(high / scale)}"
        name = html.escape(r["queue"]) + (" *" if r.get("blocking") else "")
        low, high = min(low, longest), min(high, longest)
        share = f'{100 * min(value, longest) / longest:.2f}%'
        page += (f'<tr class="{"own" if r["subject"] else "rival"}"><th>{name}</th><td class="track"><span style="width:{share}"></span>'
                 f'<i style="left:{100 * low / longest:.2f}%;width:{100 * (high - low) / longest:.2f}%"></i></td>'
                 f"<td class=value>{number(value / scale)}</td><td class=value>{quartiles}</td></tr>")
    more = "higher is better" if key == "items_per_s" else "lower is better"
    return (f'<figure class="bars"><figcaption><b>{html.escape(scenario)}</b>, {unit}, {more}; median and quartiles of '
            f'{max(r["rounds"] for r in rows)} rounds</figcaption><table><tbody>{page}</tbody></table></figure>')


# ---- all -------------------------------------------------------------------------------------------------------------

ALL = {"snippet": snippet, "program": program, "operations": operations, "promises": promises, "wounds": wounds, "run": run_of,
       "figure": figure, "picture": pictures.picture, "weir": pictures.weir}


def run(word, arguments, _site):
    if word not in ALL:
        raise Problem(f"{{{{ {word} }}}} is none of {', '.join(ALL)}")
    return ALL[word](*arguments)
