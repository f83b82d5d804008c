// `portreeve exec`: a program in a sandbox, through its supervisor, as if it ran here.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <cstdlib>
#include <memory>

#include "daemon/endpoint.h"
#include "daemon/key_file.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "tools/portreeve/checked.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/exec_session.h"
#include "tools/portreeve/raw_terminal.h"

namespace portreeve::cli {
namespace {

// Frozen: docs/supervisor.md. Those of docker: what ran ends with its own status.
constexpr int kChannelFailed = 125;
constexpr int kRefused = 126;
constexpr int kSignalled = 128;

constexpr std::uint16_t kControlPort = 2024;
constexpr std::uint32_t kWindow = 4u << 20;

struct Options {
  bool input = false, terminal = false;
  std::string session, channel, credential, user, directory, address;
  std::vector<std::string> environment, secrets, command;
  std::int64_t wall = 0;
};

Result<ExecAddress> parse_address(std::string_view text) {
  if (auto endpoint = daemon::parse_endpoint(text); endpoint && !endpoint->is_unix()) {
    return ExecAddress{endpoint->host, endpoint->port};
  }
  const std::string with_port = fmt::format("{}:{}", text, kControlPort);
  if (auto endpoint = daemon::parse_endpoint(with_port); endpoint && !endpoint->is_unix()) {
    return ExecAddress{endpoint->host, endpoint->port};
  }
  return fail(fmt::format("`{}` is no address of a supervisor; it is `HOST` or `HOST:PORT`", printable(text)));
}

Result<channel::ChannelDocument> read_channel(const Options& options) {
  std::string path = options.channel;
  if (const char* from_environment = std::getenv("PORTREEVE_CHANNEL"); path.empty() && from_environment != nullptr) {
    path = from_environment;
  }
  if (path.empty()) return fail("--channel names the file that `portreeve channel` made for this supervisor");
  TRY_ASSIGN(auto text, daemon::read_key_file(path));
  if (!text) return fail(fmt::format("`{}` is not there", printable(path)));
  const channel::SecretText held(std::move(*text));
  return channel::ChannelDocument::parse(held.reveal());
}

Result<std::vector<channel::Secret>> read_secrets(const Options& options) {
  std::vector<channel::Secret> secrets;
  for (const std::string& text : options.secrets) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return fail("--secret is NAME=FILE");
    TRY_ASSIGN(std::string bytes, read_input(text.substr(equals + 1), limits::kChannelSecretBytes));
    secrets.push_back({text.substr(0, equals), std::move(bytes)});
  }
  return secrets;
}

// `NAME` alone takes its value from here.
std::vector<std::string> environment_of(const Options& options) {
  std::vector<std::string> lines;
  for (const std::string& text : options.environment) {
    if (text.find('=') != std::string::npos) {
      lines.push_back(text);
    } else if (const char* value = std::getenv(text.c_str())) {
      lines.push_back(text + "=" + value);
    }
  }
  return lines;
}

// Behind ADDRESS everything is the command's own, so that the `--` between them comes along.
std::vector<std::string> command_of(const Options& options) {
  std::vector<std::string> command = options.command;
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
  return command;
}

Result<ExecRequest> request_of(const Options& options) {
  ExecRequest request;
  TRY_ASSIGN(request.address, parse_address(options.address));
  TRY_ASSIGN(request.channel, read_channel(options));
  if (!options.session.empty() && options.session != request.channel.session) {
    return fail(fmt::format("the channel file is of the session `{}`", printable(request.channel.session)));
  }
  TRY_ASSIGN(request.secrets, read_secrets(options));
  if (!options.credential.empty()) {
    TRY_ASSIGN(request.credential, read_input(options.credential, limits::kTokenBytes));
    while (request.credential.ends_with('\n') || request.credential.ends_with('\r')) request.credential.pop_back();
  }
  const std::vector<std::string> command = command_of(options);
  if (command.empty()) return fail("no program is named");
  request.start.program = command.front();
  request.start.arguments = command;
  request.start.environment = environment_of(options);
  if (const char* term = std::getenv("TERM"); options.terminal && term != nullptr) {
    request.start.environment.push_back(std::string("TERM=") + term);
  }
  request.start.directory = options.directory;
  request.start.user = options.user;
  request.start.window = kWindow;
  request.start.wall_seconds = static_cast<std::uint32_t>(options.wall);
  request.start.input = options.input;
  if (options.terminal) request.start.terminal = size_of_terminal(STDIN_FILENO);
  return request;
}

// What a shell would say of the end, where the program does not say it itself.
int status_of(const channel::Ended& ended, Terminal& terminal) {
  const auto say = [&](const std::string& what) { terminal.err.write(fmt::format("portreeve exec: {}\n", what)); };
  switch (ended.cause) {
    case channel::EndCause::exited:
      return ended.status;
    case channel::EndCause::signalled:
      return ended.signal == 0 ? ended.status : kSignalled + ended.signal;
    case channel::EndCause::refused:
      say(fmt::format("refused: {}{}{}", printable(ended.reason),
                      ended.detail.empty() ? "" : ": " + printable(ended.detail, limits::kChannelDetailBytes),
                      ended.decision.empty() ? "" : fmt::format(" ({})", printable(ended.decision))));
      return kRefused;
    case channel::EndCause::wall_limit:
    case channel::EndCause::cpu_limit:
    case channel::EndCause::out_of_memory:
    case channel::EndCause::shutting_down:
    case channel::EndCause::revoked:
      break;
  }
  say(fmt::format("ended by the supervisor: {}", to_text(ended.cause)));
  return kSignalled + (ended.signal == 0 ? 9 : ended.signal);
}

ExitCode exec(const Options& options, Terminal& terminal) {
  if (options.terminal && options.input && isatty(STDIN_FILENO) == 0) {
    terminal.err.write("portreeve exec: -t wants a terminal on standard input\n");
    return static_cast<ExitCode>(kChannelFailed);
  }
  auto request = request_of(options);
  if (!request) {
    terminal.err.write(fmt::format("portreeve exec: {}\n", request.error().message));
    return static_cast<ExitCode>(kChannelFailed);
  }
  const auto ended = run_in_sandbox(std::move(*request));
  if (!ended) {
    terminal.err.write(fmt::format("portreeve exec: {}\n", ended.error().message));
    return static_cast<ExitCode>(kChannelFailed);
  }
  return static_cast<ExitCode>(status_of(*ended, terminal));
}

}  // namespace

Run declare_exec(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "exec", "Run a program in a sandbox, through its supervisor.",
                                 "portreeve exec --channel run/channel -it 10.1.0.2 -- bash\n"
                                 "portreeve exec --channel run/channel 10.1.0.2 -- python3 -c 'print(1)'");
  const auto options = std::make_shared<Options>();
  app.add_flag("-i,--interactive", options->input, "Pass standard input on");
  app.add_flag("-t,--tty", options->terminal, "Give it a terminal");
  app.add_option("--session", options->session, "Fail unless the channel is of this session")->type_name("ID");
  app.add_option("--channel", options->channel, "The channel's file (default: PORTREEVE_CHANNEL)")->type_name("FILE");
  app.add_option("--credential-file", options->credential,
                 "Holds the supervisor's next token (a supervisor's lives 15 minutes), handed over first")
      ->type_name("FILE");
  app.add_option("-u,--user", options->user, "Whom it runs as (default: the sandbox's first)")->type_name("NAME");
  app.add_option("-w,--cwd", options->directory, "Where it runs (default: the user's home)")->type_name("DIR");
  app.add_option("-e,--env", options->environment, "A variable to ask for; repeatable")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("--secret", options->secrets, "A secret to hand over by a sealed descriptor; repeatable")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  app.add_option("--wall", options->wall, "End it after so many seconds, where policy would not sooner")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("ADDRESS", options->address, "The supervisor's HOST or HOST:PORT")->required();
  app.add_option("COMMAND", options->command, "The program and its arguments")->required();
  app.positionals_at_end();
  return [options](Terminal& terminal) { return exec(*options, terminal); };
}

}  // namespace portreeve::cli
