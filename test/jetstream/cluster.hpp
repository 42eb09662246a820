// SPDX-License-Identifier: MIT
//
// Three servers of one cluster on the loopback, each of which can be killed, stopped and started again. They end with this object, or
// with the test's process, at the latest; their files lie in a folder that goes with them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weir_test {

/// A program that ends with the test, whatever the test does.
class child {
public:
    child() = default;
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() { kill(); }

    void start(const std::string& program, std::vector<std::string> arguments, const std::string& log) {
        arguments.insert(arguments.begin(), program);
        std::vector<char*> argv;
        for (auto& one : arguments) argv.push_back(one.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int to = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
        ::dup2(to, STDOUT_FILENO);
        ::dup2(to, STDERR_FILENO);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    bool runs() const { return pid_ > 0; }
    void signal(int number) const {
        if (pid_ > 0) ::kill(pid_, number);
    }
    /// Kills it, also where it is stopped, and waits for its end.
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
    }
    /// Its exit code if it has ended by itself (128 + the signal), else -1.
    int ended() {
        if (pid_ <= 0) return -1;
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return -1;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t pid_ = -1;
};

/// Ports that no program used a moment ago. They are below those that the system gives out by itself, and drawn at random: a server
/// is to find its port free again when it restarts, whatever runs beside it.
inline std::vector<std::uint16_t> free_ports(std::size_t n) {
    std::random_device draw;
    std::uniform_int_distribution<std::uint16_t> below_ephemeral(10'000, 32'000);
    std::vector<int> held;
    std::vector<std::uint16_t> ports;
    for (int tries = 0; ports.size() < n; ++tries) {
        if (tries == 1000) throw std::runtime_error("no free port on the loopback");
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(below_ephemeral(draw));
        held.push_back(fd);
        if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0) ports.push_back(ntohs(at.sin_port));
    }
    for (const int fd : held) ::close(fd);
    return ports;
}

/// A folder that goes with the object.
class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-jetstream-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

class cluster {
public:
    static constexpr std::size_t nodes = 3;

    cluster() : ports_(free_ports(2 * nodes)) {
        for (std::size_t i = 0; i < nodes; ++i) start(i);
    }
    ~cluster() {
        for (auto& one : servers_) one.kill();
    }

    void start(std::size_t i) {
        std::string routes;
        for (std::size_t j = 0; j < nodes; ++j) routes += (j == 0 ? "" : ",") + url(ports_[nodes + j]);
        servers_[i].start("nats-server",
                          {"--server_name", name(i), "--jetstream", "--store_dir", store(i), "--addr", "127.0.0.1",
                           "--port", std::to_string(ports_[i]), "--cluster", url(ports_[nodes + i]), "--cluster_name",
                           "weir", "--routes", routes},
                          folder_ / (name(i) + ".log"));
    }
    void kill(std::size_t i) { servers_[i].kill(); }
    void pause(std::size_t i) { servers_[i].signal(SIGSTOP); }
    void resume(std::size_t i) { servers_[i].signal(SIGCONT); }
    /// Of a server that does not run.
    void wipe(std::size_t i) {
        std::error_code ignored;
        std::filesystem::remove_all(store(i), ignored);
    }
    bool runs(std::size_t i) const { return servers_[i].runs(); }

    static std::string name(std::size_t i) { return "n" + std::to_string(i + 1); }
    /// Which of them has that name; `nodes` if none.
    static std::size_t index_of(const std::string& name_of_one) {
        std::size_t i = 0;
        while (i < nodes && name(i) != name_of_one) ++i;
        return i;
    }
    std::string url_of(std::size_t i) const { return url(ports_[i]); }
    std::string urls() const { return url_of(0) + "," + url_of(1) + "," + url_of(2); }
    const folder& files() const { return folder_; }

private:
    static std::string url(std::uint16_t port) { return "nats://127.0.0.1:" + std::to_string(port); }
    std::string store(std::size_t i) const { return folder_ / ("store" + std::to_string(i + 1)); }

    folder folder_;
    std::vector<std::uint16_t> ports_;
    std::array<child, nodes> servers_;
};

/// Asks until it is true, or the time is over.
template <class Question>
bool within(std::chrono::milliseconds time, Question question) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!question()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace weir_test
