#include "tests/differential/contest.h"

#include <fmt/format.h>

#include "engine/wire/reason.h"
#include "tests/differential/mutant.h"

namespace portreeve::differential {
namespace {

constexpr Seconds kMostCached{30};

wire::Decision without_cache(wire::Decision decision) {
  decision.cache_for = Seconds{0};
  return decision;
}

}  // namespace

Contest::Contest(std::shared_ptr<const model::CheckedPolicySet> set, std::vector<net::IpPrefix> own_addresses,
                 int mutant)
    : set_(std::move(set)),
      own_addresses_(std::move(own_addresses)),
      mutant_(mutant),
      workspace_(std::make_unique<decide::Workspace>()) {
  const MutantIsOn on(mutant_);
  snapshot_ = compile::compile(set_, {net::OwnAddresses(own_addresses_)});
}

std::optional<Contest> Contest::of(const World& world, std::string* errors) {
  auto set = load_world(world, errors);
  if (set == nullptr) return std::nullopt;
  return Contest(std::move(set), world.own_addresses, 0);
}

Contest Contest::with_mutant(int number) const { return Contest(set_, own_addresses_, number); }

wire::Decision Contest::reference(const Question& question, reference::Account* account) const {
  return reference::reference_decide(documents(), question.request, own_addresses_, account);
}

wire::Decision Contest::production(const Question& question) {
  const MutantIsOn on(mutant_);
  return decide::to_decision(decide::decide(*snapshot_, question.request, *workspace_), *snapshot_);
}

std::optional<std::string> Contest::broken_promise(const Question& question, const wire::Decision& reference,
                                                   Seconds cache_for) const {
  if (cache_for == Seconds{0}) return std::nullopt;
  if (cache_for < Seconds{0} || cache_for > kMostCached) return fmt::format("cacheFor is {} s", cache_for.count());
  Question later = question;
  later.request.time = question.time.plus(cache_for);
  const auto& expires = question.principal.token_expires;
  if (expires && *expires <= later.request.time) {
    return fmt::format("cacheFor is {} s, and the token ends before", cache_for.count());
  }
  if (this->reference(later) == reference) return std::nullopt;
  return fmt::format("cacheFor is {} s, and the answer then is {}", cache_for.count(), to_json(this->reference(later)));
}

std::optional<Disagreement> Contest::judge(const Question& question, Promise promise, const wire::Decision& reference) {
  wire::Decision production = this->production(question);
  const Seconds cache_for = production.cache_for;
  production = without_cache(std::move(production));
  if (!(reference == production)) return Disagreement{reference, std::move(production), "the answers differ"};
  if (promise == Promise::trusted) return std::nullopt;
  auto broken = broken_promise(question, reference, cache_for);
  if (!broken) return std::nullopt;
  return Disagreement{reference, std::move(production), *std::move(broken)};
}

std::string to_json(const wire::Decision& decision) {
  JsonValue out = object({{"decision", decision.allowed},
                          {"reason", wire::code(decision.reason)},
                          {"rules", list(decision.rules)},
                          {"obligations", wire::obligations_to_json(decision.obligations)},
                          {"obligationsOfDomain", static_cast<int>(decision.obligations.index())},
                          {"roles", list(decision.roles)}});
  if (!decision.rule_reason.empty()) out.set("ruleReason", decision.rule_reason);
  if (decision.dry_run) {
    out.set("dryRun", object({{"decision", decision.dry_run->allowed}, {"rules", list(decision.dry_run->rules)}}));
  }
  if (decision.tenant) out.set("tenant", *decision.tenant);
  return to_canonical_json(out);
}

}  // namespace portreeve::differential
