#include "daemon/lifecycle.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace portreeve::daemon {

struct Lifecycle::Loop {
  void wait_for_stop() {
    stop_signals.async_wait([this](const boost::system::error_code& ec, int) {
      if (!ec) stop();
    });
  }
  void wait_for_reload() {
    reload_signals.async_wait([this](const boost::system::error_code& ec, int) {
      if (ec) return;
      for (const auto& reload : reloads) reload();
      wait_for_reload();
    });
  }
  void stop() {
    // Back to the default action, so that a second signal ends a stop that hangs.
    boost::system::error_code ignored;
    stop_signals.clear(ignored);
    io.stop();
  }

  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  boost::asio::signal_set stop_signals{io, SIGTERM, SIGINT};
  boost::asio::signal_set reload_signals{io, SIGHUP};
  std::vector<std::function<void()>> reloads;
  std::vector<std::function<void()>> stops;
};

Lifecycle::Lifecycle() : loop_(std::make_unique<Loop>()) {
  std::signal(SIGPIPE, SIG_IGN);
  loop_->wait_for_stop();
  loop_->wait_for_reload();
}

Lifecycle::~Lifecycle() = default;

void Lifecycle::on_reload(std::function<void()> reload) { loop_->reloads.push_back(std::move(reload)); }
void Lifecycle::on_stop(std::function<void()> stop) { loop_->stops.push_back(std::move(stop)); }

void Lifecycle::run() {
  loop_->io.run();
  // A service manager that cannot be told learns of the stop by the exit.
  static_cast<void>(notify_service_manager("STOPPING=1"));
  for (auto stop = loop_->stops.rbegin(); stop != loop_->stops.rend(); ++stop) (*stop)();
}

void Lifecycle::request_stop() {
  boost::asio::post(loop_->io, [loop = loop_.get()] { loop->stop(); });
}

boost::asio::io_context& Lifecycle::context() { return loop_->io; }

Status announce_ready(std::string_view program, const NamedAddresses& addresses, std::ostream& out) {
  out << program << " ready";
  for (const auto& [purpose, address] : addresses) out << ' ' << purpose << '=' << address;
  out << std::endl;
  return notify_service_manager("READY=1");
}

Status announce_ready(std::string_view program, const NamedAddresses& addresses) {
  return announce_ready(program, addresses, std::cout);
}

Status notify_service_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return fail("NOTIFY_SOCKET is longer than a socket's path can be");
  std::memcpy(address.sun_path, path, size);
  // `@` stands for the NUL that begins an abstract socket's name (sd_notify(3)).
  if (*path == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(fmt::format("cannot open a socket: {}", std::strerror(errno)));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  const ssize_t sent =
      sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  const int error = errno;
  close(fd);
  if (sent < 0) return fail(fmt::format("cannot tell the service manager at `{}`: {}", path, std::strerror(error)));
  return {};
}

Status forbid_core_dumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0)
    return fail(fmt::format("cannot forbid core files: {}", std::strerror(errno)));
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return fail(fmt::format("cannot forbid dumps: {}", std::strerror(errno)));
  return {};
}

}  // namespace portreeve::daemon
