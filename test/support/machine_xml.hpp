// SPDX-License-Identifier: MIT
//
// Machines for tests: synthetic ones, written as XML and changed there, since a synthetic description cannot say everything.
#pragma once

#include <weir/topology.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir_test {

/// The text of a topology file, which members change. A change that finds nothing to change fails the test.
class machine_xml {
public:
    explicit machine_xml(const std::string& synthetic) : text_(weir::topology::synthetic(synthetic).to_xml()) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] weir::topology machine(const std::string& name = "machine.xml") const {
        return weir::topology::from_xml(text_, name);
    }

    /// Replaces the n-th `from`, counted from 0.
    machine_xml& replace(const std::string& from, const std::string& to, std::size_t n = 0) {
        auto at = text_.find(from);
        for (; n != 0 && at != std::string::npos; --n) at = text_.find(from, at + 1);
        EXPECT_NE(at, std::string::npos) << from;
        if (at != std::string::npos) text_.replace(at, from.size(), to);
        return *this;
    }

    /// Sets an attribute of the object that has `type` and this number of the kernel's; adds it where it is missing.
    machine_xml& set(const std::string& type, unsigned number, const std::string& attribute, const std::string& value) {
        const auto object = "<object type=\"" + type + "\" os_index=\"" + std::to_string(number) + "\"";
        const auto at = text_.find(object);
        EXPECT_NE(at, std::string::npos) << object;
        if (at == std::string::npos) return *this;
        const auto end = text_.find('>', at);
        const auto name = " " + attribute + "=\"";
        const auto old = text_.find(name, at);
        if (old < end)
            text_.replace(old, text_.find('"', old + name.size()) + 1 - old, name + value + "\"");
        else
            text_.insert(at + object.size(), name + value + "\"");
        return *this;
    }

    /// Distances between all NUMA nodes, row by row, by the kernel's numbers of the nodes.
    machine_xml& distances(const std::string& numbers, const std::string& values) {
        const auto count = std::count(numbers.begin(), numbers.end(), ' ') + 1;
        return before_end("<distances2 type=\"NUMANode\" nbobjs=\"" + std::to_string(count) +
                          "\" kind=\"5\" name=\"NUMALatency\" indexing=\"os\"><indexes length=\"" +
                          std::to_string(numbers.size()) + "\">" + numbers + "</indexes><u64values length=\"" +
                          std::to_string(values.size()) + "\">" + values + "</u64values></distances2>\n");
    }

    using infos = std::vector<std::pair<std::string, std::string>>;
    /// A kind of cores; `efficiency` is the rank that the system states, or -1.
    machine_xml& cpukind(const std::string& cpuset, int efficiency, const infos& all) {
        std::string kind = "<cpukind cpuset=\"" + cpuset + "\"";
        if (efficiency >= 0) kind += " forced_efficiency=\"" + std::to_string(efficiency) + "\"";
        kind += ">\n";
        for (const auto& [name, value] : all) kind += "<info name=\"" + name + "\" value=\"" + value + "\"/>\n";
        return before_end(kind + "</cpukind>\n");
    }

    machine_xml& before_end(const std::string& element) {
        text_.insert(text_.rfind("</topology>"), element);
        return *this;
    }

    /// A PCI function with a device of the system, within the last package.
    machine_xml& device_in_last_package(const std::string& name, const std::string& address, int osdev_type,
                                        const std::string& pci_class) {
        const auto id = std::to_string(900 + 10 * devices_++);
        const auto end_of_package = text_.rfind("\n    </object>") + 1;
        text_.insert(end_of_package,
                     "<object type=\"Bridge\" gp_index=\"" + id + "0\" bridge_type=\"0-1\" depth=\"0\" bridge_pci=\"" +
                         address.substr(0, 4) + ":[" + address.substr(5, 2) + "-" + address.substr(5, 2) +
                         "]\">\n<object type=\"PCIDev\" gp_index=\"" + id + "1\" pci_busid=\"" + address +
                         "\" pci_type=\"" + pci_class + " [15b3:1017] [15b3:0000] 00\" pci_link_speed=\"0\">\n" +
                         "<object type=\"OSDev\" gp_index=\"" + id + "2\" name=\"" + name + "\" osdev_type=\"" +
                         std::to_string(osdev_type) + "\"/></object>\n</object>\n");
        return *this;
    }

private:
    std::string text_;
    unsigned devices_ = 0;
};

}  // namespace weir_test
