// The command line of Portreeve: one subcommand a file, each over a library call.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config.h"
#include "engine/base/diagnostic.h"
#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

using Command = std::pair<std::string, Run>;

constexpr char kAfterwards[] =
    "Exit codes: 0 done, or allowed; 1 it failed; 2 wrong usage; 3 denied (eval).\n"
    "`portreeve SUBCOMMAND --help` begins with an example.";

std::vector<Command> declare(CLI::App& program) {
  begin_help_with(program, "portreeve check policies\nportreeve test policies --coverage");
  program.set_version_flag("--version", fmt::format("portreeve {}", daemon::version()), "Print the version and exit");
  program.require_subcommand(1);
  std::vector<Command> commands{{"check", declare_check(program)},
                                {"test", declare_test(program)},
                                {"eval", declare_eval(program)},
                                {"explain", declare_explain(program)},
                                {"decisions", declare_decisions(program)},
                                {"pep", declare_pep(program)},
                                {"token", declare_token(program)},
                                {"revoke", declare_revoke(program)},
                                {"sessions", declare_sessions(program)},
                                {"cel", declare_cel(program)},
                                {"exec", declare_exec(program)},
                                {"channel", declare_channel(program)},
                                {"console-link", declare_console_link(program)},
                                {"compile", declare_compile(program)},
                                {"usage", declare_usage(program)}};
  program.footer(kAfterwards);  // after the subcommands, which would inherit it
  return commands;
}

// The subcommand that was being read, by its whole name.
std::string name_of_asked(const CLI::App& program) {
  std::string name = program.get_name();
  for (const CLI::App* app = &program; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    name += " " + app->get_name();
  }
  return name;
}

// What to say where the first word is no subcommand; CLI11 says only that one is required.
std::string unknown_subcommand(const CLI::App& program, const std::vector<Command>& commands,
                               const std::vector<std::string>& arguments) {
  if (!program.get_subcommands().empty() || arguments.empty() || arguments[0].starts_with('-')) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, work] : commands) names.push_back(name);
  const std::string_view near = closest(arguments[0], names);
  return fmt::format("unknown subcommand `{}`{}; see `portreeve --help`", printable(arguments[0]),
                     near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near));
}

ExitCode run(const std::vector<std::string>& arguments, Terminal& terminal) {
  CLI::App program("Policies of sandboxes, and the decisions made by them.", "portreeve");
  const std::vector<Command> commands = declare(program);
  try {
    // CLI11 takes its arguments from the end of the vector.
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForVersion& version) {
    terminal.out.write(fmt::format("{}\n", version.what()));
    return ExitCode::ok;
  } catch (const CLI::Success&) {
    terminal.out.write(program.help());
    return ExitCode::ok;
  } catch (const CLI::Error& error) {
    if (const std::string unknown = unknown_subcommand(program, commands, arguments); !unknown.empty()) {
      return wrong_usage(terminal, unknown);
    }
    return wrong_usage(terminal, fmt::format("{}; see `{} --help`", error.what(), name_of_asked(program)));
  }
  for (const auto& [name, work] : commands) {
    if (program.got_subcommand(name)) return work(terminal);
  }
  return ExitCode::usage;
}

}  // namespace
}  // namespace portreeve::cli

int main(int argc, char** argv) {
  using namespace portreeve::cli;
  Terminal terminal;
  ExitCode code = ExitCode::failed;
  try {
    code = run(std::vector<std::string>(argv + 1, argv + argc), terminal);
  } catch (const std::exception& error) {
    failed(terminal, error.what());
  }
  terminal.out.flush();
  if (terminal.out.failed() && code == ExitCode::ok) code = failed(terminal, "cannot write to standard output");
  return static_cast<int>(code);
}
