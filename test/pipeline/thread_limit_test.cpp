// SPDX-License-Identifier: MIT
//
// A pipeline whose threads cannot all be started starts none: this program stands in for pthread_create.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "weir/pipeline.hpp"

namespace {

/// How many more threads may be started; less than 0: any number.
std::atomic<int> threads_left{-1};

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                              void* argument) noexcept {
    if (threads_left == 0) return EAGAIN;
    if (threads_left > 0) --threads_left;
    static const auto real = reinterpret_cast<decltype(&::pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
    return real(thread, attributes, start, argument);
}

namespace {

TEST(pipeline_without_threads, ends_what_it_started_and_says_which_thread_is_missing) {
    for (int allowed = 0; allowed < 3; ++allowed) {
        std::atomic<int> made{0};
        weir::pipeline graph;
        const auto source = graph.source<int>("source", [&]() -> std::optional<int> { return made++; });
        const auto stage = graph.stage<int, int>("stage", [](int item) { return item; });
        const auto sink = graph.sink<int>("sink", [](int) {});
        graph.connect(source, stage, 4);
        graph.connect(stage, sink, 4);
        threads_left = allowed;
        std::string sentence;
        try {
            graph.run();
        } catch (const std::system_error& error) {
            sentence = error.what();
            EXPECT_EQ(error.code().value(), EAGAIN);
        }
        threads_left = -1;
        const char* const names[] = {"source", "stage", "sink"};
        EXPECT_THAT(sentence, testing::StartsWith(std::string("pipeline: the thread of '") + names[allowed] +
                                                  "' cannot be started, after " + std::to_string(allowed) + " others"));
        const int before = made;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        EXPECT_EQ(made, before) << "the source has ended";
        EXPECT_EQ(graph.join(), weir::pipeline::outcome::cancelled);
        EXPECT_THROW(graph.run(), std::invalid_argument) << "a pipeline runs once";
    }
}

}  // namespace
