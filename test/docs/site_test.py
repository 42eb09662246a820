#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Opens every page of the built documentation in a headless Chromium: site_test.py FOLDER [--shots FOLDER] [--only PAGE ...]

At 400 and at 1600 px: no horizontal scrolling, no error of a script, no request to anywhere but the folder, every link and anchor
leads somewhere, every picture has a size. Then: the search finds, the theme changes and is readable, pictures stand still where the
reader prefers no motion. One browser, which takes commands over a pair of pipes, opens all pages.
"""
import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

WIDTHS = (400, 1600)
EMPTY = {"meta", "link", "input", "img", "br", "hr"}
TAGS = EMPTY | set("html head title style script body header nav main article section aside footer div figure figcaption button details "
                   "summary p h1 h2 h3 h4 h5 ul ol li dl dt dd table thead tbody tr th td pre code blockquote a b strong em i small span "
                   "svg g path rect text defs marker clippath use".split())
SKIPPED = 77  # what ctest takes for "skipped"


class Page(HTMLParser):
    """The links and ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.doubled, self.open, self.wrong = [], set(), [], [], []
        self.feed(text)
        self.wrong += [f"<{tag}> is never closed" for tag in self.open]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(f"</{tag}> closes <{self.open[-1] if self.open else ''}> in line {self.getpos()[0]}")

    def handle_starttag(self, tag, attributes):
        if tag not in EMPTY:
            self.open.append(tag)
        if tag not in TAGS:
            self.wrong.append(f"<{tag}> in line {self.getpos()[0]}: a < that is no tag must be &lt;")
        for key, value in attributes:
            if key == "id":
                if value in self.ids:
                    self.doubled.append(value)
                self.ids.add(value)
            if key in ("href", "src") and value is not None:
                self.links.append(value)


def check_links(folder):
    """Without a browser: where links lead."""
    problems = []
    pages = {p.name: Page(p.read_text()) for p in sorted(folder.glob("*.html"))}
    for name, page in pages.items():
        problems += [f"{name}: {wrong}" for wrong in page.wrong[:3]]
        problems += [f"{name}: the id '{i}' is used twice" for i in page.doubled]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto", "data"):
                continue
            target = unquote(parts.path) or name
            if not (folder / target).is_file():
                problems.append(f"{name}: {link} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                problems.append(f"{name}: {link}: there is no such anchor")
    for page, anchor, *_ in json.loads((folder / "index.js").read_text().split("=", 1)[1]):
        if f"{page}.html" not in pages or (anchor and anchor not in pages[f"{page}.html"].ids):
            problems.append(f"the search leads to {page}.html#{anchor}, which is nowhere")
    return problems, sorted(pages)


class Browser:
    """A Chromium, its messages, and what pages did that they should not."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="weir_docs_")
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def connect():
            # It reads from 3 and writes to 4; via high numbers, so that neither is closed too early.
            os.dup2(to_browser, 60)
            os.dup2(from_browser, 61)
            os.dup2(60, 3)
            os.dup2(61, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.next, self.rest, self.events = 0, b"", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.answers, 1 << 20)
            if not piece:
                raise SystemExit("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.next += 1
        message = {"id": self.next, "method": method, "params": parameters}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.next:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        """Loads a page; returns what it did wrong."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.read())

    def complaints(self, folder):
        found = []
        for event in self.events:
            method, detail = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = detail["exceptionDetails"]
                found.append("a script failed: " + details.get("exception", {}).get("description", details["text"]).splitlines()[0])
            if method == "Log.entryAdded" and detail["entry"]["level"] in ("error", "warning"):
                found.append("the browser says: " + detail["entry"]["text"])
            if method == "Runtime.consoleAPICalled" and detail["type"] in ("error", "warning", "assert"):
                found.append("the console has: " + str(detail["args"][:1]))
            if method == "Network.requestWillBeSent":
                url = detail["request"]["url"]
                if not (url.startswith(f"file://{folder}/") or url.startswith("data:")):
                    found.append(f"a request to {url}")
        return found

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def size(self, width, height=1000):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def features(self, **named):
        self.call("Emulation.setEmulatedMedia", features=[{"name": k.replace("_", "-"), "value": v} for k, v in named.items()])

    def shoot(self, url, width, file):
        """A picture of the whole page, opened anew: one that was resized is not always painted again."""
        height = self.value("document.documentElement.scrollHeight")
        self.size(width, min(height, 6000))
        self.open(url)
        shot = self.call("Page.captureScreenshot", format="png")
        Path(file).write_bytes(base64.b64decode(shot["data"]))

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


LOOK = r"""(() => {
  const wide = [];
  const limit = WIDTH + 1;
  if (document.documentElement.scrollWidth >= limit)
    for (const e of document.querySelectorAll("body *"))
      if (e.getBoundingClientRect().right > limit && !e.closest(".wide, pre, .skip, svg")) wide.push(e.tagName + "." + e.className);
  const shown = e => e.getBoundingClientRect().width > 0;
  const texts = [...document.querySelectorAll(".steps li:first-child svg text")].filter(shown);
  return JSON.stringify({
    too_wide_px: document.documentElement.scrollWidth - WIDTH, wide: wide.slice(0, 4),
    pictures: [...document.querySelectorAll("article figure.steps li svg, article img")].filter(e => e.getBoundingClientRect().width < 150).length,
    smallest_text_px: Math.min(99, ...texts.map(t => t.getBoundingClientRect().height)),
    headings: document.querySelectorAll("article h1").length, text: document.querySelector("article").innerText.length,
    pages: document.querySelectorAll("nav a").length, nav: shown(document.querySelector("nav")), menu: shown(document.querySelector(".menu"))});
})()"""


def contrast(browser, selector):
    """Of a text with the paper behind it, as WCAG has it."""
    colours = browser.value(
        f"JSON.stringify([getComputedStyle(document.querySelector('{selector}')).color, getComputedStyle(document.body).backgroundColor])")

    def luminance(text):
        parts = [int(n) / 255 for n in re.findall(r"\d+", text)[:3]]
        return sum(w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), parts))

    light, dark = sorted((luminance(c) for c in json.loads(colours)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def check_pages(browser, folder, names, shots):
    problems = []
    for name in names:
        browser.size(WIDTHS[0])
        browser.open(f"file://{folder}/{name}")
        for width in WIDTHS:
            browser.size(width)
            seen = json.loads(browser.value(LOOK.replace("WIDTH", str(width))))
            where = f"{name} at {width} px"
            problems += [f"{where}: {c}" for c in browser.complaints(folder)]
            browser.events.clear()
            if seen["too_wide_px"] > 0:
                problems.append(f"{where}: {seen['too_wide_px']} px too wide: {', '.join(seen['wide'])}")
            if seen["pictures"]:
                problems.append(f"{where}: {seen['pictures']} pictures are too small to see")
            if seen["smallest_text_px"] < 10:
                problems.append(f"{where}: a text in a picture is {seen['smallest_text_px']:.1f} px high")
            if seen["headings"] != 1 or seen["text"] < 100:
                problems.append(f"{where}: {seen['headings']} titles and {seen['text']} characters")
            if seen["pages"] < 50 or seen["nav"] != (width > 900) or seen["menu"] == seen["nav"]:
                problems.append(f"{where}: the navigation is not as it should be: {seen}")
            if shots:
                browser.shoot(f"file://{folder}/{name}", width, f"{shots}/{name.removesuffix('.html')}-{width}.png")
    return problems


def check_behaviour(browser, folder):
    """What a reader does."""
    problems = []

    def expect(condition, sentence):
        if not condition:
            problems.append(sentence)

    browser.size(1600)
    browser.features(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
    browser.open(f"file://{folder}/index.html")
    for words, wanted in (("try_reserve", "api_ring.html#ring_pushing.try_reserve"), ("wake-up", ".html"), ("codel", "overflow"),
                          ("lag_limit", "api_broadcast_ring.html#lag_limit"), ("Disruptor", "migration.html")):
        browser.value(f"(() => {{ const f = document.querySelector('.search input'); f.focus(); f.value = '{words}'; f.dispatchEvent(new Event('input')); }})()")
        found, until = [], time.monotonic() + 10
        while not any(wanted in link for link in found) and time.monotonic() < until:
            found = browser.value("[...document.querySelectorAll('.found a')].map(a => a.getAttribute('href'))")
        expect(any(wanted in link for link in found), f"the search for {words} finds {found[:4]}, not {wanted}")
    browser.value("document.querySelector('.search input').value = 'zzqx'; document.querySelector('.search input').dispatchEvent(new Event('input'))")
    expect(browser.value("new Promise(r => setTimeout(() => r(document.querySelectorAll('.found a').length), 100))") == 0, "the search finds zzqx")
    problems += [f"the search: {c}" for c in browser.complaints(folder)]

    paper = "getComputedStyle(document.body).backgroundColor"
    for scheme in ("light", "dark"):
        browser.features(prefers_color_scheme=scheme)
        browser.open(f"file://{folder}/common.html")
        for selector in ("article p", "article a", ".contents a", "footer", ".code .k", ".code .c1", ".code .s"):
            if browser.value(f"document.querySelector('{selector}') !== null"):
                ratio = contrast(browser, selector)
                expect(ratio >= 4.0, f"{selector} has a contrast of {ratio:.1f} where the scheme is {scheme}")
    dark = browser.value(paper)
    browser.value("document.querySelector('.theme').click()")
    light = browser.value(paper)
    expect(light != dark, "the button does not change the theme")
    browser.open(f"file://{folder}/spsc.html")
    expect(browser.value(paper) == light, "another page forgets the theme that was chosen")
    browser.value("localStorage.clear()")

    moving = "getComputedStyle(document.querySelector('.steps li')).animationName !== 'none'"
    visible = "[...document.querySelectorAll('.steps li')].filter(e => getComputedStyle(e).opacity === '1').length"
    browser.features(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
    browser.open(f"file://{folder}/spsc.html")
    expect(browser.value(moving), "pictures do not move")
    browser.value("document.querySelector('.steps button').click()")
    expect(not browser.value(moving), "the button does not stop a picture")
    browser.features(prefers_reduced_motion="reduce")
    browser.open(f"file://{folder}/spsc.html")
    expect(not browser.value(moving), "pictures move for a reader who prefers no motion")
    expect(browser.value(visible) == browser.value("document.querySelectorAll('.steps li').length"), "steps are hidden where nothing moves")

    browser.features(prefers_color_scheme="light")
    browser.size(400)
    browser.open(f"file://{folder}/index.html")
    browser.value("document.querySelector('.menu').click()")
    expect(browser.value("document.querySelector('nav').getBoundingClientRect().height > 100"), "the menu does not open")
    browser.open(f"file://{folder}/promises.html")
    browser.value("(() => { const f = document.querySelector('.filter'); f.value = 'wake-up'; f.dispatchEvent(new Event('input')); })()")
    left = browser.value("[...document.querySelectorAll('.promise')].filter(p => !p.hidden).length")
    expect(0 < left < browser.value("document.querySelectorAll('.promise').length"), f"the filter leaves {left} promises")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shots", help="writes a picture of every page at both widths into this folder")
    parser.add_argument("--only", nargs="*", help="pages by name, without .html")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    began = time.monotonic()
    problems, names = check_links(folder)
    if arguments.only:
        names = [n for n in names if n.removesuffix(".html") in arguments.only]
    program = shutil.which("chromium")
    if program is None:
        print("there is no chromium, so no page was opened (Debian: apt-get install chromium)")
        sys.exit(1 if problems else SKIPPED)
    if arguments.shots:
        os.makedirs(arguments.shots, exist_ok=True)
    browser = Browser(program)
    try:
        problems += check_pages(browser, folder, names, arguments.shots)
        if not arguments.only:
            problems += check_behaviour(browser, folder)
    finally:
        browser.end()
    for problem in problems:
        print(problem)
    print(f"{len(names)} pages at {' and '.join(map(str, WIDTHS))} px, {len(problems)} problems, {time.monotonic() - began:.0f} s")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
