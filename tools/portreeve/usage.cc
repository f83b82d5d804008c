// `portreeve usage`: what models were used for, and what it cost, as accounting says.
#include <fmt/format.h>
#include <httplib.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "tools/portreeve/checked.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/usage_table.h"

namespace portreeve::cli {
namespace {

constexpr std::time_t kTimeoutSeconds = 60;
constexpr std::size_t kMostAnswer = 64u << 20;
constexpr std::size_t kMostToken = 16u << 10;

struct Options {
  std::string accounting = "http://127.0.0.1:8183";
  std::string token, token_file;
  std::string by = "tenant";
  std::string from, to, limit;
  std::vector<std::string> where;
  bool json = false;
  bool csv = false;
};

Result<std::string> path_of(const Options& options) {
  httplib::Params parameters{{"by", options.by}, {"format", options.csv ? "csv" : "json"}};
  for (const auto& [key, value] : {std::pair{"from", &options.from}, {"to", &options.to}, {"limit", &options.limit}}) {
    if (!value->empty()) parameters.emplace(key, *value);
  }
  for (const std::string& condition : options.where) {
    const std::size_t equals = condition.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(fmt::format("`{}` is no condition, like `tenant=acme`", printable(condition)));
    }
    parameters.emplace(condition.substr(0, equals), condition.substr(equals + 1));
  }
  return "/v1/usage?" + httplib::detail::params_to_query_str(parameters);
}

Result<std::string> token_of(const Options& options) {
  if (options.token_file.empty()) return options.token;
  TRY_ASSIGN(std::string token, read_input(options.token_file, kMostToken));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}

// The answer's body; an error says what accounting said.
Result<std::string> fetch(const Options& options) {
  TRY_ASSIGN(const std::string path, path_of(options));
  TRY_ASSIGN(const std::string token, token_of(options));
  httplib::Client client(options.accounting);
  if (!client.is_valid()) return fail(fmt::format("`{}` is no URL of accounting", printable(options.accounting)));
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  httplib::Headers headers;
  if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
  std::string body;
  const auto answer = client.Get(path.c_str(), headers, [&body](const char* data, std::size_t size) {
    if (body.size() + size > kMostAnswer) return false;
    body.append(data, size);
    return true;
  });
  if (!answer) return fail(fmt::format("{}: {}", printable(options.accounting), httplib::to_string(answer.error())));
  if (answer->status == 200) return body;
  const auto problem = reader::parse_json(body);
  const JsonValue* const detail = problem ? problem->find("detail") : nullptr;
  const std::string* const why = detail == nullptr ? nullptr : detail->as_string();
  return fail(fmt::format("{}: {}{}{}", printable(options.accounting), answer->status, why == nullptr ? "" : ", ",
                          why == nullptr ? "" : printable(*why)));
}

ExitCode show(const Options& options, Terminal& terminal) {
  const auto body = fetch(options);
  if (!body) return failed(terminal, body.error().message);
  if (options.csv) {
    terminal.out.write(*body);
    return ExitCode::ok;
  }
  const auto report = reader::parse_json(*body, {kMostAnswer, limits::kJsonDepth});
  if (!report) return failed(terminal, fmt::format("{}: {}", printable(options.accounting), report.error().message));
  if (options.json) {
    write_json(terminal.out, *report);
    return ExitCode::ok;
  }
  const Status printed = print_usage(terminal.out, *report);
  return printed ? ExitCode::ok : failed(terminal, printed.error().message);
}

}  // namespace

Run declare_usage(CLI::App& program) {
  CLI::App& app =
      add_subcommand(program, "usage", "Sum what models were used for, and what it cost.",
                     "portreeve usage --by model --from 2026-11-01 --token-file data/accounting/keys/reader");
  const auto options = std::make_shared<Options>();
  app.add_option("--by", options->by, "What the rows are: tenant, subject, session, model, provider, tag, day")
      ->type_name("DIMENSION");
  app.add_option("--from", options->from, "From this time on: a date (UTC) or RFC 3339")->type_name("TIME");
  app.add_option("--to", options->to, "Up to this time, not including it")->type_name("TIME");
  app.add_option("--where", options->where, "Only calls with this value, like tenant=acme; repeatable")
      ->type_name("DIMENSION=VALUE");
  app.add_option("--limit", options->limit, "At most so many rows; the totals are of all")->type_name("N");
  CLI::Option* const json = app.add_flag("--json", options->json, "One JSON object");
  app.add_flag("--csv", options->csv, "Comma-separated values (RFC 4180)")->excludes(json);
  app.add_option("--accounting", options->accounting, "Where portreeve-accounting listens")
      ->type_name("URL")
      ->envname("PORTREEVE_ACCOUNTING");
  CLI::Option* const token = app.add_option("--token", options->token, "A reader's credential, `acc_…`, or token")
                                 ->type_name("TOKEN")
                                 ->envname("PORTREEVE_ACCOUNTING_TOKEN");
  app.add_option("--token-file", options->token_file, "A file that holds it; keeps it out of the process list")
      ->type_name("FILE")
      ->excludes(token);
  return [options](Terminal& terminal) { return show(*options, terminal); };
}

}  // namespace portreeve::cli
