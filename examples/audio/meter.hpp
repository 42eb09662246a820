// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace audio {

inline constexpr int most_channels = 8;

struct level {
    float peak = 0;  ///< the largest absolute value
    float rms = 0;   ///< the root of the mean square
};

/// The levels of each channel over the last full window. A reader that looks once per window, or more often, sees every peak.
class meter {
public:
    explicit meter(int window_frames = 1) noexcept : window_frames_(window_frames) {}

    void add(const float* const* out, int channels, int frames) noexcept {
        for (int done = 0; done < frames;) {
            const int n = std::min(frames - done, window_frames_ - filled_);
            for (int c = 0; c < channels; ++c) add(out[c] + done, n, sums_[static_cast<std::size_t>(c)]);
            done += n;
            filled_ += n;
            if (filled_ == window_frames_) end_window();
        }
    }

    const std::array<level, most_channels>& levels() const noexcept { return levels_; }

private:
    struct sum {
        float peak = 0;
        double squares = 0;
    };

    static void add(const float* samples, int n, sum& to) noexcept {
        for (int i = 0; i < n; ++i) {
            to.peak = std::max(to.peak, std::abs(samples[i]));
            to.squares += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
        }
    }
    void end_window() noexcept {
        for (std::size_t c = 0; c < sums_.size(); ++c) {
            levels_[c] = {sums_[c].peak, static_cast<float>(std::sqrt(sums_[c].squares / window_frames_))};
        }
        sums_ = {};
        filled_ = 0;
    }

    int window_frames_;
    int filled_ = 0;
    std::array<sum, most_channels> sums_{};
    std::array<level, most_channels> levels_{};
};

/// A gain that moves to its target in a straight line.
class ramp {
public:
    explicit ramp(int frames = 1) noexcept : frames_(frames) {}

    void jump_to(float target) noexcept {
        target_ = target;
        left_ = 0;
    }
    void move_to(float target) noexcept {
        const float from = now();
        target_ = target;
        left_ = from == target ? 0 : frames_;
        step_ = (target - from) / static_cast<float>(frames_);
    }

    /// The gain of the next frame. The last one of a ramp is the target exactly.
    float next() noexcept {
        if (left_ > 0) --left_;
        return now();
    }
    float now() const noexcept { return left_ == 0 ? target_ : target_ - step_ * static_cast<float>(left_); }
    int frames_left() const noexcept { return left_; }

private:
    int frames_;
    int left_ = 0;
    float target_ = 1;
    float step_ = 0;
};

}  // namespace audio
