// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace audio {

/// Where the reader gets its frames from: a sound file, or memory in a test. Used by the reader thread alone, which may block
/// here; the first three never change and may be asked by any thread.
class source {
public:
    source() = default;
    source(const source&) = delete;
    source& operator=(const source&) = delete;
    virtual ~source() = default;

    virtual int channels() const noexcept = 0;
    virtual double rate_hz() const noexcept = 0;
    virtual std::uint64_t frames() const noexcept = 0;

    /// The next read() begins at this frame, which is below frames(). False: it cannot.
    virtual bool seek(std::uint64_t frame) noexcept = 0;
    /// Writes up to `frames` interleaved frames. Returns how many; fewer than asked for before the end means that reading failed.
    virtual std::size_t read(float* into, std::size_t frames) noexcept = 0;
};

}  // namespace audio
