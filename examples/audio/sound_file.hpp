// SPDX-License-Identifier: MIT
//
// Sound files through libsndfile: WAV, FLAC, AIFF and what else it knows. Errors are exceptions with one sentence, thrown by
// constructors alone.
#pragma once

#include <sndfile.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "source.hpp"

namespace audio {

struct close_sound_file {
    void operator()(SNDFILE* file) const noexcept { ::sf_close(file); }
};
using sound_file_handle = std::unique_ptr<SNDFILE, close_sound_file>;

class sound_file : public source {
public:
    explicit sound_file(const std::string& path) : file_(::sf_open(path.c_str(), SFM_READ, &info_)) {
        if (!file_)
            throw std::runtime_error("cannot open '" + path + "': " + ::sf_strerror(nullptr) +
                                     " Choose a sound file that libsndfile reads, such as WAV or FLAC");
        if (info_.seekable == 0)
            throw std::runtime_error("'" + path + "' cannot be read from any position; choose a file, not a pipe");
    }

    int channels() const noexcept override { return info_.channels; }
    double rate_hz() const noexcept override { return info_.samplerate; }
    std::uint64_t frames() const noexcept override { return static_cast<std::uint64_t>(info_.frames); }

    bool seek(std::uint64_t frame) noexcept override {
        const auto wanted = static_cast<sf_count_t>(frame);
        return ::sf_seek(file_.get(), wanted, SEEK_SET) == wanted;
    }
    std::size_t read(float* into, std::size_t frames) noexcept override {
        const sf_count_t got = ::sf_readf_float(file_.get(), into, static_cast<sf_count_t>(frames));
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }

private:
    SF_INFO info_{};
    sound_file_handle file_;
};

/// Writes a WAV file of 32-bit floats, which holds the output of a player bit by bit.
class wav_writer {
public:
    wav_writer(const std::string& path, int channels, int rate_hz) : path_(path) {
        SF_INFO info{};
        info.channels = channels;
        info.samplerate = rate_hz;
        info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
        file_.reset(::sf_open(path.c_str(), SFM_WRITE, &info));
        if (!file_)
            throw std::runtime_error("cannot write '" + path + "': " + ::sf_strerror(nullptr) +
                                     " Choose a folder that exists and is writable");
        // Without this, a file of the same samples would differ from run to run: its peak chunk has a time.
        ::sf_command(file_.get(), SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
    }

    void write(const float* interleaved, std::size_t frames) {
        if (::sf_writef_float(file_.get(), interleaved, static_cast<sf_count_t>(frames)) !=
            static_cast<sf_count_t>(frames))
            throw std::runtime_error("cannot write to '" + path_ + "': " + ::sf_strerror(file_.get()) +
                                     " Free some space, or choose another disk");
    }
    /// Ends the file. Without this, an error of the last write stays unseen.
    void close() {
        if (::sf_close(file_.release()) != 0)
            throw std::runtime_error("cannot finish '" + path_ + "'; free some space, or choose another disk");
    }

private:
    std::string path_;
    sound_file_handle file_;
};

}  // namespace audio
