// SPDX-License-Identifier: MIT
#pragma once

// Which processing units (PUs, the kernel's "CPUs") a thread may run on: query, pin, and verify with the kernel. PU
// numbers are the kernel's own, as in taskset, /proc and /sys.

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Thrown when a requested placement is impossible. what() is one readable sentence: the value, the bound, the
/// remedy.
class placement_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An ordered set of PU numbers.
class pu_set {
public:
    using value_type = unsigned;
    using const_iterator = std::vector<unsigned>::const_iterator;

    /// The highest PU number that parse() accepts, and that a thread can be pinned to. It limits how much memory untrusted input can make
    /// us allocate; Linux supports at most an eighth of it.
    static constexpr unsigned max_pu = 65535;

    pu_set() = default;
    pu_set(std::initializer_list<unsigned> pus);
    explicit pu_set(std::vector<unsigned> pus);

    /// Reads the list format of taskset and the kernel: "0,2-3", "0-30:2" (every second one), "" for the empty set.
    /// Throws placement_error on anything else.
    [[nodiscard]] static pu_set parse(std::string_view list);

    /// Writes that format, without strides: "0,2-3".
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] std::size_t size() const noexcept { return pus_.size(); }
    [[nodiscard]] bool empty() const noexcept { return pus_.empty(); }
    [[nodiscard]] bool contains(unsigned pu) const noexcept;
    [[nodiscard]] bool contains(const pu_set& other) const noexcept;
    /// Precondition: !empty().
    [[nodiscard]] unsigned front() const { return pus_.front(); }
    [[nodiscard]] const_iterator begin() const noexcept { return pus_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return pus_.end(); }

    void insert(unsigned pu);

    [[nodiscard]] friend bool operator==(const pu_set&, const pu_set&) = default;
    friend pu_set operator&(const pu_set& a, const pu_set& b);
    friend pu_set operator|(const pu_set& a, const pu_set& b);
    /// The PUs in a that are not in b.
    friend pu_set operator-(const pu_set& a, const pu_set& b);

private:
    std::vector<unsigned> pus_;  // ascending, no duplicates
};

/// Restricts the calling thread to `pu` and returns once it runs there. Reads the kernel's affinity mask and the
/// current PU back to verify, and returns that mask: always exactly {pu}. Any thread, for itself only.
/// Throws placement_error if the kernel refuses or the read-back differs; the previous affinity is then restored.
/// This only asks the kernel; weir::topology::bind_this_thread also checks `pu` against the machine.
pu_set pin_this_thread(unsigned pu);

/// The same for several PUs: the thread may then run on any of `pus`; the kernel must grant all of them. Pass an
/// earlier result of this_thread_affinity() to undo a pin.
pu_set set_this_thread_affinity(const pu_set& pus);

/// The PUs that the calling thread may run on now. Throws placement_error if the system does not report them.
[[nodiscard]] pu_set this_thread_affinity();

/// The PUs that this process was started on: the main thread's affinity, read before main() ran (in a plug-in: the
/// loading thread's, when it was loaded). It preserves the mask set by taskset, a service manager or a batch system even after threads
/// were pinned. Empty if the system does not report it.
[[nodiscard]] const pu_set& startup_affinity();

/// The PU that the calling thread is running on. The answer may be stale as soon as it is returned, unless the thread
/// is pinned. Throws placement_error if the system does not report it.
[[nodiscard]] unsigned current_pu();

}  // namespace weir
