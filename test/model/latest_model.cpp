// SPDX-License-Identifier: MIT
//
// latest<T> under the model checker: a reader that is overtaken at any step.
#include "scenarios.hpp"
#include "weir/latest.hpp"

namespace {

using namespace model;

struct pair {
    std::uint64_t first, second;
};

/// A writer writes as often as places are used twice; readers see whole values, and none older than one before.
template <unsigned Readers, int Stores, int Loads>
class storing : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            for (std::uint64_t n = 1; n <= Stores; ++n) shared_.write({n, n});
            return;
        }
        std::uint64_t before = 0;
        for (int i = 0; i < Loads; ++i) {
            std::uint64_t version = 0;
            const pair seen = shared_.read(version);
            check(seen.first == seen.second, "a value is never made of parts of two");
            check(seen.first == version, "a value is of its version");
            check(version >= before, "the versions that a reader sees do not go back");
            before = version;
        }
    }
    void after() override { check(shared_.read().first == Stores, "in the end it is the last value"); }

    weir::latest<pair> shared_{pair{0, 0}};
};

constexpr entry scenarios[] = {
    {"one_reader", 2, 3, 200'000, make<storing<1, 6, 1>>},
    {"one_reader_twice", 2, 2, 100'000, make<storing<1, 5, 2>>},
    {"two_readers", 3, 1, 100'000, make<storing<2, 5, 1>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
