// SPDX-License-Identifier: MIT
// A worker process answers requests through two rings without names, is killed, and the next one carries on.
#include <weir/shm/spsc_ring.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>

using weir::status;
using ring = weir::shm::spsc_ring<int>;

int work(const ring& requests, const ring& answers) {
    auto in = requests.attach_consumer();
    auto out = answers.attach_producer();
    for (int x = 0; in.pop(x) == status::success;) {
        if (x == 13) ::raise(SIGKILL);
        if (!out.push(x * x)) return 1;
    }
    return 0;
}

int main() {
    using namespace std::chrono_literals;
    const ring requests = ring::create(4, "request"), answers = ring::create(4, "answer");
    auto out = requests.attach_producer();
    auto in = answers.attach_consumer();
    pid_t worker = ::fork();
    if (worker == 0) ::_exit(work(requests, answers));
    int lost = 0, answered = 0, y = 0;
    for (int x = 0; x < 20; ++x) {
        if (!out.push_for(x, 1s)) return 1;
        if (in.pop(y) == status::success && y == x * x && ++answered > 0) continue;
        ++lost;  // the request that the dead worker had taken last
        ::waitpid(worker, nullptr, 0);
        if ((worker = ::fork()) == 0) ::_exit(work(requests, answers));
    }
    out.close();
    return ::waitpid(worker, nullptr, 0) == worker && answered == 19 && lost == 1 ? 0 : 1;
}
