#include "engine/decide/verdict.h"

#include <algorithm>

#include "engine/decide/scratch.h"

namespace portreeve::decide {
namespace {

wire::Obligations owned(std::monostate) { return {}; }
wire::Obligations owned(const EgressTerms& terms) {
  return wire::EgressObligations{{terms.addresses.begin(), terms.addresses.end()}, terms.protocol, terms.limits};
}
wire::Obligations owned(const wire::SecretObligations& terms) { return terms; }
wire::Obligations owned(const ExecTerms& terms) {
  wire::ExecObligations out{{terms.env.begin(), terms.env.end()}, {}, terms.limits};
  for (const model::WriteGrant* grant : terms.write) out.write.push_back(grant->to_string());
  std::ranges::sort(out.write);
  return out;
}

}  // namespace

wire::Decision to_decision(const Verdict& verdict, const compile::Snapshot& snapshot) {
  wire::Decision out;
  out.allowed = verdict.allowed;
  out.reason = verdict.reason;
  out.rule_reason = verdict.rule_reason;
  out.rules.assign(verdict.rules.begin(), verdict.rules.end());
  out.obligations = std::visit([](const auto& terms) { return owned(terms); }, verdict.terms);
  if (verdict.dry_run) {
    out.dry_run = wire::DryRun{*verdict.dry_run, {verdict.dry_run_rules.begin(), verdict.dry_run_rules.end()}};
  }
  out.cache_for = verdict.cache_for;
  if (verdict.subject == nullptr) return out;
  const rbac::Directory& directory = snapshot.directory();
  out.roles.reserve(verdict.subject->roles.size());
  verdict.subject->roles.for_each([&](rbac::RoleId id) { out.roles.emplace_back(directory.role_name(id)); });
  if (verdict.subject->tenant) out.tenant = *verdict.subject->tenant;
  return out;
}

Workspace::Workspace() : scratch_(std::make_unique<Scratch>()) {}
Workspace::~Workspace() = default;

}  // namespace portreeve::decide
