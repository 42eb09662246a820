// SPDX-License-Identifier: MIT
#include <jack/ringbuffer.h>

#include <new>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

/// A ring of bytes, a power of two, of which one byte stays empty: created for 1024 items it holds 1023. It would write or read
/// part of an item where no more fits, so every access checks the space first.
template <typename T>
class ringbuffer {
public:
    explicit ringbuffer(std::size_t capacity)
        : buffer_(jack_ringbuffer_create(std::max<std::size_t>(capacity, 2) * sizeof(T))) {
        if (buffer_ == nullptr) {
            throw std::bad_alloc{};
        }
    }
    ~ringbuffer() { jack_ringbuffer_free(buffer_); }
    ringbuffer(const ringbuffer&) = delete;
    ringbuffer& operator=(const ringbuffer&) = delete;

    bool try_push(const T& item) {
        if (jack_ringbuffer_write_space(buffer_) < sizeof(T)) {
            return false;
        }
        jack_ringbuffer_write(buffer_, reinterpret_cast<const char*>(&item), sizeof(T));
        return true;
    }

    bool try_pop(T& item) {
        if (jack_ringbuffer_read_space(buffer_) < sizeof(T)) {
            return false;
        }
        jack_ringbuffer_read(buffer_, reinterpret_cast<char*>(&item), sizeof(T));
        return true;
    }

    std::size_t push_n(std::span<const T> items) {
        const std::size_t n = std::min(items.size(), jack_ringbuffer_write_space(buffer_) / sizeof(T));
        return jack_ringbuffer_write(buffer_, reinterpret_cast<const char*>(items.data()), n * sizeof(T)) / sizeof(T);
    }

    std::size_t pop_n(std::span<T> items) {
        const std::size_t n = std::min(items.size(), jack_ringbuffer_read_space(buffer_) / sizeof(T));
        return jack_ringbuffer_read(buffer_, reinterpret_cast<char*>(items.data()), n * sizeof(T)) / sizeof(T);
    }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        jack_ringbuffer_data_t parts[2];
        jack_ringbuffer_get_write_vector(buffer_, parts);
        const std::size_t visited = visit(parts, n, f);
        jack_ringbuffer_write_advance(buffer_, visited * sizeof(T));
        return visited;
    }

    template <typename F>
    std::size_t read_in_place(std::size_t n, F&& f) {
        jack_ringbuffer_data_t parts[2];
        jack_ringbuffer_get_read_vector(buffer_, parts);
        const std::size_t visited = visit(parts, n, f);
        jack_ringbuffer_read_advance(buffer_, visited * sizeof(T));
        return visited;
    }

private:
    // The boundary of the parts lies between items: the size is a power of two, and so is an item's.
    template <typename F>
    static std::size_t visit(const jack_ringbuffer_data_t (&parts)[2], std::size_t n, F&& f) {
        std::size_t visited = 0;
        for (const auto& part : parts) {
            const std::size_t here = std::min(n - visited, part.len / sizeof(T));
            if (here != 0) {
                f(std::span<T>{reinterpret_cast<T*>(part.buf), here});
                visited += here;
            }
        }
        return visited;
    }

    jack_ringbuffer_t* buffer_;
};

/// Messages, each after its length, as programs with JACK send events of several sizes.
template <typename T>
class messages {
public:
    explicit messages(std::size_t capacity) : buffer_(jack_ringbuffer_create(ring_bytes<T>(capacity))) {
        if (buffer_ == nullptr) {
            throw std::bad_alloc{};
        }
    }
    ~messages() { jack_ringbuffer_free(buffer_); }
    messages(const messages&) = delete;
    messages& operator=(const messages&) = delete;

    bool try_push(const T& message) {
        const auto bytes = message.used();
        const word size = bytes.size();
        if (jack_ringbuffer_write_space(buffer_) < sizeof size + bytes.size()) {
            return false;
        }
        jack_ringbuffer_write(buffer_, reinterpret_cast<const char*>(&size), sizeof size);
        jack_ringbuffer_write(buffer_, reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return true;
    }

    bool try_pop(T& message) {
        word size = 0;
        const std::size_t there = jack_ringbuffer_read_space(buffer_);
        if (there < sizeof size) {
            return false;
        }
        jack_ringbuffer_peek(buffer_, reinterpret_cast<char*>(&size), sizeof size);
        if (there < sizeof size + size) {
            return false;
        }
        jack_ringbuffer_read_advance(buffer_, sizeof size);
        jack_ringbuffer_read(buffer_, reinterpret_cast<char*>(message.space(size)), size);
        return true;
    }

private:
    jack_ringbuffer_t* buffer_;
};

}  // namespace

std::vector<queue_entry> jack_queues() {
    return {{.name = "jack_ringbuffer",
             .configuration = "write/read; of arrays; get_write_vector/get_read_vector in place",
             .make = make_channel<ringbuffer>},
            {.name = "jack_ringbuffer + length",
             .configuration = "each message after its length: write twice; peek, read",
             .plays = league::message,
             .make = make_message_channel<messages>}};
}

}  // namespace bench
