#include "tests/differential/comparer.h"

#include <fmt/format.h>

#include "engine/base/json_value.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/reference/reference.h"
#include "engine/wire/reason.h"

namespace portreeve::differential {
namespace {

JsonValue strings(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

std::string to_json(const wire::Decision& decision) {
  JsonValue out;
  out.set("decision", decision.allowed);
  out.set("reason", wire::code(decision.reason));
  out.set("rules", strings(decision.rules));
  if (!decision.rule_reason.empty()) out.set("ruleReason", decision.rule_reason);
  out.set("obligations", wire::obligations_to_json(decision.obligations));
  out.set("obligationsKind", static_cast<int>(decision.obligations.index()));
  if (decision.dry_run) {
    JsonValue dry_run;
    dry_run.set("decision", decision.dry_run->allowed);
    dry_run.set("rules", strings(decision.dry_run->rules));
    out.set("dryRun", std::move(dry_run));
  }
  out.set("roles", strings(decision.roles));
  if (decision.tenant) out.set("tenant", *decision.tenant);
  return to_canonical_json(out);
}

wire::Decision without_cache(wire::Decision decision) {
  decision.cache_for = Seconds{0};
  return decision;
}

}  // namespace

std::optional<Difference> compare(const PolicySetText& set,
                                  const std::shared_ptr<const model::CheckedPolicySet>& checked,
                                  const std::vector<Question>& questions) {
  if (checked == nullptr) return std::nullopt;
  const auto snapshot = compile::compile(checked);
  for (const Question& question : questions) {
    wire::Decision reference = reference::reference_decide(checked->documents(), question.request);
    wire::Decision production = without_cache(decide::decide(*snapshot, question.request));
    if (!(reference == production)) return Difference{set, question, std::move(reference), std::move(production)};
  }
  return std::nullopt;
}

Difference shrink(Difference difference) {
  const auto still_differs = [&](const PolicySetText& smaller) {
    auto found = compare(smaller, load_text(smaller), {difference.question});
    if (found) difference = *std::move(found);
    return found.has_value();
  };
  for (bool shrunk = true; shrunk;) {
    shrunk = false;
    for (std::size_t i = difference.set.size(); i-- > 0;) {
      PolicySetText smaller = difference.set;
      smaller.erase(smaller.begin() + static_cast<std::ptrdiff_t>(i));
      if (still_differs(smaller)) shrunk = true;
    }
    for (std::size_t i = 0; i < difference.set.size(); ++i) {
      for (std::size_t k = difference.set[i].rules.size(); k-- > 0;) {
        PolicySetText smaller = difference.set;
        smaller[i].rules.erase(smaller[i].rules.begin() + static_cast<std::ptrdiff_t>(k));
        if (still_differs(smaller)) shrunk = true;
      }
      for (std::size_t k = difference.set[i].lines.size(); k-- > 0;) {
        PolicySetText smaller = difference.set;
        smaller[i].lines.erase(smaller[i].lines.begin() + static_cast<std::ptrdiff_t>(k));
        if (still_differs(smaller)) shrunk = true;
      }
    }
  }
  return difference;
}

std::string to_report(const Difference& difference) {
  return fmt::format("{}\n# question: {}\n# reference:  {}\n# production: {}\n", to_yaml(difference.set),
                     difference.question.shown, to_json(difference.reference), to_json(difference.production));
}

}  // namespace portreeve::differential
