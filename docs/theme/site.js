// SPDX-License-Identifier: MIT
"use strict";
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Light or dark: as the system says, until the reader chooses.
one(".theme").addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch (e) { /* the choice lasts for this page */ }
});

one(".menu").addEventListener("click", event => {
    const isOpen = one("nav").classList.toggle("open");
    event.currentTarget.setAttribute("aria-expanded", isOpen);
});
{
    const nav = one("nav"), current = one("a[aria-current]", nav);
    if (current) nav.scrollTop = current.offsetTop - nav.clientHeight / 2;
}

// Pictures: the reader may stop them and see all steps at once.
for (const button of all(".steps button")) {
    button.hidden = false;
    button.addEventListener("click", () => {
        const isStill = button.parentElement.classList.toggle("still");
        button.textContent = isStill ? "Play" : "Show all steps";
    });
}

for (const field of all(".filter")) {
    const boxes = all(".promise");
    field.addEventListener("input", () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        for (const box of boxes) box.hidden = !words.every(word => box.textContent.toLowerCase().includes(word));
    });
}

// Which heading of the contents is on the screen.
{
    const links = new Map(all(".contents a").map(a => [a.hash.slice(1), a]));
    const headings = all("main h2[id], main h3[id]").filter(h => links.has(h.id));
    const mark = () => {
        let here = headings[0];
        for (const h of headings) if (h.getBoundingClientRect().top < 120) here = h;
        for (const a of links.values()) a.classList.remove("here");
        if (here) links.get(here.id).classList.add("here");
    };
    if (headings.length > 0) {
        addEventListener("scroll", mark, {passive: true});
        mark();
    }
}

// The search: its index is a script, since a page opened from a disk may load nothing else.
{
    const field = one(".search input"), list = one(".found");
    let index = null, chosen = 0;

    const load = () => new Promise(done => {
        if (window.weirIndex) return done();
        const script = document.createElement("script");
        script.src = "index.js";
        script.onload = done;
        document.head.append(script);
    });
    const prepare = async () => {
        await load();
        index ??= window.weirIndex.map(([page, anchor, title, heading, text]) =>
            ({page, anchor, title, heading, text, low: text.toLowerCase(), head: heading.toLowerCase(), whole: title.toLowerCase()}));
    };
    const score = (entry, words) => {
        let sum = 0;
        for (const word of words) {
            const last = entry.head.split(/::|\./).pop();
            const points = last === word ? 120 : entry.head === word ? 110 : last.startsWith(word) ? 60
                : entry.head.includes(word) ? 40 : entry.whole.includes(word) ? 25 : entry.low.includes(word) ? 8 : 0;
            if (points === 0) return 0;
            sum += points;
        }
        return sum + (entry.page.startsWith("api") ? 0 : 6) - (["lab", "changelog"].includes(entry.page) ? 5 : 0);
    };
    const excerpt = (entry, words) => {
        const at = Math.max(0, Math.min(...words.map(w => entry.low.indexOf(w)).filter(i => i >= 0), 1e9));
        const from = at === 1e9 ? 0 : Math.max(0, at - 40);
        return (from > 0 ? "… " : "") + entry.text.slice(from, from + 130);
    };
    const marked = (text, words) => {
        const part = document.createDocumentFragment();
        const pattern = new RegExp("(" + words.map(w => w.replace(/[^\w]/g, "\\$&")).join("|") + ")", "gi");
        text.split(pattern).forEach((piece, i) => {
            if (i % 2 === 0) return part.append(piece);
            const mark = document.createElement("mark");
            mark.textContent = piece;
            part.append(mark);
        });
        return part;
    };
    const choose = place => {
        const links = all("a", list);
        if (links.length === 0) return;
        chosen = (place + links.length) % links.length;
        links.forEach((a, i) => a.setAttribute("aria-selected", i === chosen));
        links[chosen].scrollIntoView({block: "nearest"});
    };
    const search = async () => {
        const words = field.value.toLowerCase().split(/[\s(),]+/).filter(Boolean);
        list.hidden = words.length === 0;
        list.replaceChildren();
        if (words.length === 0) return;
        await prepare();
        const found = index.map(entry => [score(entry, words), entry]).filter(([points]) => points > 0)
            .sort((a, b) => b[0] - a[0]).slice(0, 14);
        list.replaceChildren(...found.map(([, entry]) => {
            const item = document.createElement("li"), link = document.createElement("a");
            const head = document.createElement("b"), where = document.createElement("small");
            link.href = entry.page + ".html" + (entry.anchor ? "#" + entry.anchor : "");
            head.append(marked(entry.heading, words));
            where.append(entry.heading === entry.title ? "" : entry.title + ": ", marked(excerpt(entry, words), words));
            link.append(head, where);
            link.addEventListener("click", () => { list.hidden = true; });
            item.append(link);
            return item;
        }));
        if (found.length === 0) {
            const none = document.createElement("li");
            none.className = "none";
            none.textContent = "Nothing has all of these words.";
            list.append(none);
        }
        choose(0);
    };
    field.addEventListener("focus", prepare);
    field.addEventListener("input", search);
    field.addEventListener("keydown", event => {
        if (event.key === "ArrowDown") choose(chosen + 1);
        else if (event.key === "ArrowUp") choose(chosen - 1);
        else if (event.key === "Enter") all("a", list)[chosen]?.click();
        else if (event.key === "Escape") { field.value = ""; list.hidden = true; field.blur(); }
        else return;
        event.preventDefault();
    });
    document.addEventListener("keydown", event => {
        if (event.key !== "/" || /INPUT|TEXTAREA/.test(document.activeElement.tagName)) return;
        event.preventDefault();
        field.focus();
    });
    document.addEventListener("click", event => { if (!event.target.closest(".search")) list.hidden = true; });
}
