#include "tools/portreeve/command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "daemon/clock.h"
#include "engine/base/text.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kMostShownError = 4000;

class ExampleFirst : public CLI::Formatter {
 public:
  explicit ExampleFirst(std::string example) : example_(std::move(example)) { column_width(32); }
  std::string make_description(const CLI::App* app) const override {
    std::string indented = "  " + example_;
    for (std::size_t at = indented.find('\n'); at != std::string::npos; at = indented.find('\n', at + 1)) {
      indented.insert(at + 1, "  ");
    }
    return "Example:\n" + indented + "\n\n" + app->get_description() + "\n\n";
  }

 private:
  const std::string example_;
};

}  // namespace

void begin_help_with(CLI::App& app, const std::string& example) {
  app.formatter(std::make_shared<ExampleFirst>(example));
}

CLI::App& add_subcommand(CLI::App& parent, const std::string& name, const std::string& summary,
                         const std::string& example) {
  CLI::App* const app = parent.add_subcommand(name, summary);
  begin_help_with(*app, example);
  return *app;
}

ExitCode failed(Terminal& terminal, std::string_view message) {
  terminal.err.write(fmt::format("portreeve: {}\n", printable(message, kMostShownError)));
  return ExitCode::failed;
}

ExitCode wrong_usage(Terminal& terminal, std::string_view message) {
  failed(terminal, message);
  return ExitCode::usage;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

JsonValue to_json(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

void write_json(Stream& stream, const JsonValue& value) { stream.write(to_canonical_json(value) + "\n"); }

Result<std::string> read_input(const std::string& path, std::size_t most) {
  const std::string_view shown = path == "-" ? std::string_view("standard input") : std::string_view(path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      path == "-" ? nullptr : std::fopen(path.c_str(), "rbe"),
      [](std::FILE* file) { return file == nullptr ? 0 : std::fclose(file); });
  std::FILE* const file = path == "-" ? stdin : opened.get();
  if (file == nullptr) return fail(fmt::format("{}: {}", shown, std::generic_category().message(errno)));
  std::string bytes;
  char block[65'536];
  for (;;) {
    const std::size_t got = std::fread(block, 1, sizeof block, file);
    bytes.append(block, got);
    if (bytes.size() > most) return fail(fmt::format("{}: more than {} bytes", shown, most));
    if (got < sizeof block) break;
  }
  if (std::ferror(file) != 0) return fail(fmt::format("{}: {}", shown, std::generic_category().message(errno)));
  return bytes;
}

Timestamp now() { return daemon::SystemClock().now(); }

}  // namespace portreeve::cli
