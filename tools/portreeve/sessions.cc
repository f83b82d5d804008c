// `portreeve sessions`: which sandboxes there are.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>

#include "engine/base/text.h"
#include "tools/portreeve/admin_client.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/table.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kPage = 1000;

struct Options {
  AdminAccess access;
  std::string state = "live";
  std::string subject, tenant, shown;
  std::size_t limit = 100;
  bool all_tenants = false;
  bool json = false;
};

std::string text_of(const JsonValue& session, std::string_view key) {
  const JsonValue* const value = session.find(key);
  if (value == nullptr) return "-";
  if (value->as_string() != nullptr) return *value->as_string();
  if (const JsonValue::Array* const items = value->as_array()) {
    std::string out;
    for (const JsonValue& item : *items) {
      if (item.as_string() != nullptr) out += (out.empty() ? "" : " ") + *item.as_string();
    }
    return out.empty() ? "-" : out;
  }
  return to_canonical_json(*value);
}

std::string page_target(const Options& options, const std::string& after, std::size_t limit) {
  std::string target = "/v1/sessions?" + query_parameter("limit", std::to_string(std::min(limit, kPage)));
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) target += "&" + query_parameter(name, value);
  };
  if (options.state != "any") add("state", options.state);
  add("subject", options.subject);
  add("tenant", options.tenant);
  add("after", after);
  if (options.all_tenants) add("tenants", "*");
  return target;
}

Result<JsonValue::Array> list(const Options& options) {
  JsonValue::Array found;
  for (std::string after; found.size() < options.limit;) {
    TRY_ASSIGN(const JsonValue page,
               ask_admin(options.access, "GET", page_target(options, after, options.limit - found.size())));
    const JsonValue* const sessions = page.find("sessions");
    if (sessions == nullptr || sessions->as_array() == nullptr) return fail("the PDP's answer has no `sessions`");
    std::ranges::copy(*sessions->as_array(), std::back_inserter(found));
    const JsonValue* const next = page.find("next");
    if (next == nullptr || next->as_string() == nullptr) break;
    after = *next->as_string();
  }
  return found;
}

ExitCode show(const Options& options, Terminal& terminal) {
  const std::string target = "/v1/sessions/" + path_segment(options.shown) + (options.all_tenants ? "?tenants=*" : "");
  const auto session = ask_admin(options.access, "GET", target);
  if (!session) return failed(terminal, session.error().message);
  if (options.json || session->as_object() == nullptr) {
    write_json(terminal.out, *session);
    return ExitCode::ok;
  }
  for (const auto& [key, value] : *session->as_object()) {
    terminal.out.write(fmt::format("{:<10} {}\n", printable(key), printable(text_of(*session, key), 2000)));
  }
  return ExitCode::ok;
}

ExitCode sessions(const Options& options, Terminal& terminal) {
  const auto found = list(options);
  if (!found) return failed(terminal, found.error().message);
  Table table({{"SESSION", 30}, {"STATE"}, {"SUBJECT"}, {"TENANT"}, {"CREATED"}, {"EXPIRES"}, {"ADDRESSES"}});
  for (const JsonValue& session : *found) {
    if (options.json) write_json(terminal.out, session);
    std::vector<Cell> row;
    for (const char* const key : {"id", "state", "subject", "tenant", "created", "expires", "addresses"}) {
      row.push_back({text_of(session, key)});
    }
    row[1].colour = row[1].text == "live" ? Colour::green : Colour::faint;
    table.add(std::move(row));
  }
  if (!options.json) table.print(terminal.out);
  return ExitCode::ok;
}

}  // namespace

Run declare_sessions(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "sessions", "List sandboxes' sessions, or show one.",
                                 "portreeve sessions\n"
                                 "portreeve sessions --state any --subject keycloak/rita\n"
                                 "portreeve sessions ses_01JDF3ZJ9GQ5C6B2M8N4T7V0XY");
  const auto options = std::make_shared<Options>();
  app.add_option("id", options->shown, "Show that one")->type_name("ID");
  app.add_option("--state", options->state, "live, ended, revoked, expired or any (default: live)")
      ->type_name("STATE")
      ->check(CLI::IsMember({"live", "ended", "revoked", "expired", "any"}));
  app.add_option("--subject", options->subject, "Of one subject, like keycloak/rita")->type_name("ID");
  app.add_option("--tenant", options->tenant, "Of one tenant")->type_name("NAME");
  app.add_flag("--all-tenants", options->all_tenants, "Beyond one's own tenant, where the policies let you");
  app.add_option("--limit", options->limit, "At most so many (default: 100)")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1'000'000));
  declare_admin_access(app, options->access);
  app.add_flag("--json", options->json, "One JSON object a session");
  return [options](Terminal& terminal) {
    return options->shown.empty() ? sessions(*options, terminal) : show(*options, terminal);
  };
}

}  // namespace portreeve::cli
