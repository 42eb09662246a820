// SPDX-License-Identifier: MIT
//
// A player that streams a sound file: what a plug-in or a client of an audio server has inside.
//
//     audio::sound_file file("song.wav");
//     audio::player player(file);
//     if (const std::string problem = player.prepare(48'000, 512); !problem.empty()) ...   // allocates, starts the reader
//     (void)player.play();
//
//     player.process(out, frames);         // the audio callback: for each channel a float*
//
//     draw(player.now().levels);           // the window
//
// Three threads, and what goes from one to another:
//
//     user --> commands (a ring of 64) --> callback --> the newest report (weir::latest) --> user
//                                          callback <-- blocks (a ring) <-- reader
//                                          callback --> the latest order --> reader
//
// process() makes no system call, takes no lock, allocates nothing and throws nothing. Its rings have wait::sleep: a thread that
// waits for one of them sleeps for at most 1 ms and looks again by itself, so the callback never has to wake a thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <weir/latest.hpp>
#include <weir/ring.hpp>
#include <weir/status.hpp>

#include "meter.hpp"
#include "read_ahead.hpp"
#include "source.hpp"

namespace audio {

enum class play_state : std::uint8_t {
    paused,  ///< also before the first play()
    playing,
    pausing,  ///< fades out
    ended,    ///< at the end of the file
};

/// What the callback says after each block. Frames are those of the output: played + silent ones = processed, exactly.
struct report {
    play_state state = play_state::paused;
    bool loops = false;
    std::uint64_t position = 0;  ///< frame of the file that is played next
    std::uint64_t callbacks = 0;
    std::uint64_t processed_frames = 0;
    std::uint64_t played_frames = 0;
    std::uint64_t underruns = 0;          ///< callbacks that found too few frames though the file goes on
    std::uint64_t underrun_frames = 0;    ///< silent for that reason
    std::uint64_t seek_frames = 0;        ///< silent: the reader has not filled the ring yet, after a seek or at first
    std::uint64_t paused_frames = 0;      ///< silent: paused
    std::uint64_t end_frames = 0;         ///< silent: the file has ended
    std::uint64_t ahead_frames = 0;       ///< in the ring now
    std::uint64_t lowest_frames = never;  ///< the fewest that a callback found, once the ring was half full
    std::array<level, most_channels> levels{};

    static constexpr std::uint64_t never = ~std::uint64_t{0};
};

struct player_settings {
    double ahead_s = 0.5;     ///< how much is read ahead, at least
    int block_frames = 1024;  ///< read at a time
    double ramp_s = 0.01;     ///< how long a change of the gain and a fade take
    double window_s = 0.05;   ///< of the meters
    bool has_reader = true;   ///< prepare() starts a reader thread; otherwise call read_one()
};

class player {
public:
    explicit player(source& from, const player_settings& chosen = {}) : source_(from), settings_(chosen) {}
    ~player() { release(); }
    player(const player&) = delete;
    player& operator=(const player&) = delete;

    // ---- the user's thread ------------------------------------------------------------------------------------

    /// Returns an empty string, or one sentence that says why it cannot play. Allocates. Not while process() may run. The player is
    /// then at frame 0, paused and without a loop; commands that were sent before and not carried out yet still come.
    [[nodiscard]] std::string prepare(double rate_hz, int most_frames) {
        release();
        if (std::string problem = problem_with(rate_hz, most_frames); !problem.empty()) return problem;
        const auto frames_in = [&](double seconds) { return std::max(1, static_cast<int>(seconds * rate_hz)); };
        const auto block = static_cast<std::size_t>(settings_.block_frames);
        const std::size_t batch = std::max(block, static_cast<std::size_t>(most_frames));
        const auto ahead = std::max(static_cast<std::size_t>(frames_in(settings_.ahead_s)), 4 * batch);
        stream_ = std::make_unique<read_ahead>(source_, ahead, block);
        enough_frames_ = std::min<std::uint64_t>(2 * batch, source_.frames());
        gain_ = ramp(frames_in(settings_.ramp_s));
        gain_.jump_to(target_gain_);
        meter_ = meter(frames_in(settings_.window_s));
        order_ = {};
        offset_ = 0;
        taken_frames_ = 0;
        is_filling_ = true;
        has_settled_ = false;
        now_ = {};
        newest_.adopt_writer();
        newest_.write(now_);
        if (settings_.has_reader) reader_ = std::thread([this] { stream_->run(); });
        return {};
    }

    /// Ends the reader thread. Not while process() may run. Idempotent.
    void release() noexcept {
        if (stream_) stream_->close();
        if (reader_.joinable()) reader_.join();
    }

    // Commands, of one thread. They return success, or full: more than 64 are waiting, since no callback runs. The next callback
    // carries them out.

    /// Also from the end of the file, then from its beginning.
    [[nodiscard]] weir::status play() noexcept { return commands_.try_push({verb::play, 0, 0}); }
    [[nodiscard]] weir::status pause() noexcept { return commands_.try_push({verb::pause, 0, 0}); }
    /// Goes to this frame, or to the end if it is beyond it. A player that was at the end plays on from there.
    [[nodiscard]] weir::status seek(std::uint64_t frame) noexcept { return commands_.try_push({verb::seek, frame, 0}); }
    /// A factor, not decibels.
    [[nodiscard]] weir::status set_gain(float factor) noexcept { return commands_.try_push({verb::gain, 0, factor}); }
    [[nodiscard]] weir::status set_loop(bool loops) noexcept { return commands_.try_push({verb::loop, loops, 0}); }

    // ---- any thread -------------------------------------------------------------------------------------------

    /// The newest report of the callback.
    report now() const noexcept { return newest_.read(); }

    /// While it is on, process() waits for the reader instead of playing silence: for a host that renders into a file, faster or
    /// slower than real time. Then, and only then, process() makes system calls.
    void set_offline(bool on) noexcept { is_offline_.store(on, std::memory_order_relaxed); }  // relaxed: a flag alone

    int channels() const noexcept { return source_.channels(); }
    /// After prepare(): more frames than this are never ahead of the callback.
    std::size_t most_ahead_frames() const noexcept { return stream_->most_frames(); }
    /// Whether the source could not be read, and the player therefore has ended early. After prepare().
    bool has_failed() const noexcept { return stream_->has_failed(); }

    // ---- the reader's thread, if prepare() starts none -----------------------------------------------------------

    /// Reads one block ahead if there is room. Returns whether it did something.
    bool read_one() noexcept { return stream_->read_one(); }

    // ---- the audio thread -------------------------------------------------------------------------------------

    /// Writes the next frames to out[0] ... out[channels() - 1]. After prepare(). At most the ring's frames are dropped, after a
    /// seek, and what is copied is `frames`: the time it takes is bounded.
    void process(float* const* out, int frames) noexcept {
        // Hosts call from whichever of their threads is free, one at a time. In a release build this does nothing.
        commands_.adopt_consumer();
        stream_->adopt_consumer();
        newest_.adopt_writer();

        commands_.consume([this](const command& c) noexcept { carry_out(c); });
        output to{out, frames};
        fill_after_seek();
        note_lowest();
        play_blocks(to);
        add_silence(to);
        meter_.add(out, channels(), frames);

        ++now_.callbacks;
        now_.processed_frames += static_cast<std::uint64_t>(frames);
        now_.ahead_frames = ahead_frames();
        now_.levels = meter_.levels();
        newest_.write(now_);
    }

private:
    enum class verb : std::uint8_t { play, pause, seek, gain, loop };
    struct command {
        verb what;
        std::uint64_t number;
        float factor;
    };
    using bytes = std::span<const std::byte>;

    struct output {
        float* const* channels;
        int frames;
        int done = 0;

        bool is_full() const noexcept { return done == frames; }
        int rest() const noexcept { return frames - done; }
    };

    std::string problem_with(double rate_hz, int most_frames) const {
        const auto text = [](auto value) { return std::to_string(value); };
        if (source_.channels() < 1 || source_.channels() > most_channels)
            return "the file has " + text(source_.channels()) + " channels, and this player takes 1 to " +
                   text(most_channels) + "; mix it down first";
        if (source_.frames() == 0) return "the file has no frames; choose one that has";
        if (source_.rate_hz() != rate_hz)
            return "the file has " + text(std::lround(source_.rate_hz())) + " frames per second and the output " +
                   text(std::lround(rate_hz)) +
                   ", and this player does not resample; convert the file, or change the rate";
        if (!(rate_hz >= 1 && rate_hz <= 768'000))
            return text(rate_hz) + " frames per second; choose a file of 1 to 768000";
        if (most_frames < 1 || most_frames > 65'536)
            return "a callback of " + text(most_frames) + " frames; choose 1 to 65536";
        if (settings_.block_frames < 1 || settings_.block_frames > 65'536)
            return "a block of " + text(settings_.block_frames) + " frames; choose 1 to 65536";
        if (!(settings_.ahead_s > 0 && settings_.ahead_s <= 60))
            return "reading ahead by " + text(settings_.ahead_s) + " s; choose more than 0 and at most 60";
        return {};
    }

    // ---- commands ---------------------------------------------------------------------------------------------

    void carry_out(const command& c) noexcept {
        switch (c.what) {
        case verb::play:
            if (now_.state == play_state::ended) go_to(0);
            if (now_.state != play_state::playing) gain_.move_to(target_gain_);  // fades in what pause() faded out
            now_.state = play_state::playing;
            break;
        case verb::pause:
            if (now_.state != play_state::playing) break;
            if (!is_filling_) gain_.move_to(0);
            now_.state = is_filling_ || gain_.frames_left() == 0 ? play_state::paused : play_state::pausing;
            break;
        case verb::seek:
            if (now_.state == play_state::ended) now_.state = play_state::playing;
            if (now_.state == play_state::pausing) now_.state = play_state::paused;
            go_to(c.number);
            break;
        case verb::gain:
            target_gain_ = c.factor;
            if (now_.state == play_state::playing) {
                is_filling_ ? gain_.jump_to(target_gain_) : gain_.move_to(target_gain_);
            } else if (now_.state != play_state::pausing && gain_.now() != 0) {
                gain_.jump_to(target_gain_);  // it was not faded out, so it need not fade in
            }
            break;
        case verb::loop:
            now_.loops = order_.loops = c.number != 0;
            stream_->order(order_);
            if (now_.loops && now_.state == play_state::ended) {
                now_.state = play_state::playing;
                is_filling_ = true;  // the reader has stopped at the end, too
            }
            break;
        }
    }

    void go_to(std::uint64_t frame) noexcept {
        now_.position = std::min(frame, source_.frames());
        ++order_.generation;
        order_.from = now_.position;
        stream_->order(order_);
        is_filling_ = true;
        has_settled_ = false;
        if (now_.state != play_state::playing) gain_.jump_to(target_gain_);
    }

    // ---- blocks -----------------------------------------------------------------------------------------------

    std::uint64_t ahead_frames() const noexcept {
        // What the reader has just put into the ring may be taken before it is counted.
        const auto ahead = static_cast<std::int64_t>(stream_->frames_read() - taken_frames_);
        return static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 0));
    }
    /// Whether the file goes on after the frames that are ahead.
    bool goes_on() const noexcept {
        if (stream_->has_failed()) return false;
        return now_.loops || now_.position + ahead_frames() < source_.frames();
    }

    static block_header header_of(bytes message) noexcept {
        block_header header;
        std::memcpy(&header, message.data(), sizeof header);
        return header;
    }
    int frames_of(bytes message) const noexcept {
        return static_cast<int>((message.size() - sizeof(block_header)) / sizeof(float)) / channels();
    }

    template <class Visit>
    void visit_blocks(Visit& visit, bool waits) noexcept {
        if (waits) {
            (void)stream_->blocks().consume_some(visit);
        } else {
            (void)stream_->blocks().consume(visit);
        }
    }

    /// After a seek: drops the blocks that are older, and waits for enough of the new ones. Without that, the first callback after
    /// a seek would start with a single block, and the next might find none.
    void fill_after_seek() noexcept {
        if (!is_filling_) return;
        bool has_come = false;
        const auto drop_older = [&](std::uint16_t, bytes message) noexcept {
            has_come = header_of(message).generation == order_.generation;
            if (has_come) return weir::visit::leave;
            taken_frames_ += static_cast<std::uint64_t>(frames_of(message) - offset_);
            offset_ = 0;
            return weir::visit::go_on;
        };
        // relaxed: a flag alone
        const bool waits = is_offline_.load(std::memory_order_relaxed) && now_.state == play_state::playing;
        do {
            visit_blocks(drop_older, waits);
        } while (waits && !has_come && !stream_->is_closed());
        is_filling_ = !has_come || (!waits && goes_on() && ahead_frames() < enough_frames_);
    }

    void play_blocks(output& to) noexcept {
        if (is_filling_) return;
        const auto play = [&](std::uint16_t type, bytes message) noexcept { return play_block(type, message, to); };
        const bool waits = is_offline_.load(std::memory_order_relaxed);  // relaxed: a flag alone
        do {
            if (!is_moving() || to.is_full()) return;
            visit_blocks(play, waits);
        } while (waits && !stream_->is_closed());
    }

    weir::visit play_block(std::uint16_t type, bytes message, output& to) noexcept {
        if (type != static_cast<std::uint16_t>(block_kind::samples)) {
            if (now_.loops && type == static_cast<std::uint16_t>(block_kind::lap_end)) {
                now_.position = 0;
                return weir::visit::go_on;
            }
            now_.state = play_state::ended;
            gain_.jump_to(target_gain_);
            return weir::visit::leave;  // set_loop() may still let it go on from here
        }
        const int all = frames_of(message);
        const int fading = now_.state == play_state::pausing ? gain_.frames_left() : all;
        const int n = std::min({all - offset_, to.rest(), fading});
        copy(message.subspan(sizeof(block_header)), n, to);
        offset_ += n;
        now_.position = header_of(message).position + static_cast<std::uint64_t>(offset_);
        if (now_.state == play_state::pausing && gain_.frames_left() == 0) now_.state = play_state::paused;
        if (offset_ < all) return weir::visit::leave;
        offset_ = 0;
        return is_moving() && !to.is_full() ? weir::visit::go_on : weir::visit::stop;
    }

    bool is_moving() const noexcept { return now_.state == play_state::playing || now_.state == play_state::pausing; }

    /// From interleaved frames, beginning at offset_, to one array for each channel, with the gain.
    void copy(bytes interleaved, int n, output& to) noexcept {
        const int width = channels();
        const auto* from = reinterpret_cast<const float*>(interleaved.data()) + offset_ * width;
        for (int i = 0; i < n; ++i) {
            const float gain = gain_.next();
            for (int c = 0; c < width; ++c) to.channels[c][to.done + i] = gain * *from++;
        }
        to.done += n;
        taken_frames_ += static_cast<std::uint64_t>(n);
        now_.played_frames += static_cast<std::uint64_t>(n);
    }

    // ---- silence ----------------------------------------------------------------------------------------------

    void add_silence(output& to) noexcept {
        if (to.is_full()) return;
        for (int c = 0; c < channels(); ++c) std::fill_n(to.channels[c] + to.done, to.rest(), 0.0F);
        const auto n = static_cast<std::uint64_t>(to.rest());
        if (now_.state == play_state::paused) {
            now_.paused_frames += n;
        } else if (now_.state == play_state::ended) {
            now_.end_frames += n;
        } else if (is_filling_) {
            now_.seek_frames += n;
        } else {
            now_.underrun_frames += n;
            ++now_.underruns;
        }
    }

    /// After a seek the ring is nearly empty for good reason, so the lowest depth counts once it was half full.
    void note_lowest() noexcept {
        if (!is_moving() || is_filling_ || !goes_on()) return;
        has_settled_ = has_settled_ || ahead_frames() >= most_ahead_frames() / 2;
        if (has_settled_) now_.lowest_frames = std::min(now_.lowest_frames, ahead_frames());
    }

    source& source_;
    const player_settings settings_;
    weir::spsc_ring<command, weir::wait::sleep> commands_{64};
    weir::latest<report> newest_;
    std::atomic<bool> is_offline_{false};
    std::unique_ptr<read_ahead> stream_;
    std::thread reader_;

    // The callback's own, apart from prepare().
    report now_;
    read_order order_;
    ramp gain_;
    meter meter_;
    float target_gain_ = 1;
    std::uint64_t enough_frames_ = 0;  // to begin with, after a seek
    std::uint64_t taken_frames_ = 0;   // out of the ring
    int offset_ = 0;                   // frames of the oldest block that are played already
    bool is_filling_ = true;           // after a seek
    bool has_settled_ = false;         // the ring was half full since
};

}  // namespace audio
