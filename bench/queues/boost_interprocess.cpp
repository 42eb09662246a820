// SPDX-License-Identifier: MIT
#include <boost/interprocess/ipc/message_queue.hpp>

#include <unistd.h>

#include <atomic>
#include <string>

#include "bench/queues/make_crossing.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

template <typename T>
class boost_messages {
    using queue = boost::interprocess::message_queue;

public:
    explicit boost_messages(std::size_t capacity)
        : name_(fresh_name()), queue_(boost::interprocess::create_only, name_.c_str(), capacity, sizeof(T)) {
        queue::remove(name_.c_str());  // what is mapped stays, here and in a child
    }

    bool try_push(const T& item) { return queue_.try_send(&item, sizeof item, 0); }
    bool try_pop(T& item) {
        queue::size_type bytes = 0;
        unsigned priority = 0;
        return queue_.try_receive(&item, sizeof item, bytes, priority);
    }

private:
    static std::string fresh_name() {
        static std::atomic<unsigned> made = 0;
        return "weir-bench-" + std::to_string(::getpid()) + "-" + std::to_string(made.fetch_add(1));
    }

    std::string name_;
    queue queue_;
};

}  // namespace

std::vector<queue_entry> boost_interprocess_queues() {
    return {{.name = "boost::interprocess::message_queue",
             .configuration = "in /dev/shm, without priorities; try_send, try_receive",
             .plays = league::processes,
             .make = make_crossing_channel<boost_messages>}};
}

}  // namespace bench
