// What the parts of the reference evaluator share: clauses of four values, who asks, what was found.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/model/policy_set.h"
#include "engine/reference/reference.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::reference {

// How all clauses of a rule stand together. An allow rule matches if none is false or in error: it could allow. A deny
// rule matches if every one is true or in error (SEMANTICS §2).
class Clauses {
 public:
  // `account`, where not null, is told of every clause.
  Clauses(model::Effect effect, Account* account) : effect_(effect), account_(account) {}

  void add(std::string_view name, Clause one) {
    if (account_) account_->clauses.push_back({name, effect_, one});
    has_no_ |= one == Clause::no;
    has_error_ |= one == Clause::error;
    has_unknown_ |= one == Clause::unknown;
  }
  bool match() const { return effect_ == model::Effect::allow ? !has_no_ && !has_error_ : !has_no_ && !has_unknown_; }

 private:
  model::Effect effect_;
  Account* account_;
  bool has_no_ = false;
  bool has_error_ = false;
  bool has_unknown_ = false;
};

inline Clause clause(bool holds) { return holds ? Clause::yes : Clause::no; }

// What a subject is, by the policy set, at the time of the request (SEMANTICS §7).
struct Subject {
  std::vector<std::string> groups;  // sorted, each once
  std::vector<std::string> roles;   // the closure in force, sorted
  std::optional<std::string> tenant;
  model::Trust trust = model::Trust::untrusted;
};

Subject who_asks(const model::PolicySet& set, const wire::Request& request, Account& account);

// Whether the token leaves out a claim that the policies read, and says that it is elsewhere.
bool refers_to_claims(const model::PolicySet& set, const wire::Principal& principal);

// The one question being judged, and with which rules.
struct Asked {
  const model::PolicySet& set;
  const wire::Request& request;
  const std::vector<net::IpPrefix>& own_addresses;
  const Subject& subject;
  bool with_dry_runs;
  Account* account;
};

// A rule that matched.
struct Match {
  std::string name;  // `policy/rule`
  std::string reason;
  bool dry_run = false;
};

// Everything that §1's order chooses from.
struct Findings {
  std::optional<wire::Reason> question;     // unknown-secret, foreign-upstream
  std::optional<wire::Reason> guard;        // guard:…
  std::optional<wire::Reason> server_name;  // sni-mismatch, sni-missing
  std::vector<Match> denies;
  std::vector<Match> allows;
  // An allow rule matched, and of several things asked for (addresses, files) each is allowed.
  bool all_is_allowed = false;
  wire::Obligations obligations;
};

Findings look_at_egress(const Asked& asked, const wire::EgressQuestion& question);
Findings look_at_secret(const Asked& asked, const wire::SecretQuestion& question);
Findings look_at_execution(const Asked& asked, const wire::ExecQuestion& question);
Findings look_at_access(const Asked& asked);

// The rule takes part: its policy is there for the subject (scope is no clause), and it is no dry run left out.
bool takes_part(const Asked& asked, const model::PolicyHeader& policy, const model::RuleHeader& rule);
// Adds the rule's `when`, where it has one.
void add_condition(Clauses& clauses, const Asked& asked, const model::RuleHeader& rule);
void note(Findings& found, const model::PolicyHeader& policy, const model::RuleHeader& rule);

// An attribute that the request gives, or an error where it should and doesn't.
template <class T, class Test>
Clause needs(const std::optional<T>& attribute, Test holds) {
  return attribute ? clause(holds(*attribute)) : Clause::error;
}

template <class Patterns, class Text>
bool any_matches(const Patterns& patterns, const Text& text) {
  for (const auto& pattern : patterns) {
    if (pattern.matches(text)) return true;
  }
  return false;
}

template <class Values, class T>
bool holds(const Values& values, const T& wanted) {
  for (const auto& value : values) {
    if (value == wanted) return true;
  }
  return false;
}

// Merges one rule's number into an obligation: the minimum over the rules that state one (SEMANTICS §6).
template <class T>
void at_most(std::optional<T>& merged, const std::optional<T>& stated) {
  if (stated && (!merged || *stated < *merged)) merged = stated;
}

}  // namespace portreeve::reference
