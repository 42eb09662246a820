// SPDX-License-Identifier: MIT
//
// What goes over the network and into files, without servers: frames, records, journals, and the ledger of finished items.
#include "src/jetstream/frame.hpp"
#include "src/jetstream/journal.hpp"
#include "src/jetstream/ledger.hpp"
#include "src/jetstream/record.hpp"
#include "test/jetstream/cluster.hpp"

#include <weir/jetstream/codec.hpp>
#include <weir/jetstream/link.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace {

using namespace weir::jetstream;
using testing::AnyOf;
using testing::HasSubstr;
using weir_test::folder;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string a_frame() {
    frame_writer writer;
    writer.clear();
    writer.append("one");
    writer.append("");
    writer.append("three");
    return std::string(
        writer.finish({.epoch = 7, .first = 10, .base = 9, .end = 13, .generation = 2, .flags = frame::begins}));
}

TEST(jetstream_frame, comes_back_as_it_was_written) {
    const std::string bytes = a_frame();
    const auto read = parse_frame(bytes_of(bytes));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->epoch, 7U);
    EXPECT_EQ(read->first, 10U);
    EXPECT_EQ(read->base, 9U);
    EXPECT_EQ(read->end, 13U);
    EXPECT_EQ(read->generation, 2U);
    EXPECT_EQ(read->flags, frame::begins);
    ASSERT_EQ(read->items.size(), 3U);
    EXPECT_EQ(read->items[0].size(), 3U);
    EXPECT_EQ(read->items[1].size(), 0U);
    EXPECT_EQ(read->items[2].size(), 5U);
}

TEST(jetstream_frame, that_is_cut_off_or_too_long_is_none) {
    const std::string bytes = a_frame();
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(parse_frame(bytes_of(bytes.substr(0, n)))) << n << " bytes";
    EXPECT_FALSE(parse_frame(bytes_of(bytes + "x")));
}

TEST(jetstream_frame, with_a_length_beyond_its_end_reads_nothing_outside) {
    const std::string bytes = a_frame();
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (const char c : {'\0', '\x7f', '\xff'}) {
            std::string changed = bytes;
            changed[at] = c;
            if (const auto read = parse_frame(bytes_of(changed)))
                for (const auto& item : read->items) {
                    ASSERT_GE(reinterpret_cast<const char*>(item.data()), changed.data());
                    ASSERT_LE(reinterpret_cast<const char*>(item.data()) + item.size(),
                              changed.data() + changed.size());
                }
        }
}

TEST(jetstream_frame, drops_the_item_that_did_not_fit) {
    frame_writer writer;
    writer.clear();
    writer.append("kept");
    writer.append("too much");
    writer.drop_item();
    const std::string bytes(writer.finish({.first = 0, .end = 1}));
    const auto read = parse_frame(bytes_of(bytes));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->items.size(), 1U);
}

TEST(jetstream_record, comes_back_as_it_was_written) {
    const auto read = parse_record(to_text({3, 100, 612, 57, 2, "quote"}));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->epoch, 3U);
    EXPECT_EQ(read->finished, 100U);
    EXPECT_EQ(read->limit, 612U);
    EXPECT_EQ(read->stream, 57U);
    EXPECT_EQ(read->producer, 2U);
    EXPECT_EQ(read->type, "quote");
}

TEST(jetstream_record, that_contradicts_itself_or_is_another_programs_is_none) {
    EXPECT_FALSE(parse_record(""));
    EXPECT_FALSE(parse_record("weir-link 1 epoch=1"));
    EXPECT_FALSE(parse_record("weir-link 2 epoch=3 finished=1 limit=2 stream=5 producer=1 type=x"));
    EXPECT_FALSE(parse_record("weir-link 1 epoch=3 finished=9 limit=2 stream=5 producer=1 type=x"));
    EXPECT_FALSE(parse_record("weir-link 1 epoch=-3 finished=1 limit=2 stream=5 producer=1 type=x"));
    EXPECT_TRUE(parse_record("weir-link 1 epoch=3 finished=1 limit=2 stream=5 producer=1 new=7 type=x"));
}

TEST(jetstream_codec, refuses_bytes_of_another_size) {
    std::uint32_t out = 5;
    EXPECT_FALSE(plain_bytes<std::uint32_t>::decode(bytes_of("abc"), out));
    EXPECT_EQ(out, 5U);
    std::string bytes;
    plain_bytes<std::uint32_t>::encode(77, bytes);
    EXPECT_TRUE(plain_bytes<std::uint32_t>::decode(bytes_of(bytes), out));
    EXPECT_EQ(out, 77U);
}

TEST(jetstream_ledger, floor_rises_over_what_is_finished_without_a_gap) {
    ledger finished(100, 4);
    finished.finish(101);
    finished.finish(103);
    EXPECT_EQ(finished.floor(), 100U);
    finished.finish(100);
    EXPECT_EQ(finished.floor(), 102U);
    finished.finish(102);
    EXPECT_EQ(finished.floor(), 104U);
}

TEST(jetstream_ledger, ignores_numbers_that_are_not_outstanding) {
    ledger finished(100, 4);
    finished.finish(99);
    finished.finish(104);
    finished.finish(static_cast<std::uint64_t>(-1));
    EXPECT_EQ(finished.floor(), 100U);
    finished.finish(100);
    finished.finish(100);
    EXPECT_EQ(finished.floor(), 101U);
}

TEST(jetstream_ledger, goes_round_its_bits_many_times) {
    ledger finished(0, 7);
    for (std::uint64_t n = 0; n < 1000; n += 5) {
        for (std::uint64_t i = 5; i-- > 0;) finished.finish(n + i);
        ASSERT_EQ(finished.floor(), n + 5);
    }
}

TEST(jetstream_ledger, skips_numbers_that_never_come_and_waits_for_those_in_hand) {
    ledger finished(0, 10);
    finished.skip(3, 8);
    EXPECT_EQ(finished.floor(), 0U);
    for (const std::uint64_t n : {0U, 1U, 2U}) finished.finish(n);
    EXPECT_EQ(finished.floor(), 8U);
    finished.raise_to(9);
    EXPECT_EQ(finished.floor(), 9U);
    finished.skip(9, 1000);
    EXPECT_EQ(finished.floor(), 1000U) << "further than its bits reach";
}

TEST(jetstream_journal, gives_back_what_was_flushed_and_is_unfinished) {
    const folder in;
    {
        journal out(in / "journal", "orders", false);
        EXPECT_TRUE(out.is_new());
        out.begin_at(40);
        for (const char* item : {"a", "", "ccc"}) out.append(item);
        out.flush();
        out.append("never flushed");
        out.forget_below(41);
    }
    const journal back(in / "journal", "orders", false);
    EXPECT_FALSE(back.is_new());
    EXPECT_EQ(back.end(), 43U);
    EXPECT_EQ(back.item(42), "ccc");
    EXPECT_EQ(back.item(41), "");
}

TEST(jetstream_journal, drops_a_record_that_is_cut_off_anywhere) {
    const folder in;
    {
        journal out(in / "journal", "orders", false);
        out.begin_at(0);
        out.append("first");
        out.append("second");
        out.flush();
    }
    std::ifstream file(in / "journal", std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    const std::size_t second = whole.size() - 20 - 6;
    for (std::size_t n = second; n < whole.size(); ++n) {
        std::ofstream(in / "cut", std::ios::binary) << whole.substr(0, n);
        journal back(in / "cut", "orders", false);
        ASSERT_EQ(back.end(), 1U) << n << " of " << whole.size() << " bytes";
        back.append("again");
        back.flush();
    }
    const journal back(in / "cut", "orders", false);
    EXPECT_EQ(back.item(1), "again");
}

template <class Action>
std::string refusal_of(Action action) {
    try {
        action();
    } catch (const error& refused) {
        return refused.what();
    }
    return "nothing was refused";
}

TEST(jetstream_journal, refuses_what_it_cannot_trust) {
    const folder in;
    {
        journal out(in / "journal", "orders", false);
        out.begin_at(0);
        for (int i = 0; i < 10; ++i) out.append("an item");
        out.flush();
        EXPECT_THAT(refusal_of([&] { journal twice(in / "journal", "orders", false); }),
                    HasSubstr("is in use by a process"));
    }
    EXPECT_THAT(refusal_of([&] { journal other(in / "journal", "quotes", false); }),
                HasSubstr("not of the link 'quotes'"));
    std::fstream file(in / "journal", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(80);
    file.put('!');
    file.close();
    EXPECT_THAT(refusal_of([&] { journal damaged(in / "journal", "orders", false); }), HasSubstr("is damaged at byte"));
    std::ofstream(in / "text") << "my diary\n";
    EXPECT_THAT(refusal_of([&] { journal text(in / "text", "orders", false); }), HasSubstr("is no journal of weir"));
    EXPECT_THAT(refusal_of([&] { journal nowhere(in / "no/such/folder", "orders", false); }),
                HasSubstr("cannot be opened"));
}

void put(const std::filesystem::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(jetstream_journal, leaves_a_file_without_a_line_that_is_not_its_own) {
    const folder in;
    for (const std::string text : {"secret of one line", "weir journal 1 link=quotes first=0", "weir journal 2"}) {
        put(in / "token", text);
        EXPECT_THAT(refusal_of([&] { journal token(in / "token", "orders", false); }),
                    AnyOf(HasSubstr("'orders'"), HasSubstr("is no journal of weir")))
            << text;
        EXPECT_EQ(text_of(in / "token"), text);
    }
    for (const std::string text :
         {"", "weir jour", "weir journal 1 link=orders fir", "weir journal 1 link=orders first=12"}) {
        put(in / "begun", text);
        EXPECT_TRUE(journal(in / "begun", "orders", false).is_new()) << text;
    }
}

TEST(jetstream_journal, leaves_later_records_when_the_length_of_one_is_damaged) {
    const folder in;
    {
        journal out(in / "journal", "orders", false);
        out.begin_at(0);
        for (const char* const item : {"first", "second", "third"}) out.append(item);
        out.flush();
    }
    std::string text = text_of(in / "journal");
    const auto head = text.find('\n') + 1;
    for (const char high : {'\x00', '\x7f'}) {
        std::string damaged = text;
        // To a length beyond the file, and to one that ends where the file ends.
        damaged[head + 3] = high;
        if (high == 0) damaged[head] = static_cast<char>(text.size() - head - 20);
        put(in / "damaged", damaged);
        EXPECT_THAT(refusal_of([&] { journal back(in / "damaged", "orders", false); }),
                    HasSubstr("is damaged at byte"));
        EXPECT_EQ(text_of(in / "damaged"), damaged);
    }
}

TEST(jetstream_journal, that_is_written_anew_keeps_its_permissions_and_its_symbolic_link) {
    const folder in;
    put(in / "file", "");
    put(in / "other", "another file");
    using std::filesystem::perms;
    std::filesystem::permissions(in / "file", perms::owner_read | perms::owner_write);
    std::filesystem::create_symlink("file", in / "journal");
    std::filesystem::create_symlink("other", in / "file.part");
    {
        journal out(in / "journal", "orders", true);
        out.begin_at(3);
        out.append("first");
        out.flush();
    }
    EXPECT_TRUE(std::filesystem::is_symlink(in / "journal"));
    EXPECT_EQ(std::filesystem::status(in / "file").permissions(), perms::owner_read | perms::owner_write);
    EXPECT_EQ(text_of(in / "other"), "another file");
    EXPECT_EQ(journal(in / "journal", "orders", true).end(), 4U);
}

TEST(jetstream_journal, says_that_the_disk_is_full_and_keeps_what_was_whole) {
    const folder in;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
    {
        journal out(in / "journal", "orders", false);
        out.begin_at(0);
        out.append("whole");
        out.flush();
        rlimit tight = before;
        tight.rlim_cur = 4096;  // stands in for the disk's end
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
        out.append(std::string(8192, 'x'));
        EXPECT_THAT(refusal_of([&] { out.flush(); }),
                    HasSubstr("cannot be written: File too large; nothing was published"));
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    }
    (void)::signal(SIGXFSZ, ignored);
    const journal back(in / "journal", "orders", false);
    EXPECT_EQ(back.end(), 1U);
    EXPECT_EQ(back.item(0), "whole");
}

TEST(jetstream_journal, stays_small_however_much_goes_through_it) {
    const folder in;
    journal out(in / "journal", "orders", false);
    out.begin_at(0);
    const std::string item(1000, 'x');
    for (std::uint64_t n = 0; n < 20000; ++n) {
        out.append(item);
        out.flush();
        if (n >= 10) out.forget_below(n - 10);
        if (n % 1000 == 0) {
            ASSERT_LT(std::filesystem::file_size(in / "journal"), std::uintmax_t{2} << 20);
        }
    }
    EXPECT_EQ(out.end(), 20000U);
}

struct shy {
    int n;
    void operator&() const = delete;
};

TEST(jetstream_codec, takes_no_address_by_an_operator_of_the_item) {
    std::string bytes;
    weir::jetstream::plain_bytes<shy>::encode(shy{5}, bytes);
    shy out{0};
    EXPECT_TRUE(weir::jetstream::plain_bytes<shy>::decode(std::as_bytes(std::span(bytes)), out));
    EXPECT_EQ(out.n, 5);
}

}  // namespace
