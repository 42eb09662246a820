// SPDX-License-Identifier: MIT
#include "tools/bridge/bytes_ring.hpp"

#include "tools/common/command.hpp"
#include "tools/shm/survey.hpp"

#include <weir/shm/spsc_ring.hpp>

#include <fmt/format.h>
#include <array>
#include <cstring>
#include <utility>

namespace weir::tool {
namespace {

template <std::size_t Bytes, std::size_t Alignment>
struct alignas(Alignment) blob {
    std::array<std::byte, Bytes> bytes;
};

template <class Blob>
class blob_producer final : public bytes_producer {
public:
    explicit blob_producer(const shm::spsc_ring<Blob>& ring) : end_(ring.attach_producer()) {}
    status push_for(std::span<const std::byte> item, std::chrono::milliseconds time) override {
        Blob one;
        std::memcpy(one.bytes.data(), item.data(), sizeof(Blob));
        return end_.push_for(one, time);
    }
    std::uint64_t pushed() const override { return end_.pushed(); }
    std::uint64_t queued() const override { return end_.size_approx(); }

private:
    shm::spsc_producer<Blob> end_;
};

template <class Blob>
class blob_consumer final : public bytes_consumer {
public:
    explicit blob_consumer(const shm::spsc_ring<Blob>& ring) : end_(ring.attach_consumer()) {}
    status pop_for(std::span<std::byte> item, std::chrono::milliseconds time) override {
        Blob one;
        const status answer = end_.pop_for(one, time);
        if (answer) std::memcpy(item.data(), one.bytes.data(), sizeof(Blob));
        return answer;
    }
    std::uint64_t queued() const override { return end_.size_approx(); }

private:
    shm::spsc_consumer<Blob> end_;
};

// Calls `use` with an open ring of the type that has the segment's size and alignment.
template <class Use, std::size_t... Bytes>
auto with_alignment_8(const shm_segment& segment, Use use, std::index_sequence<Bytes...>) {
    decltype(use(std::declval<shm::spsc_ring<blob<8, 8>>>())) made;
    ((segment.element_bytes == Bytes
          ? void(made = use(shm::spsc_ring<blob<Bytes, 8>>::open(segment.name, segment.type_name)))
          : void()),
     ...);
    return made;
}
template <class Use, std::size_t... Bytes>
auto with_alignment_4(const shm_segment& segment, Use use, std::index_sequence<Bytes...>) {
    decltype(use(std::declval<shm::spsc_ring<blob<8, 8>>>())) made;
    ((segment.element_bytes == Bytes
          ? void(made = use(shm::spsc_ring<blob<Bytes, 4>>::open(segment.name, segment.type_name)))
          : void()),
     ...);
    return made;
}

shm_segment ring_of(const std::string& name) {
    shm_segment segment = survey_segment(name);
    if (!segment.damage.empty() || !segment.positions)
        throw stop(failed, fmt::format("the segment '{}' is no ring that can be bridged: {}; create it anew", name,
                                       segment.damage.empty() ? "it is of kind " + segment.kind : segment.damage));
    return segment;
}

template <class Use>
auto with_ring(const std::string& name, Use use) {
    const shm_segment segment = ring_of(name);
    using made = decltype(use(std::declval<shm::spsc_ring<blob<8, 8>>>()));
    made end;
    if (segment.element_alignment == 8)
        end = with_alignment_8(segment, use, std::index_sequence<8, 16, 24, 32, 40, 48, 56, 64, 96, 128, 256>{});
    if (segment.element_alignment == 4)
        end = with_alignment_4(segment, use, std::index_sequence<4, 8, 12, 16, 24, 32, 64>{});
    if (end == nullptr)
        throw stop(
            failed,
            fmt::format("the items of '{}' have {} bytes, aligned to {}, and a bridge carries 8, 16, 24, 32, 40, 48, "
                        "56, 64, 96, 128 or 256 bytes aligned to 8, or 4, 8, 12, 16, 24, 32 or 64 aligned to 4: pad "
                        "the struct, or write a program with weir::jetstream",
                        name, segment.element_bytes, segment.element_alignment));
    return end;
}

}  // namespace

bytes_shape shape_of_ring(const std::string& name) {
    const shm_segment segment = ring_of(name);
    return {static_cast<std::size_t>(segment.element_bytes), segment.type_name};
}

std::unique_ptr<bytes_producer> attach_bytes_producer(const std::string& name) {
    return with_ring(name, []<class Blob>(const shm::spsc_ring<Blob>& ring) -> std::unique_ptr<bytes_producer> {
        return std::make_unique<blob_producer<Blob>>(ring);
    });
}

std::unique_ptr<bytes_consumer> attach_bytes_consumer(const std::string& name) {
    return with_ring(name, []<class Blob>(const shm::spsc_ring<Blob>& ring) -> std::unique_ptr<bytes_consumer> {
        return std::make_unique<blob_consumer<Blob>>(ring);
    });
}

}  // namespace weir::tool
