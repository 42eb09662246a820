// SPDX-License-Identifier: MIT
//
// Plays a sound file as a client of a JACK server. player.hpp does the work; this is what belongs to JACK and to the terminal.
#include <fmt/format.h>
#include <jack/jack.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "../edges/program.hpp"
#include "player.hpp"
#include "sound_file.hpp"

namespace {

using namespace example;
using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

struct options {
    std::string file;
    std::string server;
    std::string name = "weir_player";
    double seconds = 0;
    double ahead_s = 0.5;
    double gain_db = 0;
    double every_s = 1;
    bool loops = false;
    bool is_paused = false;
    bool is_unconnected = false;
};

float factor_of(double gain_db) { return static_cast<float>(std::pow(10, gain_db / 20)); }
double db_of(float level) { return 20 * std::log10(static_cast<double>(level)); }

// ---- JACK ----------------------------------------------------------------------------------------------------

class jack_client {
public:
    jack_client(const options& chosen, audio::player& player) : player_(player) {
        ::jack_set_error_function([](const char*) {});  // errors are exceptions with a sentence of ours
        ::jack_set_info_function([](const char*) {});
        const bool is_named = !chosen.server.empty();
        const auto how = static_cast<jack_options_t>(JackNoStartServer | (is_named ? JackServerName : 0));
        jack_status_t status{};
        client_.reset(::jack_client_open(chosen.name.c_str(), how, &status, chosen.server.c_str()));
        if (!client_)
            throw failure(fmt::format(
                "cannot reach the JACK server '{}' (status {:#x}); start it, for example with 'jackd -n {} -d dummy', or name "
                "another one with --server",
                server_of(chosen), static_cast<unsigned>(status), server_of(chosen)));
        ::jack_set_process_callback(client_.get(), process, this);
        ::jack_set_xrun_callback(client_.get(), note_xrun, this);
        ::jack_set_freewheel_callback(client_.get(), note_freewheel, this);
        ::jack_on_shutdown(client_.get(), note_shutdown, this);
    }

    double rate_hz() const { return ::jack_get_sample_rate(client_.get()); }
    int period_frames() const { return static_cast<int>(::jack_get_buffer_size(client_.get())); }

    /// After player.prepare(): from here on JACK calls back.
    void start(bool connects) {
        for (std::size_t c = 0; c < static_cast<std::size_t>(player_.channels()); ++c) {
            ports_[c] = ::jack_port_register(client_.get(), fmt::format("out_{}", c + 1).c_str(),
                                             JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
            if (ports_[c] == nullptr)
                throw failure("the JACK server has no port left; start it with more, as in 'jackd --port-max 1024'");
        }
        if (::jack_activate(client_.get()) != 0)
            throw failure("the JACK server does not activate the client; look at the server's messages");
        if (connects) connect();
    }
    /// From here on JACK does not call back.
    void stop() { ::jack_deactivate(client_.get()); }

    // Xruns that JACK reports to every client: of any client, of the driver, or because the machine is busy.
    int xruns() const { return xruns_.load(std::memory_order_relaxed); }              // relaxed: a count alone
    bool is_shut_down() const { return shut_down_.load(std::memory_order_relaxed); }  // relaxed: a flag alone

private:
    struct close {
        void operator()(jack_client_t* client) const { ::jack_client_close(client); }
    };
    struct free_list {
        void operator()(const char** list) const { ::jack_free(static_cast<void*>(list)); }
    };

    static std::string server_of(const options& chosen) {
        if (!chosen.server.empty()) return chosen.server;
        const char* const usual = std::getenv("JACK_DEFAULT_SERVER");
        return usual != nullptr ? usual : "default";
    }

    // The thread of the audio. It may not block: no system call, no lock, no allocation.
    static int process(jack_nframes_t frames, void* self) {
        auto& client = *static_cast<jack_client*>(self);
        std::array<float*, audio::most_channels> out{};
        for (std::size_t c = 0; c < static_cast<std::size_t>(client.player_.channels()); ++c)
            out[c] = static_cast<float*>(::jack_port_get_buffer(client.ports_[c], frames));
        client.player_.process(out.data(), static_cast<int>(frames));
        return 0;
    }
    static int note_xrun(void* self) {
        static_cast<jack_client*>(self)->xruns_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a count alone
        return 0;
    }
    static void note_freewheel(int on, void* self) { static_cast<jack_client*>(self)->player_.set_offline(on != 0); }
    static void note_shutdown(void* self) {
        static_cast<jack_client*>(self)->shut_down_.store(true, std::memory_order_relaxed);  // relaxed: a flag alone
    }

    /// To the first inputs of the sound card, a mono file to the first two. Where there are none, the user connects.
    void connect() {
        const std::unique_ptr<const char*, free_list> inputs(
            ::jack_get_ports(client_.get(), nullptr, JACK_DEFAULT_AUDIO_TYPE, JackPortIsPhysical | JackPortIsInput));
        if (!inputs) return;
        const auto channels = static_cast<std::size_t>(player_.channels());
        for (std::size_t i = 0; inputs.get()[i] != nullptr && i < std::max<std::size_t>(2, channels); ++i) {
            if (channels > 1 && i >= channels) break;
            ::jack_connect(client_.get(), ::jack_port_name(ports_[channels == 1 ? 0 : i]), inputs.get()[i]);
        }
    }

    audio::player& player_;
    std::array<jack_port_t*, audio::most_channels> ports_{};
    std::atomic<int> xruns_{0};
    std::atomic<bool> shut_down_{false};
    std::unique_ptr<jack_client_t, close> client_;  // the last one: closed before what it calls back with is gone
};

// ---- the terminal --------------------------------------------------------------------------------------------

volatile sig_atomic_t is_interrupted = 0;

/// Lines of stdin, as they come.
class commands {
public:
    commands(audio::player& player, double rate_hz) : player_(player), rate_hz_(rate_hz) {}

    /// Waits for a line, for 20 ms at most, and obeys it. False: quit.
    bool obey() {
        pollfd in{.fd = has_ended_ ? -1 : STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&in, 1, 20) <= 0) return true;
        std::array<char, 512> part;
        const ssize_t n = ::read(STDIN_FILENO, part.data(), part.size());
        if (n <= 0) has_ended_ = true;
        text_.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        for (std::size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
            if (!obey(text_.substr(0, end))) return false;
        }
        return true;
    }

private:
    bool obey(const std::string& line) {
        std::istringstream words(line);
        std::string verb, rest;
        double number = 0;
        words >> verb;
        if (verb.empty()) return true;
        if (verb == "quit") return false;
        weir::status sent = weir::status::success;
        if (verb == "play") {
            sent = player_.play();
        } else if (verb == "pause") {
            sent = player_.pause();
        } else if (verb == "loop" && words >> rest && (rest == "on" || rest == "off")) {
            sent = player_.set_loop(rest == "on");
        } else if (verb == "seek" && words >> number && number >= 0 && number < 1e9) {
            sent = player_.seek(static_cast<std::uint64_t>(number * rate_hz_));
        } else if (verb == "gain" && words >> number && number >= -120 && number <= 40) {
            sent = player_.set_gain(factor_of(number));
        } else {
            print(fmt::format(
                "'{}' is none of: play, pause, seek SECONDS, gain DB (-120 to 40), loop on, loop off, quit\n", line));
        }
        if (!sent) print(fmt::format("'{}' is lost: 64 commands are waiting already; does the server run?\n", line));
        return true;
    }

    audio::player& player_;
    double rate_hz_;
    std::string text_;
    bool has_ended_ = false;
};

const char* name_of(const audio::report& now) {
    switch (now.state) {
    case audio::play_state::paused: return "paused";
    case audio::play_state::playing: return "playing";
    case audio::play_state::pausing: return "pausing";
    case audio::play_state::ended: return "ended";
    }
    return "?";
}

std::string line_of(const audio::report& now, const audio::player& player, double rate_hz, int xruns) {
    std::string line = fmt::format(
        "{:.1f} s {}, ahead {} of {} frames, underruns {}, silent: underrun {} seek {} paused {} end {} frames, xruns {}, dB",
        static_cast<double>(now.position) / rate_hz, name_of(now), now.ahead_frames, player.most_ahead_frames(),
        now.underruns, now.underrun_frames, now.seek_frames, now.paused_frames, now.end_frames, xruns);
    for (std::size_t c = 0; c < static_cast<std::size_t>(player.channels()); ++c)
        line += fmt::format(" {:.1f}/{:.1f}", db_of(now.levels[c].peak), db_of(now.levels[c].rms));
    return line + "\n";
}

std::string summary_of(const audio::report& now, int xruns) {
    return fmt::format(
        "callbacks {} processed_frames {} played_frames {}\n"
        "underruns {} underrun_frames {} seek_frames {} paused_frames {} end_frames {}\n"
        "lowest_ahead_frames {} server_xruns {}\n",
        now.callbacks, now.processed_frames, now.played_frames, now.underruns, now.underrun_frames, now.seek_frames,
        now.paused_frames, now.end_frames,
        now.lowest_frames == audio::report::never ? "unknown" : std::to_string(now.lowest_frames), xruns);
}

int play(const options& chosen) {
    audio::sound_file file(chosen.file);
    audio::player player(file, {.ahead_s = chosen.ahead_s});
    jack_client jack(chosen, player);
    const double rate_hz = jack.rate_hz();
    if (const std::string problem = player.prepare(rate_hz, jack.period_frames()); !problem.empty())
        throw failure(problem);

    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) { is_interrupted = 1; };
    ::sigaction(SIGINT, &interrupt, nullptr);
    ::sigaction(SIGTERM, &interrupt, nullptr);

    // Nothing else was sent so far, so there is room for three commands.
    (void)player.set_gain(factor_of(chosen.gain_db));
    (void)player.set_loop(chosen.loops);
    if (!chosen.is_paused) (void)player.play();
    jack.start(!chosen.is_unconnected);

    commands from_user(player, rate_hz);
    const auto begin = clock::now();
    auto report_at = begin + seconds(chosen.every_s);
    bool goes_on = true;
    while (goes_on && is_interrupted == 0 && !jack.is_shut_down()) {
        goes_on = from_user.obey();
        const audio::report now = player.now();
        if (chosen.every_s > 0 && clock::now() >= report_at) {
            print(line_of(now, player, rate_hz, jack.xruns()));
            report_at += std::chrono::duration_cast<clock::duration>(seconds(chosen.every_s));
        }
        if (chosen.seconds > 0 && clock::now() - begin >= seconds(chosen.seconds)) goes_on = false;
        if (chosen.seconds == 0 && now.state == audio::play_state::ended) goes_on = false;
    }
    if (!jack.is_shut_down()) jack.stop();
    print(summary_of(player.now(), jack.xruns()));
    if (jack.is_shut_down())
        throw failure("the JACK server has ended, or has dropped this client; start it again, and look at its messages");
    if (player.has_failed())
        throw failure(fmt::format("'{}' could not be read to its end; check the file and its disk", chosen.file));
    return succeeded;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Plays a sound file as a client of a JACK server.", "jack_player");
    options chosen;
    app.add_option("file", chosen.file, "A sound file with the sample rate of the server")->required();
    app.add_option("--server", chosen.server,
                   "Name of the server; by default that of JACK_DEFAULT_SERVER, or 'default'");
    app.add_option("--name", chosen.name, "Name of this client")->capture_default_str();
    app.add_option("--seconds", chosen.seconds, "End after this time; 0: at the end of the file")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.add_option("--ahead", chosen.ahead_s, "Seconds that are read ahead, at least")
        ->capture_default_str()
        ->check(example::between(0.001, 60.0));
    app.add_option("--gain", chosen.gain_db, "Gain in dB")->capture_default_str()->check(example::between(-120.0, 40.0));
    app.add_option("--every", chosen.every_s, "Seconds between lines of the report; 0: print only the last figures")
        ->capture_default_str()
        ->check(example::between(0.0, 3600.0));
    app.add_flag("--loop", chosen.loops, "Begin again at the end of the file");
    app.add_flag("--paused", chosen.is_paused, "Begin with the first 'play'");
    app.add_flag("--unconnected", chosen.is_unconnected, "Do not connect to the sound card");
    app.footer(std::string(R"(Lines of stdin are commands:
  play, pause, seek SECONDS, gain DB, loop on, loop off, quit

Example:
  jackd -d dummy -r 48000 -p 64 &
  jack_player song.wav --loop

)") + exit_codes);
    return run(app, argc, argv, [&] { return play(chosen); });
}
