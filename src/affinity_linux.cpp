// SPDX-License-Identifier: MIT
#include <weir/affinity.hpp>

#include "cpu_list.hpp"
#include "thread_affinity.hpp"

#include <sched.h>
#include <sys/types.h>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace weir {
namespace {

// The kernel's mask: bit n is PU n, in words of unsigned long; at least as long as the kernel's own mask.
using mask_words = std::vector<unsigned long>;
constexpr unsigned word_bits = sizeof(unsigned long) * CHAR_BIT;

mask_words to_mask(const pu_set& pus) {
    mask_words words;
    for (const unsigned pu : pus) {
        words.resize(pu / word_bits + 1);
        words.back() |= 1UL << pu % word_bits;
    }
    return words;
}

pu_set to_pu_set(const mask_words& words) {
    std::vector<unsigned> pus;
    for (unsigned word = 0; word < words.size(); ++word)
        for (unsigned bit = 0; bit < word_bits; ++bit)
            if (words[word] >> bit & 1UL) pus.push_back(word * word_bits + bit);
    return pu_set(std::move(pus));
}

// Returns 0 or an errno value.
int set_mask(const pu_set& pus) { return set_thread_affinity(0, pus); }

std::string bounded(const std::optional<pu_set>& pus, const char* verb) {
    return pus && !pus->empty() ? " (" + pus->to_string() + " " + verb + ")" : "";
}

[[noreturn]] void throw_refusal(unsigned pu, int error) {
    const auto number = std::to_string(pu);
    const auto present = read_cpu_list_file("/sys/devices/system/cpu/present");
    const auto online = read_cpu_list_file("/sys/devices/system/cpu/online");
    if (present && !present->contains(pu))
        throw placement_error("there is no PU " + number + " here" + bounded(online, "are online") +
                              "; run 'weir topo' to see them");
    if (online && !online->contains(pu))
        throw placement_error("PU " + number + " is offline" + bounded(online, "are online") +
                              "; name another, or bring it back by writing 1 to /sys/devices/system/cpu/cpu" + number +
                              "/online");
    if (error != EINVAL)  // such as EPERM from a seccomp filter
        throw placement_error("the kernel refuses to pin a thread to PU " + number + ": " + std::strerror(error) +
                              "; a sandbox around this process may forbid sched_setaffinity");
    throw placement_error("PU " + number + " is not in this process's cgroup" +
                          bounded(this_thread_affinity(), "can be used") +
                          "; name another, or widen the cgroup's cpuset");
}

}  // namespace

// Thread 0 means the calling thread.
int set_thread_affinity(long thread, const pu_set& pus) {
    const auto words = to_mask(pus);
    const auto* const mask = reinterpret_cast<const cpu_set_t*>(words.data());
    const auto id = static_cast<pid_t>(thread);
    return ::sched_setaffinity(id, words.size() * sizeof words[0], mask) == 0 ? 0 : errno;
}

std::optional<pu_set> thread_affinity(long thread) {
    const auto id = static_cast<pid_t>(thread);
    // The kernel answers EINVAL to a buffer shorter than its own mask, but does not report the required length.
    for (mask_words words(1024 / word_bits); words.size() * word_bits <= std::size_t{16} * (pu_set::max_pu + 1);
         words.resize(words.size() * 2))
        if (::sched_getaffinity(id, words.size() * sizeof words[0], reinterpret_cast<cpu_set_t*>(words.data())) == 0)
            return to_pu_set(words);
        else if (errno != EINVAL)
            break;
    return std::nullopt;
}

pu_set this_thread_affinity() {
    if (auto found = thread_affinity(0)) return *std::move(found);
    throw placement_error(std::string("the kernel does not report this thread's affinity: ") + std::strerror(errno));
}

pu_set set_this_thread_affinity(const pu_set& pus) {
    if (pus.empty()) throw placement_error("no PU was given to run a thread on: name at least one");
    if (const auto last = *(pus.end() - 1); last > pu_set::max_pu) throw_refusal(last, EINVAL);
    const auto before = this_thread_affinity();
    if (const int error = set_mask(pus))  // EINVAL: none of them is available
        throw_refusal(pus.front(), error);
    auto now = this_thread_affinity();
    if (now == pus) return now;
    // The kernel silently drops the PUs of a mask that it does not grant.
    set_mask(before);
    throw placement_error("the kernel grants only PUs " + now.to_string() + " of " + pus.to_string() +
                          "; leave out the others, or widen the cgroup's cpuset");
}

pu_set pin_this_thread(unsigned pu) {
    const auto before = this_thread_affinity();
    auto mask = set_this_thread_affinity(pu_set{pu});
    if (const auto here = current_pu(); here != pu) {
        set_mask(before);
        throw placement_error("this thread was pinned to PU " + std::to_string(pu) + ", but the kernel runs it on PU " +
                              std::to_string(here) +
                              "; the sandbox or emulator around this process does not pin threads");
    }
    return mask;
}

unsigned current_pu() {
    const int pu = ::sched_getcpu();
    if (pu < 0)
        throw placement_error(std::string("the kernel does not report which PU this thread is on: ") +
                              std::strerror(errno));
    return static_cast<unsigned>(pu);
}

}  // namespace weir
