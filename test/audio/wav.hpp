// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace weir_test {

/// A WAV file of 16-bit integers or 32-bit floats, byte by byte.
template <class Sample>
std::string wav_of(int channels, int rate_hz, const std::vector<Sample>& samples) {
    std::string file;
    const auto put = [&](auto number) {
        for (std::size_t i = 0; i < sizeof number; ++i) file.push_back(static_cast<char>(number >> (8 * i)));
    };
    const auto bytes = static_cast<std::uint32_t>(samples.size() * sizeof(Sample));
    const auto frame_bytes = static_cast<std::uint16_t>(static_cast<std::size_t>(channels) * sizeof(Sample));
    file += "RIFF";
    put(36 + bytes);
    file += "WAVEfmt ";
    put(std::uint32_t{16});
    put(std::uint16_t{std::is_floating_point_v<Sample> ? 3 : 1});
    put(static_cast<std::uint16_t>(channels));
    put(static_cast<std::uint32_t>(rate_hz));
    put(static_cast<std::uint32_t>(rate_hz) * frame_bytes);
    put(frame_bytes);
    put(static_cast<std::uint16_t>(8 * sizeof(Sample)));
    file += "data";
    put(bytes);
    const std::size_t header = file.size();
    file.resize(header + bytes);
    if (bytes > 0)
        std::memcpy(file.data() + header, samples.data(), bytes);  // this machine is little-endian, as WAV is
    return file;
}

/// The samples of a WAV file of 32-bit floats.
inline std::vector<float> floats_of_wav(const std::string& file) {
    const std::size_t data = file.find("data");
    if (data == std::string::npos) return {};
    std::vector<float> samples((file.size() - data - 8) / sizeof(float));
    if (!samples.empty()) std::memcpy(samples.data(), file.data() + data + 8, samples.size() * sizeof(float));
    return samples;
}

}  // namespace weir_test
