// SPDX-License-Identifier: MIT
#include "instruments/processor.hpp"

#include <fstream>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bench {

std::string cpu_model() {
    std::ifstream file{"/proc/cpuinfo"};
    return cpu_model_in(file);
}

std::string cpu_model_in(std::istream& cpuinfo) {
    const std::string key = "model name";
    std::string line;
    while (std::getline(cpuinfo, line)) {
        if (line.starts_with(key)) {
            const auto colon = line.find(':');
            const auto begin = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
            return begin == std::string::npos ? "unknown" : line.substr(begin);
        }
    }
    return "unknown";
}

std::string hypervisor_name(unsigned ebx, unsigned ecx, unsigned edx) {
    std::string name;
    for (const unsigned part : {ebx, ecx, edx}) {
        for (unsigned shift = 0; shift != 32; shift += 8) {
            if (const char c = static_cast<char>(part >> shift); c > ' ') {
                name += c;
            }
        }
    }
    return name.empty() ? "yes" : name;
}

std::string hypervisor() {
#if defined(__x86_64__)
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & (1U << 31U)) == 0) {
        return {};
    }
    __cpuid(0x40000000U, eax, ebx, ecx, edx);
    return hypervisor_name(ebx, ecx, edx);
#else
    std::ifstream file{"/sys/hypervisor/type"};
    std::string type;
    return std::getline(file, type) ? type : "";
#endif
}

}  // namespace bench
