// Clauses of one rule folded to a match (SEMANTICS §2). Private to decide/.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/decide/decide.h"

namespace portreeve::decide {

inline Clause clause(bool holds) { return holds ? Clause::holds : Clause::fails; }

// True if `values` has `value`; an absent list does not restrict; a value that the request should state and doesn't is
// an error.
template <class List, class Value>
Clause listed(const std::optional<List>& values, const std::optional<Value>& value) {
  if (!values) return Clause::holds;
  if (!value) return Clause::error;
  return clause(std::ranges::find(*values, *value) != values->end());
}
template <class Patterns>
Clause matched(const std::optional<Patterns>& patterns, const std::optional<std::string>& value) {
  if (!patterns) return Clause::holds;
  if (!value) return Clause::error;
  return clause(std::ranges::any_of(*patterns, [&](const auto& pattern) { return pattern.matches(*value); }));
}

class Fold {
 public:
  // `all`, where given, is told every clause that does not hold; it outlives the fold.
  explicit Fold(std::vector<RuleSurvey::Failing>* all = nullptr) : all_(all) {}

  void add(std::string_view name, Clause state) {
    if (all_ != nullptr && state != Clause::holds) all_->push_back({name, state, {}});
    fails_ |= state == Clause::fails;
    error_ |= state == Clause::error;
    unknown_ |= state == Clause::unknown;
    if (state != Clause::holds && (first_.empty() || (state == Clause::fails && first_state_ != Clause::fails))) {
      first_ = name;
      first_state_ = state;
    }
  }
  // Nothing that follows can make the rule match.
  bool decided(model::Effect effect) const { return fails_ || (effect == model::Effect::allow ? error_ : unknown_); }
  bool matches(model::Effect effect) const { return !decided(effect); }
  std::string_view first() const { return first_; }
  Clause first_state() const { return first_state_; }

 private:
  bool fails_ = false, error_ = false, unknown_ = false;
  std::string_view first_;
  Clause first_state_ = Clause::holds;
  std::vector<RuleSurvey::Failing>* all_;
};

}  // namespace portreeve::decide
