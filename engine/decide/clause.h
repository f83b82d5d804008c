// Clauses of one rule folded to a match (SEMANTICS §2). Private to decide/.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/decide/decide.h"

namespace portreeve::decide {

inline Clause clause(bool holds) { return holds ? Clause::holds : Clause::fails; }

// True if an element of the list covers `value`; an absent list does not restrict; a value that the request should
// state and doesn't is an error.
inline Clause in_list(const compile::MatchPool& lists, compile::ListId list, const std::optional<std::string>& value) {
  if (list == compile::kNoList) return Clause::holds;
  if (!value) return Clause::error;
  return clause(lists.matches(list, *value));
}

class Fold {
 public:
  // Whether clauses are of interest beyond the first by which the rule cannot match.
  enum class Until : std::uint8_t { decided, end };

  // `all`, where given, is told every clause that does not hold; it outlives the fold.
  Fold(model::Effect effect, Until until, std::vector<RuleSurvey::Failing>* all = nullptr)
      : effect_(effect), until_(until), all_(all) {}

  // True where no further clause need be looked at.
  bool add(std::string_view name, Clause state) {
    if (state == Clause::holds) return false;
    if (all_ != nullptr) all_->push_back({name, state, {}});
    fails_ |= state == Clause::fails;
    error_ |= state == Clause::error;
    unknown_ |= state == Clause::unknown;
    if (first_.empty() || (state == Clause::fails && first_state_ != Clause::fails)) {
      first_ = name;
      first_state_ = state;
    }
    return until_ == Until::decided && decided();
  }
  // Nothing that follows can make the rule match.
  bool decided() const { return fails_ || (effect_ == model::Effect::allow ? error_ : unknown_); }
  bool matches() const { return !decided(); }
  std::string_view first() const { return first_; }
  Clause first_state() const { return first_state_; }

 private:
  model::Effect effect_;
  Until until_;
  bool fails_ = false, error_ = false, unknown_ = false;
  Clause first_state_ = Clause::holds;
  std::string_view first_;
  std::vector<RuleSurvey::Failing>* all_;
};

}  // namespace portreeve::decide
