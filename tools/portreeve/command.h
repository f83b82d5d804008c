// What the subcommands share: how they are declared, and how they end.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "tools/portreeve/terminal.h"

namespace CLI {
class App;
}

namespace portreeve::cli {

// How a command ended, for scripts. Frozen: docs/command-line.md
enum class ExitCode : int { ok = 0, failed = 1, usage = 2, denied = 3 };

// A subcommand's work, once its options were read.
using Run = std::function<ExitCode(Terminal&)>;

// Makes the help of a program or subcommand begin with the example: one or more lines, each a whole command.
void begin_help_with(CLI::App& app, const std::string& example);
// Declares a subcommand whose help begins with the example.
CLI::App& add_subcommand(CLI::App& parent, const std::string& name, const std::string& summary,
                         const std::string& example);

// Each declares one subcommand, with its options, and returns its work.
Run declare_cel(CLI::App& program);
Run declare_channel(CLI::App& program);
Run declare_check(CLI::App& program);
Run declare_console_link(CLI::App& program);
Run declare_test(CLI::App& program);
Run declare_eval(CLI::App& program);
Run declare_explain(CLI::App& program);
Run declare_exec(CLI::App& program);
Run declare_compile(CLI::App& program);
Run declare_decisions(CLI::App& program);
Run declare_pep(CLI::App& program);
Run declare_revoke(CLI::App& program);
Run declare_sessions(CLI::App& program);
Run declare_token(CLI::App& program);
Run declare_usage(CLI::App& program);

// Says on standard error what went wrong, after the program's name, and returns how the command ends.
ExitCode failed(Terminal& terminal, std::string_view message);
ExitCode wrong_usage(Terminal& terminal, std::string_view message);

// `3 files`, `1 file`.
std::string count_of(std::size_t count, std::string_view noun);
JsonValue to_json(const std::vector<std::string>& texts);
// Writes one line of canonical JSON.
void write_json(Stream& stream, const JsonValue& value);
// A file's bytes, or standard input's where the path is `-`; fails beyond `most` bytes.
Result<std::string> read_input(const std::string& path, std::size_t most);
Timestamp now();

}  // namespace portreeve::cli
