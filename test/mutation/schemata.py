# SPDX-License-Identifier: MIT
"""Writes a file so that it holds all of its mutants at once: the environment variable WEIR_MUTANT chooses one."""
import re

HEADER = """#pragma once
// Which mutant is chosen, and, in the file that WEIR_MUTANTS_SEEN names, which ones were come by.
#include <new>

namespace weir_mutant {
int chosen_one() noexcept;
unsigned char* seen_ones() noexcept;
inline const int chosen = chosen_one();
inline unsigned char* const seen = seen_ones();
inline bool is_chosen(int number) noexcept {
    if (seen) [[unlikely]] {
        if (seen[number] == 0) seen[number] = 1;
    }
    return number == chosen;
}
[[gnu::always_inline]] inline constexpr bool on(int number) noexcept {
    return !__builtin_is_constant_evaluated() && is_chosen(number);
}
/// What `make` returns, if it is to be made.
template <class Make>
class unless {
    using made = decltype(static_cast<Make*>(nullptr)->operator()());
public:
    unless(bool dropped, Make make) : made_(!dropped) {
        if (made_) ::new (static_cast<void*>(bytes_)) made(make());
    }
    ~unless() {
        if (made_) reinterpret_cast<made*>(bytes_)->~made();
    }
private:
    alignas(made) unsigned char bytes_[sizeof(made)];
    bool made_;
};
}
"""

SOURCE = """#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "weir_mutant.hpp"

namespace weir_mutant {
int chosen_one() noexcept {
    const char* const number = std::getenv("WEIR_MUTANT");
    return number ? std::atoi(number) : 0;
}
unsigned char* seen_ones() noexcept {
    static unsigned char* const map = [] {
        const char* const file = std::getenv("WEIR_MUTANTS_SEEN");
        const int fd = file ? ::open(file, O_RDWR | O_CLOEXEC) : -1;
        if (fd < 0) return static_cast<unsigned char*>(nullptr);
        const auto size = static_cast<std::size_t>(::lseek(fd, 0, SEEK_END));
        void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        return at == MAP_FAILED ? nullptr : static_cast<unsigned char*>(at);
    }();
    return map;
}
}
"""


def on(change):
    return f"::weir_mutant::on({change.number})"


def written(site, original, inner):
    """The text for the site: what is chosen, else `inner`, which is the original with all sites within."""
    if site.form == "expression":
        for change, text in reversed(site.changes):
            inner = f"{on(change)} ? ({text}) : ({inner})"
        return f"({inner})"
    [change, text] = site.changes[0]
    if site.form == "condition":
        return f"({on(change)} != static_cast<bool>({inner}))"
    if site.form == "loop":
        return f"(!{on(change)} && ({inner}))"
    if site.form == "statement":
        return f"{{ if (!{on(change)}) {{ {inner} }} }}"
    if site.form == "break":
        return f"if ({on(change)}) break; {original}"
    if site.form == "guard":
        return f"const ::weir_mutant::unless weir_guard_{change.number}({on(change)}, [&]() {{ return {text}; }});"
    raise ValueError(site.form)


def instrumented(text, sites):
    """`text` with all changes of its sites, each of which has a number; and a function from a line and column there to the
    numbers of the changes that stand there, those of the innermost site first."""
    spans = []  # the numbers of each site

    def render(begin, end, inside):
        """The range with the sites `inside`, outer ones first, each between marks."""
        pieces, at, i = [], begin, 0
        while i < len(inside):
            site, j = inside[i], i + 1
            while j < len(inside) and inside[j].begin < site.end:
                j += 1
            body = render(site.begin, site.end, inside[i + 1:j])
            new = written(site, text[site.begin:site.end], body)
            pieces += [text[at:site.begin], f"\1{len(spans)}\2{new}\3"]
            spans.append([change.number for change, _ in site.changes])
            at, i = site.end, j
        return "".join(pieces) + text[at:end]

    plain, opened, ranges, offset = [], [], [], 0
    for piece in re.split("(\1[0-9]+\2|\3)", render(0, len(text), sites)):
        if piece.startswith("\1"):
            opened.append((offset, int(piece[1:-1])))
        elif piece == "\3":
            begin, number = opened.pop()
            ranges.append((begin, offset, spans[number]))
        else:
            plain.append(piece)
            offset += len(piece)
    new_text = "".join(plain)
    lines = [0] + [match.end() for match in re.finditer("\n", new_text)]

    def at(line, column):
        where = lines[min(line, len(lines)) - 1] + column - 1
        return [numbers for _, numbers in sorted((end - begin, n) for begin, end, n in ranges if begin <= where < end)]

    return new_text, at
