// SEMANTICS once more, as plainly as it can be said: the second implementation to be wrong against.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/model/policy_set.h"
#include "engine/net/ip_prefix.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::reference {

// How one clause of a rule stands (SEMANTICS §2).
enum class Clause : std::uint8_t { no, yes, unknown, error };

// What was looked at on the way to an answer, for tests that must know what they reached. Clauses are those of every
// rule that took part, dry runs twice, egress rules once for each address. Borrows literals only.
struct Account {
  struct Seen {
    std::string_view clause;
    model::Effect effect = model::Effect::deny;
    Clause state = Clause::no;
  };
  std::vector<Seen> clauses;
  // Bindings that name the subject, by where the request's time lies.
  bool binding_before_start = false;
  bool binding_within_bounds = false;
  bool binding_at_or_after_end = false;
  bool binding_of_other_tenant = false;
  bool over_a_constraint = false;
};

// Decides by looking at every document and every rule, sharing with production only the vocabulary, CEL, patterns and
// addresses. `own_addresses` are the deployment's; `account`, where not null, is added to. Reads the whole set at each
// call: slow on purpose, for tests alone. `cache_for` is left at 0. Total; any thread.
wire::Decision reference_decide(const model::PolicySet& set, const wire::Request& request,
                                const std::vector<net::IpPrefix>& own_addresses = {}, Account* account = nullptr);

}  // namespace portreeve::reference
