// SPDX-License-Identifier: MIT
#include "read_input.hpp"

#include "bitmap.hpp"

#include <hwloc.h>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace weir {
namespace {

struct tag {
    enum class part { open, close, whole };  // <a>, </a>, <a/>

    std::string_view name;
    part kind = part::open;
    std::vector<std::pair<std::string_view, std::string_view>> attributes;

    [[nodiscard]] std::optional<std::string_view> operator[](std::string_view wanted) const {
        for (const auto& [name_, value] : attributes)
            if (name_ == wanted) return value;
        return std::nullopt;
    }
};

// Scans the subset of XML that hwloc writes: a prologue, tags, attributes in double quotes, text between tags.
class scanner {
public:
    scanner(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    // The next tag; nullopt at the end of the text.
    std::optional<tag> next() {
        for (;;) {
            const auto open = text_.find('<', at_);
            if (open == std::string_view::npos) return std::nullopt;
            const auto after = text_.substr(open);
            const bool is_comment = after.starts_with("<!--");
            if (!is_comment && !after.starts_with("<?") && !after.starts_with("<!")) {
                at_ = open + 1;
                return read_tag();
            }
            const std::string_view terminator = is_comment ? "-->" : ">";
            const auto end = text_.find(terminator, open);
            if (end == std::string_view::npos) fail(truncated);
            at_ = end + terminator.size();
        }
    }

    [[noreturn]] void fail(const std::string& problem, const std::string& remedy = save_it_again) const {
        const auto line =
            1 +
            std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n');
        throw placement_error("topology file '" + path_ + "', line " + std::to_string(line) + ": " + problem + "; " +
                              remedy);
    }

private:
    tag read_tag() {
        tag found;
        if (take('/')) found.kind = tag::part::close;
        found.name = read_name();
        for (;;) {
            const bool spaced = skip_space();
            if (take('>')) return found;
            if (found.kind == tag::part::open && take('/')) {
                if (!take('>')) fail("a '/' in a tag is not followed by '>'");
                found.kind = tag::part::whole;
                return found;
            }
            if (!spaced || found.kind == tag::part::close) fail(at_ < text_.size() ? "a tag is damaged" : truncated);
            read_attribute(found);
        }
    }

    void read_attribute(tag& found) {
        const auto name = read_name();
        if (found[name]) fail("attribute '" + std::string(name) + "' appears twice");
        if (!take('=') || !take('"'))
            fail(at_ < text_.size() ? "attribute '" + std::string(name) + "' has no value in double quotes"
                                    : truncated);
        const auto end = text_.find('"', at_);
        const auto value = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
        if (end == std::string_view::npos || value.find('<') != std::string_view::npos)
            fail(end == std::string_view::npos ? truncated
                                               : "the value of attribute '" + std::string(name) + "' does not end");
        at_ = end + 1;
        found.attributes.emplace_back(name, value);
    }

    std::string_view read_name() {
        constexpr std::string_view legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
        const auto end = std::min(text_.find_first_not_of(legal, at_), text_.size());
        if (end == at_) fail(at_ < text_.size() ? "a tag is damaged" : truncated);
        const auto name = text_.substr(at_, end - at_);
        at_ = end;
        return name;
    }

    bool skip_space() {
        const auto from = at_;
        at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
        return at_ != from;
    }

    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    static inline const std::string save_it_again = "save it again with 'weir topo --save machine.xml'";
    static inline const std::string truncated = "the file ends inside a tag: it is truncated";

    std::string_view text_;
    const std::string& path_;
    std::size_t at_ = 0;
};

// "0x0000000f" or "0xff,0x00000001", most significant word first; "0xf...f" stands for an infinite one.
bool is_bitmap(std::string_view text, bool may_be_infinite) {
    if (text.starts_with("0xf...f")) {
        if (!may_be_infinite || text == "0xf...f") return may_be_infinite;
        text.remove_prefix(7);
        if (text[0] != ',') return false;
        text.remove_prefix(1);
    }
    for (;;) {
        const auto comma = text.find(',');
        auto word = text.substr(0, comma);
        if (word.starts_with("0x"))
            word.remove_prefix(2);
        else if (!word.empty())  // hwloc omits words of zeros, but a word that is not empty has its 0x
            return false;
        if (word.size() > 8 || word.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

// Checks the objects of the tree in document order.
class tree_check {
public:
    explicit tree_check(scanner& in) : in_(in) {}

    void enter(const tag& object, bool stays_open) {
        frame here = read(object);
        if (here.needs_pus) check_place(here);
        if (here.type == HWLOC_OBJ_PU) check_pu(here, object);
        if (here.type == HWLOC_OBJ_NUMANODE) check_numa_node(object);
        if (stays_open) open_.push_back(std::move(here));
    }

    void leave() { open_.pop_back(); }

    [[nodiscard]] bool inside() const { return !open_.empty(); }

    void finish() const {
        if (seen_pus_.empty() || !has_numa_node_)
            in_.fail("it contains no PU or no NUMA node, so it is not a topology");
    }

private:
    struct frame {
        hwloc_obj_type_t type;
        bool needs_pus;
        pu_set pus;
        pu_set all_pus;                      // including PUs that are offline or not allowed
        std::optional<unsigned> last_child;  // lowest PU of the previous child's complete_cpuset
    };

    frame read(const tag& object) const {
        const std::string type(object["type"].value_or(""));
        frame here{};
        if (hwloc_type_sscanf(type.c_str(), &here.type, nullptr, 0) != 0)
            in_.fail("hwloc knows no object of type '" + type + "'");
        here.needs_pus = hwloc_obj_type_is_io(here.type) == 0 && here.type != HWLOC_OBJ_MISC;
        if (!here.needs_pus) return here;
        for (const auto* name : {"cpuset", "complete_cpuset", "nodeset", "complete_nodeset"}) {
            const auto value = object[name];
            if (!value || !is_bitmap(*value, std::string_view(name).ends_with("nodeset")))
                in_.fail("the " + type + " has no valid " + name);
        }
        here.pus = read_pus(*object["cpuset"]);
        here.all_pus = read_pus(*object["complete_cpuset"]);
        if (!here.all_pus.contains(here.pus))
            in_.fail("the cpuset of the " + type + " is not within its complete_cpuset");
        return here;
    }

    pu_set read_pus(std::string_view text) const {
        const auto bits = make_bitmap();
        if (text.size() > pu_set::max_pu / 2 || hwloc_bitmap_sscanf(bits.get(), std::string(text).c_str()) != 0)
            in_.fail("a cpuset is too long");
        return to_pu_set(bits.get());
    }

    void check_place(const frame& here) {
        if (open_.empty()) {
            if (here.type != HWLOC_OBJ_MACHINE || has_root_) in_.fail("the tree does not begin with one Machine");
            has_root_ = true;
            return;
        }
        auto& parent = open_.back();
        if (!parent.needs_pus || parent.type == HWLOC_OBJ_PU || here.type == HWLOC_OBJ_MACHINE ||
            !parent.pus.contains(here.pus))
            in_.fail("the " + std::string(hwloc_obj_type_string(here.type)) + " is outside the " +
                     hwloc_obj_type_string(parent.type) + " that contains it");
        if (hwloc_obj_type_is_memory(here.type) != 0 || here.all_pus.empty()) return;
        if (parent.last_child && here.all_pus.front() <= *parent.last_child) in_.fail("objects are out of order");
        parent.last_child = here.all_pus.front();
    }

    // The kernel's number of a PU or NUMA node.
    unsigned read_number(const tag& object, const std::string& what) const {
        unsigned number = 0;
        const auto text = object["os_index"].value_or("");
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size() || number > pu_set::max_pu)
            in_.fail(what + " number '" + std::string(text) + "' is not a number up to " +
                     std::to_string(pu_set::max_pu));
        return number;
    }

    void check_pu(const frame& here, const tag& object) {
        const unsigned number = read_number(object, "PU");
        if (!here.pus.empty() && here.pus != pu_set{number})
            in_.fail("PU " + std::to_string(number) + " has the cpuset of PU " + here.pus.to_string());
        if (seen_pus_.contains(number)) in_.fail("PU " + std::to_string(number) + " appears twice");
        seen_pus_.insert(number);
    }

    void check_numa_node(const tag& object) {
        const unsigned number = read_number(object, "NUMA node");
        const auto bits = make_bitmap();
        hwloc_bitmap_sscanf(bits.get(), std::string(*object["nodeset"]).c_str());
        if (hwloc_bitmap_weight(bits.get()) != 1) in_.fail("a NUMANode has no valid nodeset");
        if (hwloc_bitmap_isset(bits.get(), number) == 0)
            in_.fail("NUMA node " + std::to_string(number) + " has the nodeset of NUMA node " +
                     std::to_string(hwloc_bitmap_first(bits.get())));
        has_numa_node_ = true;
    }

    scanner& in_;
    std::vector<frame> open_;
    pu_set seen_pus_;
    bool has_root_ = false;
    bool has_numa_node_ = false;
};

}  // namespace

namespace {

// hwloc reads objects recursively: some 10,000 in each other end its stack. Real machines have a few dozen at most.
constexpr std::size_t most_depth = 256;

void check_version(const scanner& in, std::string_view version) {
    constexpr unsigned known = HWLOC_API_VERSION >> 16;
    unsigned major = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
    if (error != std::errc{} || major == 0)
        in.fail("the version of its format, '" + std::string(version) + "', is not a number such as 2.0");
    if (major > known)
        in.fail("its format is " + std::string(version) + ", and the hwloc here reads formats up to " +
                    std::to_string(known),
                "export it with 'lstopo --export-xml-flags v2 machine.xml'");
}

}  // namespace

void check_topology_xml(const std::string& text, const std::string& path) {
    scanner in(text, path);
    tree_check tree(in);
    std::vector<std::string_view> open;
    bool complete = false;
    while (const auto found = in.next()) {
        if (found->kind == tag::part::close) {
            if (open.empty() || open.back() != found->name)
                in.fail("</" + std::string(found->name) + "> closes an element that is not open");
            open.pop_back();
            if (found->name == "object") tree.leave();
            complete = open.empty();
            continue;
        }
        if (complete || (open.empty() && found->name != "topology"))
            in.fail("this is not an hwloc topology: <" + std::string(found->name) + "> is outside <topology>");
        if (open.empty() && !(*found)["version"]) in.fail("this is the format of hwloc 1, which weir does not read");
        if (open.empty()) check_version(in, *(*found)["version"]);
        if (open.size() == most_depth) in.fail("elements are nested more than " + std::to_string(most_depth) + " deep");
        if (found->name == "object") tree.enter(*found, found->kind == tag::part::open);
        if (found->kind == tag::part::open) open.push_back(found->name);
    }
    if (!complete)
        in.fail(open.empty() ? "this is not an hwloc topology: it has no <topology>"
                             : "<" + std::string(open.back()) + "> is not closed: the file is truncated");
    tree.finish();
}

}  // namespace weir
