// SPDX-License-Identifier: MIT
//
// The newest value of something: a meter, a price, a set of parameters. It is no queue: a new value replaces the old one.
//
//     weir::latest<levels> meter;
//
//     meter.write({left, right});                       // the audio callback: wait-free
//     draw(meter.read());                               // the window, as often as it likes
//
//     std::uint64_t seen = 0;
//     if (auto now = meter.read_if_newer(seen)) ...     // only what this reader has not seen yet
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/versions.hpp"
#include "weir/status.hpp"

namespace weir {

/// A value of any size that one thread writes and any number of threads read. Always a whole value, never parts of two. T is
/// trivially copyable. No allocation, no system call, no lock: a thread that is suspended at any step holds up no other one.
///
/// In debug builds a second thread that writes aborts with a sentence: see adopt_writer().
template <class T>
class latest {
    static_assert(
        detail::holds_its_bytes<T>,
        "weir: a weir::message refers to bytes that it does not own; use a message ring, or for several readers one each");

public:
    using value_type = T;
    static constexpr progress write_progress = progress::wait_free;
    static constexpr progress read_progress = progress::lock_free;

    /// Holds `initial`, as version 0.
    explicit latest(const T& initial) noexcept { values_.write(0, initial); }
    latest() noexcept
        requires std::default_initializable<T>
        : latest(initial_value()) {}
    latest(const latest&) = delete;
    latest& operator=(const latest&) = delete;

    /// Replaces the value. One thread. Wait-free; O(sizeof(T)).
    void write(const T& value) noexcept {
        role_.check(
            "a second thread writes to a latest<T>, which has one writer; call adopt_writer() when the role is handed on");
        const std::uint64_t next = newest_.load(detail::relaxed) + 1;  // relaxed: only this thread writes it
        values_.write(next, value);
        newest_.store(next, detail::release);  // (1) release: pairs with (2), hands the version over
    }

    /// The newest value. Any thread. Lock-free: it begins again only if three values were written while it copied one.
    T read() const noexcept {
        std::uint64_t seen;
        return read(seen);
    }
    /// The same, and the version of that value in `version`.
    T read(std::uint64_t& version) const noexcept {
        if constexpr (is_large && std::is_trivially_default_constructible_v<T> && std::is_copy_assignable_v<T>) {
            T out;
            version = read_into(out);
            return out;
        } else {
            for (;;) {
                version = newest_.load(detail::acquire);  // (2) acquire: pairs with (1)
                // relaxed: ordered after the copy by the versions' own pairs
                const auto newer = [&]() noexcept { return newest_.load(detail::relaxed) - version; };
                if (const std::optional<T> value = values_.read(version, newer); value.has_value())
                    return value.value();
            }
        }
    }

    /// Copies the newest value to `out`, which may hold parts of two values meanwhile, and returns its version. For a T that is too
    /// large for the stack.
    std::uint64_t read_into(T& out) const noexcept
        requires std::is_copy_assignable_v<T>
    {
        for (;;) {
            const std::uint64_t version = newest_.load(detail::acquire);  // (2) acquire: as above
            // relaxed: as above
            const auto newer = [&]() noexcept { return newest_.load(detail::relaxed) - version; };
            if (values_.read_to(std::addressof(out), version, newer)) return version;
        }
    }

    /// Returns the newest value, and sets `seen` to its version, if that differs from `seen`; else nothing. Start with seen = 0 to skip the
    /// initial value, or with ~0 to get it. Any thread. Lock-free.
    std::optional<T> read_if_newer(std::uint64_t& seen) const noexcept {
        if (version() == seen) return std::nullopt;
        return read(seen);
    }

    /// How many values were written so far. Any thread. Wait-free.
    std::uint64_t version() const noexcept { return newest_.load(detail::relaxed); }  // relaxed: read() has (2)

    /// The calling thread is the writer from now on. The previous one must have finished, and that must happen before this call.
    void adopt_writer() noexcept { role_.adopt(); }

private:
    static constexpr bool is_large = sizeof(T) > 4096;

    // A large one is no temporary on the stack.
    static decltype(auto) initial_value() noexcept {
        if constexpr (is_large && std::is_trivially_default_constructible_v<T>) {
            static T zero{};
            return static_cast<const T&>(zero);
        } else {
            return T{};
        }
    }

    alignas(detail::separation_bytes) detail::atomic<std::uint64_t> newest_{0};
    detail::versions<T, 4> values_;
    [[no_unique_address]] detail::role_checker role_{};
};

/// Of what cannot be copied so: refused with a sentence, and declared so that nothing else is wrong with a program.
template <class T>
    requires(!detail::is_element<T> || !std::is_trivially_copyable_v<T>)
class latest<T> {
    static_assert(
        detail::is_element<T>,
        "weir: a latest<T> holds an object: not a reference, function or array, nor const, volatile or incomplete; put "
        "an array into a struct");
    static_assert(!detail::is_element<T>,
                  "weir: a latest<T> is copied while it may be overwritten, so T must be trivially copyable");

public:
    using value_type = std::conditional_t<detail::is_element<T>, T, detail::instead_of<T>>;
    template <class... Initial>
    explicit latest(const Initial&...) noexcept;
    template <class Value>
    void write(const Value&) noexcept;
    value_type read() const noexcept;
    value_type read(std::uint64_t&) const noexcept;
    std::uint64_t read_into(value_type&) const noexcept;
    std::optional<value_type> read_if_newer(std::uint64_t&) const noexcept;
    std::uint64_t version() const noexcept;
    void adopt_writer() noexcept;
};

}  // namespace weir
