// `portreeve token`: tokens for trying things out, of the issuer that `portreeve-pdp --dev` believes and no other does.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <httplib.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <memory>

#include "daemon/dev_issuer.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "tools/portreeve/checked.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

constexpr Seconds kLifetime{15 * 60};
constexpr std::time_t kTimeoutSeconds = 10;

struct Options {
  std::string data = "data";
  std::string sub, tenant, claims, exchange;
  std::string audience = "portreeve";
  std::vector<std::string> groups, roles;
  bool json = false;
};

Result<JsonValue> parse_claims(std::string_view text) {
  auto claims = reader::parse_json(text);
  if (claims && claims->as_object() == nullptr)
    return fail("claims are a JSON object, like `{\"department\": \"engineering\"}`");
  return claims;
}

Result<JsonValue> claims_of(const Options& options) {
  JsonValue claims{JsonValue::Object{}};
  if (!options.claims.empty()) {
    TRY_ASSIGN(claims, parse_claims(options.claims));
  }
  claims.set("sub", options.sub);
  claims.set("aud", options.audience);
  if (!options.groups.empty()) claims.set("groups", to_json(options.groups));
  if (!options.tenant.empty()) claims.set("tenant", options.tenant);
  return claims;
}

Result<std::string> mint(const Options& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.data, ignored)) {
    return fail(fmt::format("`{}` is no folder; --data names the data folder of a PDP started with --dev",
                            printable(options.data)));
  }
  TRY_ASSIGN(JsonValue claims, claims_of(options));
  TRY_ASSIGN(const daemon::DevIssuer issuer, daemon::DevIssuer::open(std::filesystem::path(options.data) / "dev"));
  return issuer.mint(std::move(claims), now(), kLifetime);
}

// The PDP's answer to RFC 8693's exchange of the token; an error says what the PDP said.
Result<JsonValue> exchange(const Options& options, const std::string& token) {
  httplib::Client client(options.exchange);
  if (!client.is_valid())
    return fail(fmt::format("--exchange: `{}` is no address like http://127.0.0.1:8180", printable(options.exchange)));
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  httplib::Params form{{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                             {"subject_token", token},
                             {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"}};
  if (!options.roles.empty()) form.emplace("scope", fmt::format("{}", fmt::join(options.roles, " ")));
  const auto answer = client.Post("/v1/token", form);
  if (!answer) return fail(fmt::format("{}: {}", printable(options.exchange), httplib::to_string(answer.error())));
  auto body = reader::parse_json(answer->body);
  const JsonValue* const session_token = body ? body->find("access_token") : nullptr;
  if (answer->status == 200 && session_token != nullptr && session_token->as_string() != nullptr) return body;
  return fail(
      fmt::format("{} answered {}: {}", printable(options.exchange), answer->status, printable(answer->body, 1000)));
}

ExitCode token(const Options& options, Terminal& terminal) {
  const auto minted = mint(options);
  if (!minted) return failed(terminal, minted.error().message);
  if (options.exchange.empty()) {
    if (options.json)
      write_json(terminal.out, JsonValue(JsonValue::Object{{"id_token", *minted}}));
    else
      terminal.out.write(*minted + "\n");
    return ExitCode::ok;
  }
  const auto answer = exchange(options, *minted);
  if (!answer) return failed(terminal, answer.error().message);
  if (options.json)
    write_json(terminal.out, *answer);
  else
    terminal.out.write(printable(*answer->find("access_token")->as_string(), limits::kTokenBytes) + "\n");
  return ExitCode::ok;
}

}  // namespace

Run declare_token(CLI::App& program) {
  CLI::App& app = add_subcommand(
      program, "token", "Make a token of the development issuer, or a session token with it.",
      "portreeve token --data data --sub rita --group /agents/research --tenant acme --exchange http://127.0.0.1:8180\n"
      "portreeve token --data data --sub carl --claims '{\"groups\": [\"/agents/coding\"]}'");
  const auto options = std::make_shared<Options>();
  app.add_option("--data", options->data, "The data folder of a PDP started with --dev (default: data)")
      ->type_name("DIR");
  app.add_option("--sub", options->sub, "Whose token it is")->required()->type_name("NAME");
  app.add_option("--group", options->groups, "A group (claim `groups`); repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--tenant", options->tenant, "The tenant (claim `tenant`)")->type_name("NAME");
  app.add_option("--claims", options->claims, "More claims")->type_name("JSON")->check(checked(parse_claims));
  app.add_option("--audience", options->audience, "Whom it is for (default: portreeve)")->type_name("NAME");
  CLI::Option* const exchange =
      app.add_option("--exchange", options->exchange, "Exchange it at this PDP and print the session token")
          ->type_name("URL");
  app.add_option("--role", options->roles, "Activate this role in the session (default: all); repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->needs(exchange);
  app.add_flag("--json", options->json, "All that came, as one JSON object");
  return [options](Terminal& terminal) { return token(*options, terminal); };
}

}  // namespace portreeve::cli
