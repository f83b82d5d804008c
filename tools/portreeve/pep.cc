// `portreeve pep`: the gates' credentials, in a data folder beside a live PDP or where none runs.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <memory>

#include "engine/base/text.h"
#include "storage/sqlite/state_store.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/table.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string data = "data";
  std::string name;
  std::vector<std::string> domains;
  bool json = false;
};

Result<std::unique_ptr<storage::PepStore>> open(const Options& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.data, ignored)) {
    return fail(fmt::format("`{}` is no folder; --data names the PDP's data folder", printable(options.data)));
  }
  return storage::open_pep_store((std::filesystem::path(options.data) / "state.sqlite").string());
}

std::vector<std::string> domain_names(storage::PepDomains domains) {
  std::vector<std::string> names;
  for (const storage::PepDomain domain : domains.list()) names.emplace_back(storage::to_text(domain));
  return names;
}

Result<storage::PepDomains> domains_of(const Options& options) {
  storage::PepDomains domains;
  for (const std::string& name : options.domains) {
    const auto domain = storage::pep_domain_from_text(name);
    if (!domain) {
      return fail(fmt::format("unknown domain `{}`; it is one of egress, secrets, execution, access, sessions",
                              printable(name)));
    }
    domains.add(*domain);
  }
  return domains;
}

JsonValue to_json(const storage::PepCredential& credential) {
  JsonValue out(JsonValue::Object{{"name", credential.name},
                                  {"domains", cli::to_json(domain_names(credential.domains))},
                                  {"created", to_rfc3339(credential.created)}});
  if (credential.removed) out.set("removed", to_rfc3339(*credential.removed));
  return out;
}

ExitCode add(const Options& options, Terminal& terminal) {
  const auto domains = domains_of(options);
  if (!domains) return wrong_usage(terminal, domains.error().message);
  const auto store = open(options);
  if (!store) return failed(terminal, store.error().message);
  const auto made = (*store)->add(options.name, *domains, now());
  if (!made) return failed(terminal, made.error().message);
  if (options.json) {
    JsonValue out = to_json(made->credential);
    out.set("secret", made->secret);
    write_json(terminal.out, out);
    return ExitCode::ok;
  }
  terminal.out.write(made->secret + "\n");
  terminal.err.write("This is the only time it is shown; the gate sends it as `Authorization: Bearer`.\n");
  return ExitCode::ok;
}

ExitCode list(const Options& options, Terminal& terminal) {
  const auto store = open(options);
  if (!store) return failed(terminal, store.error().message);
  const auto credentials = (*store)->list();
  if (!credentials) return failed(terminal, credentials.error().message);
  Table table({{"NAME"}, {"DOMAINS"}, {"CREATED"}, {"REMOVED"}});
  for (const storage::PepCredential& credential : *credentials) {
    if (options.json) write_json(terminal.out, to_json(credential));
    table.add({{credential.name},
               {fmt::format("{}", fmt::join(domain_names(credential.domains), ","))},
               {to_rfc3339(credential.created)},
               {credential.removed ? to_rfc3339(*credential.removed) : "-"}});
  }
  if (!options.json) table.print(terminal.out);
  return ExitCode::ok;
}

ExitCode remove(const Options& options, Terminal& terminal) {
  const auto store = open(options);
  if (!store) return failed(terminal, store.error().message);
  const auto removed = (*store)->remove(options.name, now());
  if (!removed) return failed(terminal, removed.error().message);
  if (!*removed)
    return failed(terminal, fmt::format("no credential of the name `{}` is in force", printable(options.name)));
  return ExitCode::ok;
}

}  // namespace

Run declare_pep(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "pep", "Make, list and remove the gates' credentials.",
                                 "portreeve pep add egress-1 --domain egress --data data");
  app.require_subcommand(1);
  const auto options = std::make_shared<Options>();
  CLI::App& adding = add_subcommand(app, "add", "Make a credential and print its secret, this once.",
                                    "portreeve pep add egress-1 --domain egress --data data");
  adding.add_option("name", options->name, "Its name, which records show")->required();
  adding
      .add_option("--domain", options->domains,
                  "What it may ask about: egress, secrets, execution, access, sessions; repeatable")
      ->required()
      ->type_name("DOMAIN");
  adding.add_flag("--json", options->json, "One JSON object");
  CLI::App& listing =
      add_subcommand(app, "list", "List the credentials, the removed ones too.", "portreeve pep list --data data");
  listing.add_flag("--json", options->json, "One JSON object a line");
  CLI::App& removing = add_subcommand(app, "remove", "Remove a credential: a PDP believes it no longer.",
                                      "portreeve pep remove egress-1 --data data");
  removing.add_option("name", options->name, "Its name")->required();
  for (CLI::App* const each : {&adding, &listing, &removing}) {
    each->add_option("--data", options->data, "The PDP's data folder (default: data)")->type_name("DIR");
  }
  return [&adding, &listing, options](Terminal& terminal) {
    if (adding.parsed()) return add(*options, terminal);
    if (listing.parsed()) return list(*options, terminal);
    return remove(*options, terminal);
  };
}

}  // namespace portreeve::cli
