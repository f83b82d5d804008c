#include <array>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/decide/egress_clauses.h"

namespace portreeve::decide {
namespace {

using model::EgressRule;
using wire::EgressProtocol;
using wire::EgressStage;
using wire::Reason;

Reason reason_of(net::SpecialRange range) {
  using enum net::SpecialRange;
  switch (range) {
    case loopback:
      return Reason::guard_loopback_address;
    case unspecified:
      return Reason::guard_unspecified_address;
    case link_local:
      return Reason::guard_link_local_address;
    case metadata:
      return Reason::guard_metadata_address;
    case private_use:
      return Reason::guard_private_address;
    case shared:
      return Reason::guard_shared_address;
    case unique_local:
      return Reason::guard_unique_local_address;
    case multicast:
      return Reason::guard_multicast_address;
    case broadcast:
      return Reason::guard_broadcast_address;
    case reserved:
      return Reason::guard_reserved_address;
    case documentation:
      return Reason::guard_documentation_address;
    case benchmarking:
      return Reason::guard_benchmarking_address;
    case protocol:
      return Reason::guard_protocol_address;
    case translated:
      return Reason::guard_translated_address;
    case not_global:
      return Reason::guard_not_global_address;
    case overlay:
      return Reason::guard_overlay_address;
    case own:
      return Reason::guard_own_address;
    case none:
      break;  // no reason at all
  }
  UNREACHABLE_DENY(Reason::internal_error);
}

Reason reason_of(net::NameGuard guard) {
  switch (guard) {
    case net::NameGuard::special_use:
      return Reason::guard_special_use_name;
    case net::NameGuard::metadata:
      return Reason::guard_metadata_name;
    case net::NameGuard::single_label:
      return Reason::guard_single_label_name;
  }
  UNREACHABLE_DENY(Reason::internal_error);
}

// The guard over one question: first the name and the port, then every address, the lowest bad one naming the reason.
class Guard {
 public:
  // Requires: no more addresses than limits::kAddressesPerAnswer.
  Guard(const wire::EgressQuestion& question, const compile::Snapshot& snapshot) : question_(question) {
    if (const auto* name = std::get_if<net::HostName>(&question.host)) {
      const auto guarded = net::classify_name(*name);
      if (guarded && !snapshot.is_internal_name(*name)) target_ = reason_of(*guarded);
    }
    if (!target_ && net::is_forbidden_port(question.port)) target_ = Reason::guard_forbidden_port;
    for (std::size_t i = 0; i < question.addresses.size(); ++i) {
      ranges_[i] = net::classify(question.addresses[i], snapshot.deployment().own_addresses);
    }
  }

  // `opened`: the addresses, by position, that a matching allow rule's service covers; that opens the soft ones.
  std::optional<Reason> trips(std::uint64_t opened) const {
    if (target_) return target_;
    std::optional<std::size_t> lowest;
    for (std::size_t i = 0; i < question_.addresses.size(); ++i) {
      const net::GuardTier tier = net::tier(ranges_[i]);
      const bool bad = tier == net::GuardTier::hard || (tier == net::GuardTier::soft && (opened >> i & 1) == 0);
      if (bad && (!lowest || question_.addresses[i] < question_.addresses[*lowest])) lowest = i;
    }
    return lowest ? std::optional(reason_of(ranges_[*lowest])) : std::nullopt;
  }

 private:
  const wire::EgressQuestion& question_;
  std::optional<Reason> target_;
  std::array<net::SpecialRange, limits::kAddressesPerAnswer> ranges_;  // by position, as many as there are addresses
};

// Where the server name is part of the question (transparent mode): it must name the judged host.
std::optional<Reason> server_name_failure(const wire::EgressQuestion& question) {
  if (!question.sni || question.stage != EgressStage::connect) return std::nullopt;
  const auto* name = std::get_if<net::HostName>(&question.host);
  if (name == nullptr) return question.sni->empty() ? std::nullopt : std::optional(Reason::sni_mismatch);
  if (question.sni->empty()) return Reason::sni_missing;
  return *question.sni == name->view() ? std::nullopt : std::optional(Reason::sni_mismatch);
}

EgressTerms terms(const compile::RuleTable<EgressRule>& table, const std::vector<Match>& allows,
                  const wire::EgressQuestion& question) {
  EgressTerms out;
  bool any_tls = false;
  for (const Match& match : allows) {
    if (!match.enforce) continue;
    any_tls |= match.says_tls;
    const std::uint32_t stated = table.rules[match.rule].gate.limits;
    if (stated == 0) continue;
    const model::EgressRuleLimits& limits = table.pools.limits[stated];
    merge_minimum(out.limits.bytes_in, limits.bytes_in);
    merge_minimum(out.limits.bytes_out, limits.bytes_out);
    merge_minimum(out.limits.idle, limits.idle);
    merge_minimum(out.limits.total, limits.total);
    merge_minimum(out.limits.connections, limits.connections);
  }
  if (question.stage == EgressStage::connect) out.addresses = question.addresses;
  out.protocol = question.protocol;
  if (question.protocol == EgressProtocol::connect) out.protocol = any_tls ? EgressProtocol::tls : EgressProtocol::tcp;
  return out;
}

Conclusion conclude(const Matches& matches, const Guard& guard, const wire::EgressQuestion& question,
                    Enforcement enforcement) {
  std::uint64_t covered = 0;
  std::uint64_t opened = 0;
  bool any_allow = false;
  for (const Match& match : matches.allows) {
    if (!counts(match, enforcement)) continue;
    any_allow = true;
    covered |= match.covered;
    if (match.by_service) opened |= match.covered;
  }
  if (const auto trip = guard.trips(opened)) return {false, *trip};
  if (const auto failure = server_name_failure(question)) return {false, *failure};
  if (any_counts(matches.denies, enforcement)) return {false, Reason::rule_deny};
  const std::size_t count = question.addresses.size();
  const std::uint64_t every = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  const bool all_covered = (covered & every) == every;
  const bool known = question.stage == EgressStage::resolve || count > 0;
  if (!any_allow || !all_covered || !known) return {};
  return {true, Reason::rule_allow};
}

}  // namespace

void find(const wire::EgressQuestion& question, const wire::Request&, const compile::Snapshot& snapshot,
          Scratch& scratch) {
  snapshot.egress().find(question.host, question.addresses, scratch.candidates);
  bring_near(snapshot.egress().table(), scratch);
}

void judge(const wire::EgressQuestion& question, const Judgement& judgement) {
  static_assert(limits::kAddressesPerAnswer == 64, "addresses are covered by the bits of one word");
  if (question.addresses.size() > limits::kAddressesPerAnswer) UNREACHABLE_DENY();  // the reader bounds it
  const compile::EgressRules& rules = judgement.snapshot.egress();
  Scratch& scratch = judgement.scratch;
  match_rules(rules.table(), judgement, scratch.matches, [&](const auto& rule, bool found, Fold& fold, Match& match) {
    add_egress_clauses(rule, found, question, judgement.snapshot, fold, match);
  });
  const Guard guard(question, judgement.snapshot);
  const bool allowed = answer(rules.table(), scratch.matches, scratch, [&](Enforcement enforcement) {
    return conclude(scratch.matches, guard, question, enforcement);
  });
  if (allowed) scratch.verdict.terms = terms(rules.table(), scratch.matches.allows, question);
}

}  // namespace portreeve::decide
