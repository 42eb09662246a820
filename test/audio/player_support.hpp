// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "examples/audio/player.hpp"

namespace weir_test {

/// Frames in memory. Each sample has a value of its own, so that a lost, doubled or moved one is seen.
class numbered_source : public audio::source {
public:
    numbered_source(int channels, std::uint64_t frames, double rate_hz = 48'000)
        : channels_(channels), frames_(frames), rate_hz_(rate_hz) {}

    static float sample(int channels, std::uint64_t frame, int channel) {
        return static_cast<float>(frame * static_cast<std::uint64_t>(channels) + static_cast<std::uint64_t>(channel) +
                                  1);
    }
    float sample(std::uint64_t frame, int channel) const { return sample(channels_, frame, channel); }

    int channels() const noexcept override { return channels_; }
    double rate_hz() const noexcept override { return rate_hz_; }
    std::uint64_t frames() const noexcept override { return frames_; }

    bool seek(std::uint64_t frame) noexcept override {
        next_ = frame;
        return can_seek;
    }
    std::size_t read(float* into, std::size_t frames) noexcept override {
        if (delay.count() > 0) std::this_thread::sleep_for(delay);
        const std::uint64_t end = std::min({next_ + frames, frames_, fails_at.load()});
        std::size_t done = 0;
        for (; next_ < end; ++next_, ++done) {
            for (int c = 0; c < channels_; ++c) *into++ = sample(next_, c);
        }
        return done;
    }

    std::atomic<std::uint64_t> fails_at{~std::uint64_t{0}};
    std::atomic<bool> can_seek{true};
    std::chrono::microseconds delay{0};

private:
    const int channels_;
    const std::uint64_t frames_;
    const double rate_hz_;
    std::uint64_t next_ = 0;
};

/// Where a callback writes.
class output {
public:
    output(int channels, int frames)
        : samples_(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames), -1.0F)) {
        for (auto& channel : samples_) pointers_.push_back(channel.data());
    }

    float* const* data() { return pointers_.data(); }
    const std::vector<float>& operator[](int channel) const { return samples_[static_cast<std::size_t>(channel)]; }

private:
    std::vector<std::vector<float>> samples_;
    std::vector<float*> pointers_;
};

}  // namespace weir_test
