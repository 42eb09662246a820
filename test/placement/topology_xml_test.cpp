// SPDX-License-Identifier: MIT
//
// XML files of machines with one defect each: hwloc crashes on some of these if they are not validated first.
#include <weir/topology.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "read_input.hpp"
#include "test/support/temporary_file.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

using testing::HasSubstr;
using testing::StartsWith;
using weir::placement_error;
using weir::pu_set;
using weir::topology;

std::string sets(const std::string& pus, const std::string& all_pus = "") {
    return " cpuset=\"" + pus + "\" complete_cpuset=\"" + (all_pus.empty() ? pus : all_pus) +
           "\" nodeset=\"0x1\" complete_nodeset=\"0x1\"";
}
std::string object(const std::string& type, const std::string& more, const std::string& inside = "") {
    return "<object type=\"" + type + "\"" + more + (inside.empty() ? "/>\n" : ">\n" + inside + "</object>\n");
}
std::string pu(unsigned number, const std::string& bit) {
    return object("PU", " os_index=\"" + std::to_string(number) + "\" gp_index=\"" + std::to_string(10 + number) +
                            "\"" + sets(bit));
}
std::string core(unsigned number, const std::string& bit) {
    return object(
        "Core",
        " os_index=\"" + std::to_string(number) + "\" gp_index=\"" + std::to_string(20 + number) + "\"" + sets(bit),
        pu(number, bit));
}
const std::string node = object("NUMANode", " os_index=\"0\" gp_index=\"5\" local_memory=\"1024\"" + sets("0x3"));
std::string machine(const std::string& inside, const std::string& pus = "0x3", const std::string& all_pus = "") {
    return "<topology version=\"2.0\">\n" +
           object("Machine",
                  " os_index=\"0\" gp_index=\"1\" allowed_cpuset=\"" + pus + "\" allowed_nodeset=\"0x1\"" +
                      sets(pus, all_pus),
                  inside) +
           "</topology>\n";
}
std::string whole() { return machine(node + core(0, "0x1") + core(1, "0x2")); }

std::string with(std::string text, const std::string& what, const std::string& instead) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), instead);
}

std::string why_not(const std::string& text) {
    try {
        static_cast<void>(topology::from_xml(text, "x.xml"));
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

TEST(xml, of_a_small_machine_is_read) {
    const auto read = topology::from_xml(whole(), "x.xml");
    EXPECT_EQ(read.summary(), "1 NUMA node, 2 cores, 2 PUs");
    EXPECT_EQ(read.source(), "x.xml");
    EXPECT_EQ(read.allowed(), (pu_set{0, 1}));
}

// hwloc may still refuse a file that weir's check accepts.
TEST(xml, may_have_comments_spaces_and_elements_that_hwloc_ignores) {
    const auto passes = [](const std::string& text) {
        const auto why = why_not(text);
        EXPECT_TRUE(why.empty() || why.find("hwloc cannot build a topology from it") != std::string::npos) << why;
    };
    passes("<?xml version=\"1.0\"?>\n<!DOCTYPE topology>\n<!-- a <comment> -- of two > lines\n -->" + whole());
    passes(with(whole(), "<object type=\"Core\"", "text \n<!-- <object> --><object\n\t type=\"Core\""));
    passes(with(whole(), "</object>\n</topology>", "</object  >\n</topology >"));
    passes(with(whole(), "gp_index=\"1\"", "gp_index=\"1\" a_1Z=\"\""));
    passes(machine(node + core(0, "0x1") + core(1, "0x2") +
                   object("Bridge", " gp_index=\"40\" bridge_type=\"0-1\" depth=\"0\" bridge_pci=\"0000:[00-00]\"")));
    EXPECT_EQ(why_not("<?xml version=\"1.0\"?>\n<!DOCTYPE topology>\n" + whole()), "");
}

TEST(xml, says_in_which_line_it_is_damaged) {
    const std::pair<std::string, std::string> cases[] = {
        {"<!-- a comment without end\n" + whole(), "line 1: the file ends inside a tag: it is truncated"},
        {with(whole(), "<object type=\"Core\"", "<object -type=\"Core\""), "line 4: a tag is damaged"},
        {with(whole(), "type=\"Core\" os", "type=\"Core\"os"), "line 4: a tag is damaged"},
        {with(whole(), "</object>\n</object>", "</object a=\"b\">\n</object>"), "line 9: a tag is damaged"},
        {with(whole(), "type=\"Core\"", "type\"Core\""), "line 4: attribute 'type' has no value in double quotes"},
        {with(whole(), "type=\"Core\"", "type='Core'"), "line 4: attribute 'type' has no value in double quotes"},
        {with(whole(), "type=\"Core\"", "type=\"Core<"), "line 4: the value of attribute 'type' does not end"},
        {whole().substr(0, whole().find("\"NUMANode") + 4), "line 3: the file ends inside a tag: it is truncated"},
        {whole().substr(0, whole().find("type=\"NUMANode")), "line 3: the file ends inside a tag: it is truncated"},
        {whole().substr(0, whole().find("=\"NUMANode")), "line 3: the file ends inside a tag: it is truncated"},
        {whole().substr(0, whole().find("\"NUMANode")), "line 3: the file ends inside a tag: it is truncated"},
        {whole().substr(0, whole().find("<object type=\"NUMANode") + 1),
         "line 3: the file ends inside a tag: it is truncated"},
        {whole() + "<topology version=\"2.0\"></topology>", "<topology> is outside <topology>"},
        {whole() + "</topology>", "</topology> closes an element that is not open"},
        {with(whole(), "</object>\n</topology>", "</topology>"), "</topology> closes an element that is not open"},
        {with(whole(), "version=\"2.0\"", "edition=\"2.0\""), "this is the format of hwloc 1"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_THAT(why_not(text), HasSubstr(expected)) << text.substr(0, 300);
        EXPECT_THAT(why_not(text), StartsWith("topology file 'x.xml', line "));
    }
}

TEST(xml, is_a_tree_of_pu_sets_that_are_nested_disjoint_and_in_order) {
    const std::string one = core(0, "0x1"), other = core(1, "0x2");
    const std::pair<std::string, std::string> cases[] = {
        {machine(node + other + one), "objects are out of order"},
        {machine(node + one +
                 object("Core", " os_index=\"1\"" + sets("0x2"), object("PU", " os_index=\"0\"" + sets("0x0", "0x2")))),
         "PU 0 appears twice"},
        {machine(node + one + one), "objects are out of order"},
        {machine(node + one + core(2, "0x4")), "the Core is outside the Machine that contains it"},
        {machine(node + one + object("Core", " os_index=\"1\"" + sets("0x2"), pu(2, "0x4"))),
         "the PU is outside the Core"},
        {machine(node + one + object("PU", " os_index=\"1\"" + sets("0x2"), pu(2, "0x2"))),
         "the PU is outside the PU that contains"},
        {machine(node + one + object("Core", sets("0x2"), object("Machine", sets("0x2")))),
         "the Machine is outside the Core"},
        {machine(node + one + object("Misc", " gp_index=\"8\"", other)),
         "the Core is outside the Misc that contains it"},
        {machine(one + other), "it contains no PU or no NUMA node"},
        {machine(node), "it contains no PU or no NUMA node"},
        {machine(with(node, "nodeset=\"0x1\"", "nodeset=\"0x3\"") + one + other), "a NUMANode has no valid nodeset"},
        {machine(with(node, "nodeset=\"0x1\"", "nodeset=\"0x0\"") + one + other), "a NUMANode has no valid nodeset"},
        {with(whole(), "</object>\n</topology>", "</object>\n" + object("Machine", sets("0x3")) + "</topology>"),
         "the tree does not begin with one Machine"},
        {with(whole(), "os_index=\"1\" gp_index=\"11\"", "gp_index=\"11\""), "PU number '' is not a number up to 65535"},
        {with(whole(), "os_index=\"1\" gp_index=\"11\"", "os_index=\"1x\" gp_index=\"11\""),
         "PU number '1x' is not a number"},
        {with(whole(), "os_index=\"1\" gp_index=\"11\"", "os_index=\"65536\" gp_index=\"11\""),
         "PU number '65536' is not"},
        {with(whole(), "os_index=\"1\" gp_index=\"11\"", "os_index=\"65535\" gp_index=\"11\""),
         "PU 65535 has the cpuset of PU 1"},
    };
    for (const auto& [text, expected] : cases) EXPECT_THAT(why_not(text), HasSubstr(expected)) << text;
}

// hwloc gives a node without a number the highest there is, and then has a bit for each number below.
TEST(xml, numbers_its_numa_nodes_as_its_nodesets_do) {
    const std::string cores = core(0, "0x1") + core(1, "0x2");
    EXPECT_THAT(why_not(machine(with(node, " os_index=\"0\"", "") + cores)),
                HasSubstr("line 3: NUMA node number '' is not a number up to 65535"));
    EXPECT_THAT(why_not(machine(with(node, "os_index=\"0\"", "os_index=\"4294967295\"") + cores)),
                HasSubstr("NUMA node number '4294967295' is not a number up to 65535"));
    EXPECT_THAT(why_not(machine(with(node, "os_index=\"0\"", "os_index=\"3\"") + cores)),
                HasSubstr("NUMA node 3 has the nodeset of NUMA node 0"));
}

TEST(xml, is_no_deeper_than_hwloc_can_read) {
    const auto nested = [](std::size_t groups) {
        std::string inside = core(0, "0x1") + core(1, "0x2");
        std::string opened, closed;
        for (std::size_t i = 0; i < groups; ++i) {
            opened += "<object type=\"Group\" gp_index=\"" + std::to_string(100 + i) + "\"" + sets("0x3") + ">\n";
            closed += "</object>\n";
        }
        return machine(node + opened + inside + closed);
    };
    // Around the groups: the topology and the machine; inside: a core and its PU.
    EXPECT_EQ(why_not(nested(252)), "");
    EXPECT_THAT(why_not(nested(253)), HasSubstr("line 258: elements are nested more than 256 deep"));
    EXPECT_THAT(why_not(nested(100'000)), HasSubstr("elements are nested more than 256 deep"));
}

TEST(xml, of_a_newer_format_says_how_to_export_it) {
    EXPECT_EQ(why_not(with(whole(), "version=\"2.0\"", "version=\"3.0\"")),
              "topology file 'x.xml', line 1: its format is 3.0, and the hwloc here reads formats up to 2; export it "
              "with 'lstopo --export-xml-flags v2 machine.xml'");
    for (const char* version : {"", "x", "0.9", "-1", "99999999999"})
        EXPECT_THAT(
            why_not(with(whole(), "version=\"2.0\"", "version=\"" + std::string(version) + "\"")),
            HasSubstr("the version of its format, '" + std::string(version) + "', is not a number such as 2.0"));
}

TEST(xml, may_come_from_windows) {
    std::string text = "\xEF\xBB\xBF";
    for (const char c : whole()) text += c == '\n' ? "\r\n" : std::string(1, c);
    EXPECT_EQ(topology::from_xml(text, "x.xml").summary(), topology::from_xml(whole(), "x.xml").summary());
    EXPECT_EQ(weir::without_windows_marks("a\r\n\r\nb\rc\r"), "a\n\nb\rc\r");
    EXPECT_EQ(weir::without_windows_marks("\xEF\xBB"), "\xEF\xBB");
}

TEST(xml, may_name_pus_that_are_offline_and_memory_of_no_pu) {
    const auto offline = machine(node + core(0, "0x1") + core(1, "0x2") +
                                     object("Core", " os_index=\"2\" gp_index=\"22\"" + sets("0x0", "0x4"),
                                            object("PU", " os_index=\"2\" gp_index=\"12\"" + sets("0x0", "0x4"))),
                                 "0x3", "0x7");
    EXPECT_EQ(why_not(offline), "");
    EXPECT_EQ(topology::from_xml(offline, "x.xml").pus().size(), 2U);
    EXPECT_THAT(
        why_not(with(offline, "cpuset=\"0x0\" complete_cpuset=\"0x4\"", "cpuset=\"0x0\" complete_cpuset=\"0x1\"")),
        HasSubstr("objects are out of order"));
    EXPECT_THAT(why_not(machine(node + core(0, "0x1") + core(1, "0x2"), "0x3", "0x1")),
                HasSubstr("the cpuset of the Machine is not within its complete_cpuset"));
}

TEST(xml, has_pu_sets_in_words_of_32_bits) {
    const auto set = [](const std::string& cpuset) {
        return why_not(machine(node + core(0, "0x1") + core(1, "0x2") +
                               object("Group", " gp_index=\"50\"" + sets(cpuset, "0x3"))));
    };
    const auto no_set = [&](const std::string& cpuset) {
        EXPECT_THAT(set(cpuset), HasSubstr("the Group has no valid cpuset")) << cpuset;
    };
    for (const auto* bad : {"0x123456789", "0xg", "3", "0x1,2", "x", "0xf...f", "0xf...f,0x1", "0xf...e", ",0x0,z"})
        no_set(bad);
    const auto nodes = [](const std::string& nodeset) {
        return why_not(
            with(whole(), "nodeset=\"0x1\" complete_nodeset", "nodeset=\"" + nodeset + "\" complete_nodeset"));
    };
    EXPECT_EQ(nodes("0x00000001"), "");
    EXPECT_EQ(nodes("0xf...f"), "") << "a machine may have all nodes there are";
    for (const auto* bad : {"0xf...f0x1", "0xf...f,", "1", "0xf...f,0x123456789"})
        EXPECT_THAT(nodes(bad), testing::AnyOf(HasSubstr("the Machine has no valid nodeset"), "")) << bad;
    EXPECT_THAT(nodes("0xf...f0x1"), HasSubstr("the Machine has no valid nodeset"));
    EXPECT_THAT(nodes("0xf...f,1"), HasSubstr("the Machine has no valid nodeset"));
    EXPECT_THAT(set("0x" + std::string(8, '0') +
                    [] {
                        std::string zeros;
                        for (int word = 0; word != 4000; ++word) zeros += ",0x00000000";
                        return zeros;
                    }()),
                HasSubstr("a cpuset is too long"));
}

TEST(xml, larger_than_the_read_buffer_is_read_whole) {
    const auto large = topology::synthetic("pack:2 core:160 pu:2");
    const temporary_file file(large.to_xml());
    ASSERT_GT(std::filesystem::file_size(file.path()), 2 * 65536U);
    EXPECT_EQ(fingerprint(topology::from_xml_file(file.path())), fingerprint(large));
}

// A sparse file.
TEST(xml, is_no_larger_than_64_mib) {
    const auto why = [](const std::string& path) -> std::string {
        try {
            static_cast<void>(topology::from_xml_file(path));
        } catch (const placement_error& error) {
            return error.what();
        }
        return "";
    };
    const temporary_file file;
    std::filesystem::resize_file(file.path(), std::size_t{64} << 20);
    EXPECT_THAT(why(file.path()), HasSubstr("this is not an hwloc topology"));
    std::filesystem::resize_file(file.path(), (std::size_t{64} << 20) + 1);
    EXPECT_EQ(why(file.path()),
              "topology file '" + file.path() +
                  "' is larger than 64 MiB, the most that is read; save one with 'weir topo --save machine.xml' "
                  "on the target machine");
}

TEST(xml, that_is_written_describes_the_hardware_and_not_its_owner) {
    std::string infos;
    for (const auto* name : {"HostName", "DMIProductSerial", "DMIProductUUID", "DMIBoardAssetTag"})
        infos += "<info name=\"" + std::string(name) + "\" value=\"of one machine\"/>\n";
    for (const auto* value : {"HostName", "Serial", "UUID", "AssetTag"})
        infos += "<info name=\"Like" + std::to_string(infos.size()) + "\" value=\"a " + value + " of many\"/>\n";
    const auto text = topology::from_xml(machine(infos + node + core(0, "0x1") + core(1, "0x2")), "x.xml").to_xml();
    EXPECT_EQ(text.find("of one machine"), std::string::npos);
    for (const auto* value : {"HostName", "Serial", "UUID", "AssetTag"})
        EXPECT_THAT(text, HasSubstr("\"a " + std::string(value) + " of many\""));
    EXPECT_EQ(fingerprint(topology::from_xml(text, "again")), fingerprint(topology::from_xml(whole(), "x.xml")));
}

// ---- Pairs of PUs with and without a local NUMA node

TEST(pairs, of_one_numa_node_come_before_those_that_avoid_the_core_of_pu_0) {
    const auto all = topology::synthetic("pack:1 numa:2 core:2 pu:1").to_xml();
    const auto three =
        topology::from_xml(with(all, "allowed_cpuset=\"0x0000000f\"", "allowed_cpuset=\"0x00000007\""), "x");
    ASSERT_EQ(three.allowed(), (pu_set{0, 1, 2}));
    ASSERT_NE(three.pu(1).numa_node, three.pu(2).numa_node);
    const auto pair = three.choose_pair(weir::pair_policy::automatic);
    EXPECT_EQ(pair.producer, 0U);
    EXPECT_EQ(pair.consumer, 1U);
}

TEST(pairs, across_numa_nodes_take_two_pus_that_have_one) {
    const auto part = [](unsigned number, const std::string& bit, bool has_memory) {
        const auto memory = object("NUMANode", " os_index=\"0\" gp_index=\"5\" local_memory=\"1024\"" + sets(bit));
        return object(
            "Package",
            " os_index=\"" + std::to_string(number) + "\" gp_index=\"" + std::to_string(30 + number) + "\"" + sets(bit),
            (has_memory ? memory : "") + core(number, bit));
    };
    for (const bool first : {false, true}) {
        const auto half = topology::from_xml(machine(part(0, "0x1", first) + part(1, "0x2", !first)), "half.xml");
        ASSERT_EQ(half.pu(0).numa_node.has_value(), first);
        ASSERT_EQ(half.pu(1).numa_node.has_value(), !first);
        try {
            static_cast<void>(half.choose_pair(weir::pair_policy::cross_numa));
            ADD_FAILURE() << "one of them is on no NUMA node";
        } catch (const placement_error& error) {
            EXPECT_THAT(error.what(), HasSubstr("are all on one NUMA node"));
        }
    }
}

// ---- Synthetic descriptions

TEST(synthetic, is_limited_to_65536_pus) {
    const auto why = [](const std::string& text) -> std::string {
        try {
            static_cast<void>(topology::synthetic(text));
        } catch (const placement_error& error) {
            return error.what();
        }
        return "";
    };
    for (const auto* text : {"pack:2 core:2 pu:1", "2 2", "pack:2 pu:2 ", "core:9 pu:1", "pack:2 [numa][numa] pu:1",
                             "l3:2(size=1) pu:2(indexes=65535,1,2,3)", "core:2 pu:2(indexes=core:pu)", "group:2 pu:1"})
        EXPECT_EQ(why(text), "") << text;
    for (const auto* text : {"pack:2 numa", "pack:2 (x", "pack:2 [numa", "pack: core:2", "pack:x", ":2", "core 2",
                             "misc:2 pu:1", "pci:2 pu:1", "(size=1", "pu:2)"})
        EXPECT_THAT(why(text), HasSubstr("is not a synthetic topology that hwloc can read")) << text;
    for (const auto* text :
         {"pu:65537", "pack:2 pu:32769", "pack:65536 pu:2", "pu:1(indexes=65536)", "pu:2(indexes=1,65536)",
          "pack:256 core:256 pu:2", "70000 pu:1", "pack:2 pu:9223372036854775808", "pu:99999999999999999999"})
        EXPECT_THAT(why(text), HasSubstr("has more than 65536 PUs: ask for fewer")) << text;
    // Only checked, not built: hwloc would need gigabytes for these.
    for (const auto* text : {"pu:65536", "pack:2 pu:32768", "pack:32768 pu:2", "pack:65536 pu:1", "pack:256 core:256"})
        EXPECT_NO_THROW(weir::check_synthetic(text)) << text;
}

}  // namespace
