// `portreeve revoke`: the kill switch.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cstdint>
#include <memory>

#include "engine/base/text.h"
#include "tools/portreeve/admin_client.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

struct Options {
  AdminAccess access;
  std::string session, subject, tenant, reason;
  bool all = false;
  bool all_tenants = false;
  std::int64_t lifted = 0;
  bool json = false;
};

std::string reach(const Options& options) { return options.all_tenants ? "?tenants=*" : ""; }

std::string text_of(const JsonValue& answer, std::string_view key) {
  const JsonValue* const value = answer.find(key);
  if (value == nullptr) return "-";
  return value->as_string() != nullptr ? printable(*value->as_string()) : to_canonical_json(*value);
}

ExitCode lift(const Options& options, Terminal& terminal) {
  const auto done =
      ask_admin(options.access, "DELETE", fmt::format("/v1/revocations/{}{}", options.lifted, reach(options)));
  if (!done) return failed(terminal, done.error().message);
  if (!options.json)
    terminal.out.write(fmt::format("revocation {} is lifted: sessions may be made again\n", options.lifted));
  return ExitCode::ok;
}

ExitCode revoke(const Options& options, Terminal& terminal) {
  if (options.lifted > 0) return lift(options, terminal);
  JsonValue body{JsonValue::Object{}};
  if (!options.session.empty()) body.set("session", options.session);
  if (!options.subject.empty()) body.set("subject", options.subject);
  if (!options.tenant.empty()) body.set("tenant", options.tenant);
  if (options.all) body.set("all", true);
  if (!options.reason.empty()) body.set("reason", options.reason);
  const auto answer = ask_admin(options.access, "POST", "/v1/revocations" + reach(options), body);
  if (!answer) return failed(terminal, answer.error().message);
  if (options.json) {
    write_json(terminal.out, *answer);
    return ExitCode::ok;
  }
  const std::string target = text_of(*answer, "target");
  terminal.out.write(fmt::format("revoked: {}{}{}, {} live sessions cut, event {}\n", text_of(*answer, "kind"),
                                 target.empty() ? "" : " ", target, text_of(*answer, "sessions"),
                                 text_of(*answer, "event")));
  return ExitCode::ok;
}

}  // namespace

Run declare_revoke(CLI::App& program) {
  CLI::App& app =
      add_subcommand(program, "revoke", "Cut a session, a subject, a tenant or everything, at every gate.",
                     "portreeve revoke --session ses_01JDF3ZJ9GQ5C6B2M8N4T7V0XY --reason 'writes to a paste site'\n"
                     "portreeve revoke --subject keycloak/rita\n"
                     "portreeve revoke --lift 17");
  const auto options = std::make_shared<Options>();
  CLI::Option_group& what = *app.add_option_group("What", "exactly one of");
  what.add_option("--session", options->session, "One session")->type_name("ID");
  what.add_option("--subject", options->subject, "Every session of a subject, and those to come, like keycloak/rita")
      ->type_name("ID");
  what.add_option("--tenant", options->tenant, "Every session of a tenant, and those to come")->type_name("NAME");
  what.add_flag("--all", options->all, "Every session, and those to come");
  what.add_option("--lift", options->lifted, "Lift the revocation of that event: what was cut stays cut")
      ->type_name("EVENT")
      ->check(CLI::PositiveNumber);
  what.require_option(1);
  app.add_option("--reason", options->reason, "Why; it stands in the log and at the gates")->type_name("TEXT");
  app.add_flag("--all-tenants", options->all_tenants, "Beyond one's own tenant, where the policies let you");
  declare_admin_access(app, options->access);
  app.add_flag("--json", options->json, "The answer as JSON");
  return [options](Terminal& terminal) { return revoke(*options, terminal); };
}

}  // namespace portreeve::cli
