// SPDX-License-Identifier: MIT
//
// Asio's channel, the one that Boost has from 1.78 on: awaited by its own coroutines, with an io_context on each thread.
#include <version>

#if defined(__clang__) && defined(__cpp_impl_coroutine)  // this Asio does not know that Clang has them
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#endif

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <utility>

#include "bench/queues/awaiting.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

class asio_channel {
public:
    using task = asio::awaitable<void>;
    explicit asio_channel(std::size_t capacity) : channel_(context_, capacity) {}

    class side {
    public:
        explicit side(asio_channel& of) : channel_(of.channel_) {}
        auto push(const word& item) { return channel_.async_send(asio::error_code(), item, asio::use_awaitable); }
        auto pop() { return channel_.async_receive(asio::use_awaitable); }
        void run(task of) {
            std::exception_ptr error;
            asio::co_spawn(context_, std::move(of), [&error](std::exception_ptr how) { error = how; });
            context_.restart();
            context_.run();
            if (error) {
                std::rethrow_exception(error);
            }
        }

    private:
        asio::experimental::concurrent_channel<void(asio::error_code, word)>& channel_;
        asio::io_context context_{1};
    };

private:
    asio::io_context context_;
    asio::experimental::concurrent_channel<void(asio::error_code, word)> channel_;
};

}  // namespace

std::vector<queue_entry> asio_queues() {
    return {{.name = "asio::concurrent_channel",
             .configuration = "asio::experimental::concurrent_channel; co_await async_send and async_receive, "
                              "an io_context on each thread",
             .blocking = true,
             .sleeps = true,
             .plays = league::ready | league::awaiting | league::waking,
             .make = make_awaiting_channel<asio_channel>}};
}

}  // namespace bench
