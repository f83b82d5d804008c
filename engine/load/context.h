// What the readers of one run share.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/load/conditions.h"
#include "engine/load/host_names.h"
#include "engine/load/names.h"
#include "engine/load/report.h"
#include "engine/load/yaml_tree.h"
#include "engine/model/policy_set.h"

namespace portreeve::load {

// One document, read so far as its kind and name.
struct Draft {
  Kind kind;
  std::string name;
  At at;  // of metadata.name
  const Node* spec = nullptr;
};

// A pattern or grant of an allow rule, with what a message about it needs.
struct ProgramUse {
  pattern::Pattern pattern;
  At at;
  std::string rule;
  bool acknowledged = false;
};
struct WriteUse {
  model::WriteGrant grant;
  At at;
  std::string rule;
};

struct Context {
  // All outlive this.
  Context(Report& the_report, Names& the_names, Conditions& the_conditions, model::PolicySet& the_set)
      : report(the_report), names(the_names), conditions(the_conditions), set(the_set) {}

  Report& report;
  Names& names;
  Conditions& conditions;
  model::PolicySet& set;

  // Read already, by name.
  std::unordered_map<std::string, std::size_t> lists;     // index in set.lists
  std::unordered_map<std::string, std::size_t> services;  // index in set.internal_services
  std::unordered_map<std::string, std::size_t> secrets;   // index in set.secrets
  // Hosts that Secrets' upstreams serve, and whose they are.
  std::map<net::HostName, std::string> upstream_names;
  std::map<net::IpAddress, std::string> upstream_addresses;
  // Over all ExecutionPolicies.
  std::vector<ProgramUse> programs;
  std::vector<WriteUse> writes;

  const PublicSuffixes& suffixes() {
    if (suffix_list == nullptr) suffix_list = std::make_unique<PublicSuffixes>();
    return *suffix_list;
  }

 private:
  std::unique_ptr<const PublicSuffixes> suffix_list;  // read when a wildcard first needs it
};

// One reader a kind: adds the document to the set, and reports what is wrong with it.
void read_identity_provider(const Draft& draft, Context& context);
void read_role(const Draft& draft, Context& context);
void read_role_binding(const Draft& draft, Context& context);
void read_role_constraint(const Draft& draft, Context& context);
void read_list(const Draft& draft, Context& context);
void read_entities(const Draft& draft, Context& context);
void read_internal_service(const Draft& draft, Context& context);
void read_secret(const Draft& draft, Context& context);
void read_egress_policy(const Draft& draft, Context& context);
void read_secret_policy(const Draft& draft, Context& context);
void read_execution_policy(const Draft& draft, Context& context);
void read_access_policy(const Draft& draft, Context& context);
void read_policy_test(const Draft& draft, Context& context);

// What only the whole set shows.
void check_roles(Context& context);            // cycles, separation of duty, roles that nobody can have
void check_entities(Context& context);         // the same subject or resource twice
void check_routes(Context& context);           // Secrets' routes that cover one another
void check_tenants(Context& context);          // denies that subjects without a tenant escape
void check_tcp_denies(Context& context);       // tcp denies that close what a tls allow opens
void check_shadowed_egress(Context& context);  // egress rules that others leave nothing to decide
void check_shadowed(Context& context);         // rules of the other domains, alike
void check_writable_programs(Context& context);

}  // namespace portreeve::load
