// SPDX-License-Identifier: MIT
#pragma once

// Which processing units (PUs, the kernel's "CPUs") a thread may run on: ask, pin, and read back what the kernel made
// of it. PU numbers are the kernel's own, as taskset, /proc and /sys write them.

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A placement that cannot be had. what() is one sentence for a person: the value, the bound, the remedy.
class placement_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An ordered set of PU numbers.
class pu_set {
public:
    using value_type = unsigned;
    using const_iterator = std::vector<unsigned>::const_iterator;

    /// No PU is numbered higher: a bound on what input may make us allocate, eight times what Linux can be built for.
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
    /// What is in a and not in b.
    friend pu_set operator-(const pu_set& a, const pu_set& b);

private:
    std::vector<unsigned> pus_;  // ascending, each once
};

/// Lets the calling thread run on `pu` only, and moves it there before returning. Reads the kernel's mask and the PU
/// it runs on back, and returns that mask: always exactly {pu}. Any thread, for itself.
/// Throws placement_error where the kernel refuses or the read-back differs; the affinity is then what it was before.
/// This is the bare mechanism: it obeys the kernel only. weir::topology::bind_this_thread also knows the machine.
pu_set pin_this_thread(unsigned pu);

/// The same for several PUs: the thread may then run on any of `pus`, all of which the kernel must grant.
/// With what this_thread_affinity() said earlier, it undoes a pin.
pu_set set_this_thread_affinity(const pu_set& pus);

/// The PUs that the calling thread may run on now. Throws placement_error where the system cannot tell.
[[nodiscard]] pu_set this_thread_affinity();

/// The PUs that this process was started on: the main thread's affinity, read before main() ran, so that what
/// taskset, a service manager or a batch system gave us is still known after threads were pinned. Empty where the
/// system cannot tell.
[[nodiscard]] const pu_set& startup_affinity();

/// The PU that the calling thread was on a moment ago; it is still there only if it is pinned.
/// Throws placement_error where the system cannot tell.
[[nodiscard]] unsigned current_pu();

}  // namespace weir
