// portreeve-supervisor: PID 1 of a sandbox. Starts what the PDP allows, as the PDP obliges, and ends it in order.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/random.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/supervisor/channel/keys.h"
#include "pep/supervisor/confine/landlock.h"
#include "pep/supervisor/options.h"
#include "pep/supervisor/supervisor.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {
namespace {

// The settings as written.
struct Settings {
  daemon::Endpoint listen{"0.0.0.0", 2024, ""};
  std::string control_interface;
  std::vector<std::string> controllers;
  bool block_local = true;
  std::int64_t boot_fd = 3;
  std::string pdp;
  Seconds pdp_timeout{2};
  std::vector<std::string> users;
  std::vector<std::string> cgroups;
  Seconds grace{5};
  std::int64_t processes = 64;
  std::int64_t outcomes = 4096;
  Seconds most_wall{0}, most_cpu{0};
  daemon::ByteSize most_memory{0};
  std::int64_t most_processes = 0, most_files = 0;
  daemon::LogOptions log;
};

daemon::ConfigSpec spec_of(Settings& settings) {
  daemon::ConfigSpec spec("portreeve-supervisor", "PID 1 of a sandbox: starts what the PDP allows, as it obliges");
  spec.example(
      "portreeve-supervisor --control-interface eth0 --controller 10.1.0.1/32 --pdp http://10.1.0.1:8180 "
      "--user sandbox:1000:1000:/workspace 3<boot",
      "serve the control channel on port 2024 of eth0");
  spec.option("listen", &settings.listen, "ADDRESS:PORT", "where the controller reaches the control channel");
  spec.option("control-interface", &settings.control_interface, "NAME",
              "the interface that the control port is bound to, and that controllers are routed by");
  spec.option("controller", &settings.controllers, "PREFIX",
              "whose connections are taken; nobody's where none is given");
  spec.flag("block-local-connections", &settings.block_local,
            "reset connections from the guest's own addresses, or not routed by the control interface");
  spec.option("boot-fd", &settings.boot_fd, "N", "the descriptor that the boot document is read from").range(0, 65'535);
  spec.option("pdp", &settings.pdp, "URL", "the policy decision point: http://ADDRESS:PORT or unix:/PATH").required();
  spec.option("pdp-timeout", &settings.pdp_timeout, "DURATION", "no answer by then is a denial");
  spec.option("user", &settings.users, "NAME:UID:GID[:HOME]",
              "whom processes may run as; the first where the controller names none")
      .required();
  spec.option("cgroup", &settings.cgroups, "DIR|fd:N",
              "a folder of a cgroup file system to make groups in; one of each hierarchy");
  spec.option("grace", &settings.grace, "DURATION", "between asking processes to end and ending them");
  spec.option("max-processes", &settings.processes, "N", "how many starts run at once").range(1, 1024);
  spec.option("outcome-records", &settings.outcomes, "N", "how many outcomes are kept while the PDP is away")
      .range(16, 1'000'000);
  spec.option("most.wall", &settings.most_wall, "DURATION", "policy's limits above these are lowered to them");
  spec.option("most.cpu", &settings.most_cpu, "DURATION", "");
  spec.option("most.memory", &settings.most_memory, "SIZE", "");
  spec.option("most.processes", &settings.most_processes, "N", "").range(1, 4'000'000);
  spec.option("most.open-files", &settings.most_files, "N", "").range(8, 1'000'000);
  daemon::add_log_options(spec, settings.log);
  return spec;
}

template <class T>
std::optional<T> given(T value) {
  return value == T{} ? std::nullopt : std::optional<T>(value);
}

Result<SupervisorOptions> options_of(const Settings& settings) {
  SupervisorOptions options;
  options.listen = settings.listen;
  options.control_interface = settings.control_interface;
  options.peers.block_local = settings.block_local;
  if (settings.block_local && settings.control_interface.empty()) {
    return fail("--control-interface is needed to tell the controller's connections from the guest's own");
  }
  for (const std::string& text : settings.controllers) {
    TRY_ASSIGN(const auto prefix, net::IpPrefix::parse(text));
    options.peers.controllers.push_back(prefix);
  }
  TRY_ASSIGN(options.pdp, pep::parse_pdp_url(settings.pdp));
  if (!options.pdp.is_unix() && !net::IpAddress::parse(options.pdp.host)) {
    return fail("--pdp names the PDP by its address: nothing in a sandbox is asked where it is");
  }
  options.pdp_deadline = settings.pdp_timeout;
  for (const std::string& text : settings.users) {
    TRY_ASSIGN(SandboxUser user, SandboxUser::parse(text));
    options.users.push_back(std::move(user));
  }
  options.grace = settings.grace;
  options.processes = static_cast<std::size_t>(settings.processes);
  options.outcomes = static_cast<std::size_t>(settings.outcomes);
  options.most = {given(settings.most_wall), given(settings.most_cpu), given(settings.most_memory.bytes),
                  given(settings.most_processes), given(settings.most_files)};
  return options;
}

// The descriptor is read to its end and closed, so that nothing started later can.
Result<channel::BootDocument> read_boot(int fd) {
  const Descriptor file(fd);
  std::string text;
  text.reserve(limits::kBootBytes);  // so that it is nowhere else
  while (text.size() < limits::kBootBytes) {
    char piece[4096];
    const ssize_t size = read(fd, piece, std::min(sizeof piece, limits::kBootBytes - text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_fail("the boot document cannot be read from descriptor " + std::to_string(fd));
    if (size == 0) break;
    text.append(piece, static_cast<std::size_t>(size));
    explicit_bzero(piece, sizeof piece);
  }
  const channel::SecretText held(std::move(text));
  return channel::BootDocument::parse(held.reveal());
}

int run(int argc, const char* const* argv) {
  // First of all: what is read next must not be seen by anybody.
  const Status hidden = daemon::forbid_core_dumps();
  Settings settings;
  if (const auto exit = spec_of(settings).parse(argc, argv)) return *exit;
  const daemon::Log log(settings.log);
  const auto give_up = [&](const Error& error) {
    log.error("cannot start", {{"error", error.message}});
    return 1;
  };
  if (!hidden) return give_up(hidden.error());
  umask(0022);
  std::signal(SIGPIPE, SIG_IGN);
  // Where it is not PID 1, orphans come to it all the same.
  if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) log.warning("orphans are reaped by others");
  const auto options = options_of(settings);
  if (!options) return give_up(options.error());
  auto boot = read_boot(static_cast<int>(settings.boot_fd));
  if (!boot) return give_up(boot.error());
  const std::string session = boot->session;
  auto tls = channel::server_context(*boot);
  if (!tls) return give_up(tls.error());
  boot->private_key = {};
  auto cgroups = Cgroups::open(settings.cgroups);
  if (!cgroups) return give_up(cgroups.error());
  if (const int abi = landlock_abi(); abi < kLeastLandlockAbi) {
    log.warning("the kernel's Landlock is too old: every start will be refused", {{"abi", abi}});
  }
  if (settings.controllers.empty()) log.warning("no --controller is given: nobody may connect");

  boost::asio::io_context context(1);
  const daemon::SystemClock clock;
  Supervisor supervisor(context, *options, std::move(*boot), std::move(*tls), std::move(*cgroups),
                        hex_encode(daemon::random_bytes(16)), clock, log);
  boost::asio::signal_set signals(context);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) signals.add(number);
  std::function<void()> await_signal = [&] {
    signals.async_wait([&](const boost::system::error_code& stopped, int number) {
      if (stopped) return;
      if (number == SIGCHLD) {
        supervisor.reap();
      } else {
        supervisor.handle_signal(number);
      }
      await_signal();
    });
  };
  await_signal();
  const auto address = supervisor.listen();
  if (!address) return give_up(address.error());
  log.info("gate open", {{"session", session}, {"landlock_abi", landlock_abi()}});
  if (auto status = daemon::announce_ready("portreeve-supervisor", {{"control", "wss://" + to_text(*address)}});
      !status) {
    log.warning("the service manager cannot be told", {{"error", status.error().message}});
  }
  context.run();
  log.info("gate closed");
  return 0;
}

}  // namespace
}  // namespace portreeve::supervisor

int main(int argc, char** argv) { return portreeve::supervisor::run(argc, argv); }
