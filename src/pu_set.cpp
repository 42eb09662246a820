// SPDX-License-Identifier: MIT
#include "cpu_list.hpp"

#include <algorithm>
#include <iterator>

namespace weir {

pu_set::pu_set(std::initializer_list<unsigned> pus) : pu_set(std::vector<unsigned>(pus)) {}

pu_set::pu_set(std::vector<unsigned> pus) : pus_(std::move(pus)) {
    std::sort(pus_.begin(), pus_.end());
    pus_.erase(std::unique(pus_.begin(), pus_.end()), pus_.end());
}

pu_set pu_set::parse(std::string_view list) {
    if (auto numbers = read_cpu_list(list)) return pu_set(std::move(*numbers));
    throw placement_error("'" + std::string(list) + "' is not a list of PUs: write numbers up to " +
                          std::to_string(max_pu) + " and ranges, such as 0,2-3");
}

std::string pu_set::to_string() const {
    std::string text;
    for (auto run = pus_.begin(); run != pus_.end();) {
        auto last = run;
        while (last + 1 != pus_.end() && *(last + 1) == *last + 1) ++last;
        if (!text.empty()) text += ',';
        text += std::to_string(*run);
        if (last != run) text += '-' + std::to_string(*last);
        run = last + 1;
    }
    return text;
}

bool pu_set::contains(unsigned pu) const noexcept { return std::binary_search(pus_.begin(), pus_.end(), pu); }

bool pu_set::contains(const pu_set& other) const noexcept {
    return std::includes(pus_.begin(), pus_.end(), other.pus_.begin(), other.pus_.end());
}

void pu_set::insert(unsigned pu) {
    const auto place = std::lower_bound(pus_.begin(), pus_.end(), pu);
    if (place == pus_.end() || *place != pu) pus_.insert(place, pu);
}

pu_set operator&(const pu_set& a, const pu_set& b) {
    pu_set both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both.pus_));
    return both;
}

pu_set operator|(const pu_set& a, const pu_set& b) {
    pu_set either;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(either.pus_));
    return either;
}

pu_set operator-(const pu_set& a, const pu_set& b) {
    pu_set rest;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest.pus_));
    return rest;
}

}  // namespace weir
