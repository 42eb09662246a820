// SPDX-License-Identifier: MIT
#include "tools/common/proc_counters.hpp"

#include <cctype>
#include <fstream>
#include <sstream>

namespace weir::tool {
namespace {

std::string read_all(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();  // does not throw if reading fails
    return text.str();
}

// The column of counts that belongs to the PU; the first line names the online PUs.
std::optional<std::size_t> column_of(const std::string& header, unsigned pu, std::size_t& columns) {
    std::istringstream names(header);
    std::optional<std::size_t> found;
    for (std::string name; names >> name; ++columns)
        if (name == "CPU" + std::to_string(pu)) found = columns;
    return found;
}

bool is_number(const std::string& word) { return word.find_first_not_of("0123456789") == std::string::npos; }

// The name of an interrupt, from the text after its counts. For a device, " PCI-MSIX-0000:00:02.0 1-edge
// virtio1-req.0", the last word names the handler; for the processor's own interrupts the whole text is a
// description.
std::string name_of(const std::string& label, std::istringstream& rest) {
    std::string text;
    std::string last;
    for (std::string word; rest >> word; last = word) text += (text.empty() ? "" : " ") + word;
    const bool device = is_number(label);
    const auto& tail = device ? last : text;
    return tail.empty() ? label : label + " " + tail;
}

}  // namespace

std::map<std::string, std::uint64_t> interrupts_of(const std::string& text, unsigned pu) {
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    std::size_t columns = 0;
    const auto mine = column_of(line, pu, columns);
    std::map<std::string, std::uint64_t> counts;
    while (mine && std::getline(lines, line)) {
        std::istringstream words(line);
        std::string label;
        words >> label;
        if (label.size() < 2 || label.back() != ':') continue;
        label.pop_back();
        std::uint64_t count = 0;
        std::uint64_t here = 0;
        std::size_t column = 0;
        for (; column != columns && words >> count; ++column)
            if (column == *mine) here = count;
        if (column == columns) counts[name_of(label, words)] += here;  // ERR and MIS have a single count for all PUs
    }
    return counts;
}

std::optional<std::uint64_t> steal_ticks_of(const std::string& text, unsigned pu) {
    const auto wanted = "cpu" + std::to_string(pu);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        if (!(words >> name) || name != wanted) continue;
        std::uint64_t value = 0;
        for (int field = 0; field != 8; ++field)  // user nice system idle iowait irq softirq steal
            if (!(words >> value)) return std::nullopt;
        return value;
    }
    return std::nullopt;
}

proc_counters proc_counters::read(const std::string& root) {
    return {read_all(root + "/proc/interrupts"), read_all(root + "/proc/stat")};
}

}  // namespace weir::tool
