#include "pep/supervisor/controller.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "daemon/config.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/supervisor/environment.h"
#include "pep/supervisor/secret_memory.h"
#include "pep/supervisor/supervisor.h"
#include "pep/supervisor/system_error.h"
#include "pep/supervisor/terminal.h"

namespace portreeve::supervisor {

namespace asio = boost::asio;
using channel::EndCause;
using channel::ErrorCode;
using channel::ProcessNumber;

namespace {

constexpr Millis kHelloTime{5000};
// What waits for the connection before the next message is read: a controller that only writes is not served for ever.
constexpr std::size_t kReadWhileBelow = 1u << 20;
constexpr int kPipeBytes = 256 << 10;
constexpr int kFirstSecret = 3;
// Frozen: docs/supervisor.md
constexpr char kSecretsVariable[] = "PORTREEVE_SECRETS";

// Frozen: docs/control-channel.md
const std::vector<std::string>& capabilities() {
  static const std::vector<std::string> all = {"credential", "secrets", "shutdown", "terminal"};
  return all;
}

std::string code_of(wire::Reason reason) { return std::string(wire::code(reason)); }

Refused refused(wire::Reason reason, std::string detail, std::string decision = {}) {
  return {code_of(reason), std::move(detail), std::move(decision)};
}

struct StreamPair {
  ChildStreams theirs;
  OurStreams ours;
};

Status make_pipe(Descriptor& read_end, Descriptor& write_end, Descriptor& of_us, const SandboxUser& user) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_fail("no pipe");
  read_end = Descriptor(ends[0]);
  write_end = Descriptor(ends[1]);
  fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes);  // less will do as well
  // So that the process can open /dev/stdout and its like.
  if (fchown(ends[0], user.uid, user.gid) != 0) return system_fail("a pipe cannot be given to its user");
  if (fcntl(of_us.get(), F_SETFL, O_NONBLOCK) != 0) return system_fail("no pipe");
  return {};
}

Result<StreamPair> open_streams(const channel::Start& start, const SandboxUser& user) {
  StreamPair pair;
  if (start.terminal) {
    TRY_ASSIGN(TerminalPair terminal, open_terminal(user, *start.terminal));
    pair.ours.terminal = true;
    pair.ours.input = Descriptor(fcntl(terminal.ours.get(), F_DUPFD_CLOEXEC, 3));
    pair.ours.output = std::move(terminal.ours);
    pair.theirs.output = Descriptor(fcntl(terminal.theirs.get(), F_DUPFD_CLOEXEC, 3));
    pair.theirs.error = Descriptor(fcntl(terminal.theirs.get(), F_DUPFD_CLOEXEC, 3));
    pair.theirs.input = std::move(terminal.theirs);
    pair.theirs.terminal = std::move(terminal.path);
    if (!pair.ours.input || !pair.theirs.output || !pair.theirs.error) return system_fail("no terminal");
    return pair;
  }
  if (start.input) {
    if (auto made = make_pipe(pair.theirs.input, pair.ours.input, pair.ours.input, user); !made) {
      return fail(made.error());
    }
  } else {
    pair.theirs.input = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!pair.theirs.input) return system_fail("/dev/null");
  }
  if (auto made = make_pipe(pair.ours.output, pair.theirs.output, pair.ours.output, user); !made) {
    return fail(made.error());
  }
  if (auto made = make_pipe(pair.ours.error, pair.theirs.error, pair.ours.error, user); !made) {
    return fail(made.error());
  }
  return pair;
}

std::optional<std::int64_t> least(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}
std::optional<Seconds> least(std::optional<Seconds> a, std::optional<Seconds> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

wire::ExecLimits strictest(const wire::ExecLimits& a, const wire::ExecLimits& b) {
  return {least(a.wall, b.wall), least(a.cpu, b.cpu), least(a.memory, b.memory), least(a.processes, b.processes),
          least(a.open_files, b.open_files)};
}

// Every signal kept off the forked child until it has its own handlers, and off this process until the pid is noted.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::optional<wire::Reason> reason_of(EndCause cause) {
  switch (cause) {
    case EndCause::exited:
    case EndCause::signalled:
      return std::nullopt;
    case EndCause::wall_limit:
      return wire::Reason::limit_wall;
    case EndCause::cpu_limit:
      return wire::Reason::limit_cpu;
    case EndCause::out_of_memory:
      return wire::Reason::limit_memory;
    case EndCause::refused:
      return wire::Reason::confinement_unavailable;
    case EndCause::shutting_down:
      return wire::Reason::shutting_down;
    case EndCause::revoked:
      return wire::Reason::revoked;
  }
  return wire::Reason::internal_error;
}

}  // namespace

// What a process's number stands for: first its secrets, then the start that is under way, then the process.
struct Controller::Slot {
  std::vector<std::pair<std::string, Descriptor>> secrets;
  bool begun = false;
  bool cancelled = false;  // before it ran
  std::shared_ptr<Process> process;
  std::string decision;
};

Controller::Controller(Supervisor& supervisor, std::shared_ptr<channel::ControlStream> stream)
    : supervisor_(supervisor), stream_(std::move(stream)) {}
Controller::~Controller() = default;

asio::awaitable<void> Controller::run() {
  const auto self = shared_from_this();
  const auto hello = co_await read_hello();
  if (!hello) {
    fail_with(ErrorCode::protocol, hello.error().message);
  } else if (hello->oldest > channel::kNewestVersion || hello->newest < channel::kOldestVersion) {
    fail_with(ErrorCode::version, "this supervisor speaks version 1");
  } else {
    channel::Welcome welcome;
    welcome.version = std::min(hello->newest, channel::kNewestVersion);
    welcome.capabilities = capabilities();
    welcome.agent = "portreeve-supervisor/" + std::string(daemon::version());
    welcome.session = supervisor_.boot_.session;
    welcome.processes = static_cast<std::uint32_t>(supervisor_.options_.processes);
    welcome.input_window = limits::kChannelInputWindow;
    stream_->send(channel::encode(0, channel::ToController(welcome)));
    supervisor_.log_.info("controller connected", {{"agent", hello->agent}});
  }
  while (!failed_ && !stream_->ended()) {
    co_await stream_->wait_until_below(kReadWhileBelow);
    const auto bytes = co_await stream_->read();
    if (!bytes) break;
    auto message = channel::read_to_supervisor(*bytes);
    if (!message) {
      fail_with(ErrorCode::protocol, message.error().message);
      break;
    }
    handle(message->process, std::move(message->message));
  }
  // Its processes have nobody left to talk to.
  for (const auto& [number, slot] : slots_) {
    slot->cancelled = true;
    if (!slot->process) continue;
    slot->process->forget_stream();
    slot->process->end_in_order(std::nullopt);
  }
}

asio::awaitable<Result<channel::Hello>> Controller::read_hello() {
  asio::steady_timer deadline(supervisor_.context_, kHelloTime);
  deadline.async_wait([stream = stream_](const boost::system::error_code& stopped) {
    if (!stopped) stream->cut();
  });
  const auto bytes = co_await stream_->read();
  if (!bytes) co_return fail(bytes.error());
  auto message = channel::read_to_supervisor(*bytes);
  if (!message) co_return fail(message.error());
  auto* hello = std::get_if<channel::Hello>(&message->message);
  if (hello == nullptr) co_return fail("the first message is no hello");
  co_return std::move(*hello);
}

void Controller::fail_with(ErrorCode code, const std::string& detail) {
  supervisor_.log_.warning("controller refused", {{"code", channel::to_text(code)}, {"detail", detail}});
  failed_ = true;
  stream_->send(channel::encode(0, channel::ToController(channel::Failure{code, detail})));
  stream_->close_in_order();
}

void Controller::handle(ProcessNumber number, channel::ToSupervisor message) {
  if (auto* secret = std::get_if<channel::Secret>(&message)) return take_secret(number, std::move(*secret));
  if (auto* start = std::get_if<channel::Start>(&message)) return begin(number, std::move(*start));
  if (std::holds_alternative<channel::Hello>(message)) return fail_with(ErrorCode::protocol, "a second hello");
  if (auto* credential = std::get_if<channel::Credential>(&message)) {
    supervisor_.renew(channel::SecretText(std::move(credential->token)));
    stream_->send(channel::encode(0, channel::ToController(channel::CredentialTaken{})));
    return;
  }
  if (const auto* shutdown = std::get_if<channel::Shutdown>(&message)) {
    return supervisor_.shut_down(Millis(shutdown->grace_millis));
  }
  if (std::holds_alternative<channel::Unknown>(message)) return;
  // What is about a process that has ended meanwhile crosses its end, and is no mistake.
  const auto found = slots_.find(number);
  if (found == slots_.end() || !found->second->process) {
    if (const auto* window = std::get_if<channel::Signal>(&message); window != nullptr && found != slots_.end()) {
      found->second->cancelled = found->second->cancelled || window->number == SIGKILL;
    }
    return;
  }
  Process& process = *found->second->process;
  if (auto* input = std::get_if<channel::Input>(&message)) {
    if (!process.input(std::move(input->bytes))) fail_with(ErrorCode::flow, "more input than there was room for");
  } else if (std::holds_alternative<channel::InputEnd>(message)) {
    process.end_input();
  } else if (const auto* window = std::get_if<channel::Window>(&message)) {
    process.open_window(window->stream, window->bytes);
  } else if (const auto* signal = std::get_if<channel::Signal>(&message)) {
    process.signal(signal->number);
  } else if (const auto* resize = std::get_if<channel::Resize>(&message)) {
    process.resize(resize->size);
  }
}

void Controller::take_secret(ProcessNumber number, channel::Secret secret) {
  auto& slot = slots_[number];
  if (!slot) slot = std::make_shared<Slot>();
  const channel::SecretText bytes(std::move(secret.bytes));
  if (slot->begun) return fail_with(ErrorCode::protocol, "a secret after its process's start");
  if (slots_.size() > supervisor_.options_.processes || slot->secrets.size() == limits::kChannelSecrets) {
    return fail_with(ErrorCode::too_many, "too many secrets");
  }
  const bool named = std::ranges::any_of(slot->secrets, [&](const auto& other) { return other.first == secret.name; });
  if (named) return fail_with(ErrorCode::protocol, "a secret of that name was given already");
  auto file = seal(secret.name, bytes.reveal());
  if (!file) return fail_with(ErrorCode::too_many, file.error().message);
  slot->secrets.emplace_back(std::move(secret.name), std::move(*file));
}

void Controller::begin(ProcessNumber number, channel::Start start) {
  auto& slot = slots_[number];
  if (slot && slot->begun) return fail_with(ErrorCode::protocol, "a process of that number runs already");
  if (!slot) slot = std::make_shared<Slot>();
  slot->begun = true;
  asio::co_spawn(
      supervisor_.context_,
      [self = shared_from_this(), number, asked = std::move(start)]() mutable {
        return self->start(number, std::move(asked));
      },
      asio::detached);
}

asio::awaitable<void> Controller::start(ProcessNumber number, channel::Start start) {
  const auto self = shared_from_this();
  const std::shared_ptr<Slot> slot = slots_.at(number);
  ++supervisor_.running_;
  const std::string program = start.program;
  auto result = co_await run_process(slot, std::move(start));
  --supervisor_.running_;

  channel::Ended ended;
  if (const auto* no = std::get_if<Refused>(&result)) {
    ended.cause = no->reason == code_of(wire::Reason::shutting_down) ? EndCause::shutting_down : EndCause::refused;
    ended.decision = no->decision;
    ended.reason = no->reason;
    ended.detail = printable(no->detail, limits::kChannelDetailBytes / 4);
    supervisor_.log_.info(
        "start refused",
        {{"program", program}, {"reason", no->reason}, {"detail", no->detail}, {"decision", no->decision}});
    const auto reason = wire::reason_from_code(no->reason);
    if (no->decision.empty() && reason) {
      supervisor_.outcomes_.add(StartRefusal{supervisor_.clock_.now(), *reason, supervisor_.boot_.session});
    }
  } else {
    const auto& end = std::get<ProcessEnd>(result);
    ended.cause = end.cause;
    ended.status = static_cast<std::uint8_t>(end.exit.status);
    ended.signal = static_cast<std::uint8_t>(end.exit.signal);
    ended.decision = slot->decision;
    ended.millis = static_cast<std::uint32_t>(std::min<std::int64_t>(end.duration.count(), UINT32_MAX));
    if (const auto reason = reason_of(end.cause)) ended.reason = code_of(*reason);
    record(end, slot->decision);
  }
  if (slot->process) supervisor_.retire(slot->process->take_group());
  slots_.erase(number);
  stream_->send(channel::encode(number, channel::ToController(ended)));
  supervisor_.finish_if_quiet();
}

void Controller::record(const ProcessEnd& end, const std::string& decision) {
  ProcessOutcome outcome;
  outcome.time = supervisor_.clock_.now();
  outcome.decision = decision;
  outcome.cause = end.cause;
  outcome.reason = reason_of(end.cause);
  if (end.exit.signal != 0) {
    outcome.signal = end.exit.signal;
  } else {
    outcome.exit_status = end.exit.status;
  }
  outcome.bytes_in = end.bytes_in;
  outcome.bytes_out = end.bytes_out;
  outcome.duration = end.duration;
  supervisor_.outcomes_.add(outcome);
}

asio::awaitable<std::variant<ProcessEnd, Refused>> Controller::run_process(std::shared_ptr<Slot> slot,
                                                                           channel::Start start) {
  if (supervisor_.stopping_) co_return refused(wire::Reason::shutting_down, "the sandbox is being shut down");
  if (supervisor_.running_ > supervisor_.options_.processes) {
    co_return refused(wire::Reason::limit_processes, "as many processes run as may at once");
  }
  const SandboxUser* user = find_user(supervisor_.options_.users, start.user);
  if (user == nullptr) {
    co_return refused(wire::Reason::bad_request, "the sandbox has no user `" + printable(start.user) + "`");
  }
  auto environment = Environment::make(start.environment, *user, start.terminal.has_value());
  if (!environment) co_return refused(wire::Reason::bad_request, environment.error().message);
  const auto path = resolve_program(start.program);
  if (!path) co_return refused(wire::Reason::program_unavailable, path.error().message);
  auto program = open_program(*path, *user);
  if (!program) co_return refused(wire::Reason::program_unavailable, program.error().message);
  auto folder = open_folder(start.directory.empty() ? user->home : start.directory);
  if (!folder) co_return refused(wire::Reason::bad_request, folder.error().message);
  if (start.arguments.empty()) start.arguments.push_back(start.program);

  co_await supervisor_.wait_until_heard();
  // Registered before the question, so that no revocation falls between the answer and the start.
  pep::Registration registration = supervisor_.watch_.enter([slot](pep::CutCause) { slot->cancelled = true; });
  if (const auto objection = registration.objection()) {
    co_return refused(pep::reason_of(*objection), "nothing is heard of the PDP, or the session was revoked");
  }
  StartQuestion question{std::move(*program), start.arguments,      folder->path,
                         user->name,          environment->names(), start.terminal.has_value()};
  auto judged = co_await supervisor_.judge_.ask(supervisor_.pdp_, std::move(question), registration);
  if (auto* no = std::get_if<Refused>(&judged)) co_return std::move(*no);
  auto& allowed = std::get<JudgedProgram>(judged);
  slot->decision = allowed.decision();

  const auto refuse_allowed = [&](wire::Reason reason, std::string detail) {
    ProcessOutcome outcome;
    outcome.time = supervisor_.clock_.now();
    outcome.decision = allowed.decision();
    outcome.cause = EndCause::refused;
    outcome.reason = reason;
    supervisor_.outcomes_.add(outcome);
    return refused(reason, std::move(detail), allowed.decision());
  };
  if (supervisor_.stopping_) co_return refuse_allowed(wire::Reason::shutting_down, "the sandbox is being shut down");
  if (slot->cancelled || stream_->ended()) co_return refuse_allowed(wire::Reason::revoked, "it was cut before it ran");

  wire::ExecLimits limits = strictest(allowed.obligations().limits, supervisor_.options_.most);
  if (limits != allowed.obligations().limits) {
    supervisor_.log_.info("limits lowered to the supervisor's own", {{"decision", allowed.decision()}});
  }
  if (start.wall_seconds > 0) limits.wall = least(limits.wall, Seconds(start.wall_seconds));
  std::optional<StartGroup> group;
  if (supervisor_.cgroups_.any() || limits.memory || limits.processes) {
    auto made = supervisor_.cgroups_.make({limits.memory, limits.processes});
    if (!made) co_return refuse_allowed(wire::Reason::confinement_unavailable, made.error().message);
    group.emplace(std::move(*made));
  }
  auto streams = open_streams(start, *user);
  if (!streams) co_return refuse_allowed(wire::Reason::confinement_unavailable, streams.error().message);

  SpawnRequest request;
  request.program = &allowed;
  request.limits = limits;
  request.arguments = std::move(start.arguments);
  request.environment = environment->scrubbed(allowed.obligations().env);
  request.folder = std::move(*folder);
  request.user = *user;
  request.streams = std::move(streams->theirs);
  request.group = group ? &*group : nullptr;
  std::string told;
  for (auto& [name, file] : slot->secrets) {
    told += (told.empty() ? "" : ",") + name + ":" + std::to_string(kFirstSecret + request.secrets.size());
    request.secrets.push_back(std::move(file));
  }
  slot->secrets.clear();
  if (!told.empty()) request.environment.push_back(std::string(kSecretsVariable) + "=" + told);

  Process::Options options;
  options.number = 0;
  for (const auto& [number, other] : slots_) {
    if (other == slot) options.number = number;
  }
  options.window = std::min<std::uint32_t>(start.window, limits::kChannelWindow);
  options.wall = limits.wall;
  options.cpu = limits.cpu;
  options.grace = supervisor_.options_.grace;
  options.decision = allowed.decision();
  {
    const SignalsHeld held;
    auto spawned = spawn(request);
    if (!spawned) co_return refuse_allowed(wire::Reason::confinement_unavailable, spawned.error().message);
    slot->process =
        std::make_shared<Process>(supervisor_.context_, std::move(options), stream_, std::move(streams->ours),
                                  std::move(*spawned), std::move(group), std::move(registration));
  }
  request = {};  // the supervisor keeps nothing of the child's side
  ProcessEnd end = co_await slot->process->run(supervisor_.reaper_);
  if (end.cause != EndCause::refused) co_return end;
  const bool of_program = end.trouble.starts_with("the program:");
  co_return refuse_allowed(of_program ? wire::Reason::program_unavailable : wire::Reason::confinement_unavailable,
                           end.trouble);
}

void Controller::signal_all(int number) {
  for (const auto& [process_number, slot] : slots_) {
    if (slot->process) slot->process->signal(number);
  }
}

void Controller::stop(Millis) {
  stream_->send(channel::encode(0, channel::ToController(channel::Stopping{})));
  for (const auto& [number, slot] : slots_) {
    if (slot->process) slot->process->end_in_order(EndCause::shutting_down);
  }
}

void Controller::kill_all() {
  for (const auto& [number, slot] : slots_) {
    if (slot->process) slot->process->cut(EndCause::shutting_down);
  }
}

void Controller::close() { stream_->close_in_order(); }

}  // namespace portreeve::supervisor
