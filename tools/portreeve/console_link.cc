// `portreeve console-link`: a link that signs in at the console of a PDP started with --dev, once and for five minutes.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <memory>

#include "daemon/dev_issuer.h"
#include "daemon/one_time_link.h"
#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

constexpr Seconds kLifetime{5 * 60};

struct Options {
  std::string data = "data";
  std::string admin = "http://127.0.0.1:8181";
  std::string sub = "operator";
  std::string tenant;
  std::string audience = "portreeve";
  std::vector<std::string> groups;
  bool json = false;
};

Result<std::string> make(const Options& options) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(options.data, ignored)) {
    return fail(fmt::format("`{}` is no folder; --data names the data folder of a PDP started with --dev",
                            printable(options.data)));
  }
  const fs::path folder = fs::path(options.data) / "dev";
  TRY_ASSIGN(const daemon::DevIssuer issuer, daemon::DevIssuer::open(folder));
  JsonValue claims = JsonValue::Object{{"aud", options.audience}, {"sub", options.sub}};
  claims.set("groups", to_json(options.groups.empty() ? std::vector<std::string>{"/people/platform"} : options.groups));
  if (!options.tenant.empty()) claims.set("tenant", options.tenant);
  const daemon::OneTimeLinks links(folder / "links");
  TRY_ASSIGN(const std::string secret, links.make(issuer.mint(std::move(claims), now(), kLifetime)));
  return fmt::format("{}/console/#link={}", options.admin, secret);
}

ExitCode console_link(const Options& options, Terminal& terminal) {
  const auto link = make(options);
  if (!link) return failed(terminal, link.error().message);
  if (options.json) {
    write_json(terminal.out, JsonValue(JsonValue::Object{{"link", *link}}));
  } else {
    terminal.out.write(*link + "\n");
  }
  return ExitCode::ok;
}

}  // namespace

Run declare_console_link(CLI::App& program) {
  CLI::App& app = add_subcommand(
      program, "console-link", "Make a link that signs in at the console, once, of a PDP started with --dev.",
      "portreeve console-link --data data\n"
      "portreeve console-link --data data --sub aria --group /people/acme-audit --tenant acme");
  const auto options = std::make_shared<Options>();
  app.add_option("--data", options->data, "The data folder of a PDP started with --dev (default: data)")
      ->type_name("DIR");
  app.add_option("--admin", options->admin, "Its admin listener (default: http://127.0.0.1:8181)")
      ->type_name("URL")
      ->envname("PORTREEVE_ADMIN");
  app.add_option("--sub", options->sub, "Whom it signs in (default: operator)")->type_name("NAME");
  app.add_option("--group", options->groups, "A group (claim `groups`; default: /people/platform); repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--tenant", options->tenant, "The tenant (claim `tenant`)")->type_name("NAME");
  app.add_option("--audience", options->audience, "The provider's audience (default: portreeve)")->type_name("NAME");
  app.add_flag("--json", options->json, "One JSON object");
  return [options](Terminal& terminal) { return console_link(*options, terminal); };
}

}  // namespace portreeve::cli
