// SPDX-License-Identifier: MIT
//
// What the system itself offers between processes. All without blocking, as the rings: both sides have a core, and to sleep and be
// woken would cost more than to ask again.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "bench/queues/make_crossing.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

[[noreturn]] void refuse(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct two_descriptors {
    two_descriptors() = default;
    two_descriptors(const two_descriptors&) = delete;
    two_descriptors& operator=(const two_descriptors&) = delete;
    ~two_descriptors() {
        for (const int one : both) ::close(one);
    }
    std::array<int, 2> both{-1, -1};
};

template <typename T>
class pipe_of {
public:
    explicit pipe_of(std::size_t capacity) {
        if (::pipe2(ends_.both.data(), O_NONBLOCK | O_CLOEXEC) != 0) refuse("pipe2");
        // A wish: refused above /proc/sys/fs/pipe-max-size.
        ::fcntl(ends_.both[1], F_SETPIPE_SZ, static_cast<int>(capacity * sizeof(T)));
    }

    bool try_push(const T& item) { return ::write(ends_.both[1], &item, sizeof item) == sizeof item; }
    // A stream of bytes: reads as many items at once as there are.
    bool try_pop(T& item) {
        if (next_ == read_) {
            const ssize_t bytes = ::read(ends_.both[0], items_.data(), sizeof items_);
            if (bytes <= 0) return false;
            next_ = 0;
            read_ = static_cast<std::size_t>(bytes) / sizeof(T);
        }
        item = items_[next_++];
        return true;
    }

private:
    two_descriptors ends_;
    std::array<T, 4096 / sizeof(T)> items_;
    std::size_t next_ = 0;
    std::size_t read_ = 0;
};

template <typename T>
class socket_of {
public:
    explicit socket_of(std::size_t) {
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.both.data()) != 0) {
            refuse("socketpair");
        }
    }
    bool try_push(const T& item) { return ::send(ends_.both[0], &item, sizeof item, MSG_NOSIGNAL) == sizeof item; }
    bool try_pop(T& item) { return ::recv(ends_.both[1], &item, sizeof item, 0) == sizeof item; }

private:
    two_descriptors ends_;
};

template <typename T>
class posix_queue {
public:
    explicit posix_queue(std::size_t capacity) {
        static std::atomic<unsigned> made = 0;
        const std::string name = "/weir-bench-" + std::to_string(::getpid()) + "-" + std::to_string(made.fetch_add(1));
        // Above /proc/sys/fs/mqueue/msg_max only root gets what it asks for.
        for (long most = static_cast<long>(capacity); queue_<0; most = most> 10 ? 10 : 0) {
            if (most == 0) refuse("mq_open");
            mq_attr attributes{};
            attributes.mq_maxmsg = most;
            attributes.mq_msgsize = sizeof(T);
            queue_ = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0600, &attributes);
        }
        ::mq_unlink(name.c_str());
    }
    posix_queue(const posix_queue&) = delete;
    posix_queue& operator=(const posix_queue&) = delete;
    ~posix_queue() { ::mq_close(queue_); }

    bool try_push(const T& item) {
        return ::mq_send(queue_, reinterpret_cast<const char*>(&item), sizeof item, 0) == 0;
    }
    bool try_pop(T& item) {
        return ::mq_receive(queue_, reinterpret_cast<char*>(&item), sizeof item, nullptr) == sizeof item;
    }

private:
    mqd_t queue_ = -1;
};

}  // namespace

std::vector<queue_entry> kernel_queues() {
    return {{.name = "pipe",
             .configuration = "O_NONBLOCK, of the ring's bytes; an item per write, up to 4 KiB of items per read",
             .plays = league::processes,
             .make = make_crossing_channel<pipe_of>},
            {.name = "Unix socket",
             .configuration = "socketpair of SOCK_SEQPACKET, O_NONBLOCK, the system's buffer; send, recv",
             .plays = league::processes,
             .make = make_crossing_channel<socket_of>},
            {.name = "POSIX message queue",
             .configuration = "O_NONBLOCK, without priorities; mq_send, mq_receive",
             .plays = league::processes,
             .make = make_crossing_channel<posix_queue>}};
}

}  // namespace bench
