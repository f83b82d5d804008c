// Questions that hit what one policy set says, and its neighbours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/model/policy_set.h"
#include "tests/differential/dice.h"
#include "tests/differential/question.h"

namespace portreeve::differential {

class QuestionMaker {
 public:
  // `set` outlives the maker.
  explicit QuestionMaker(const model::PolicySet& set);

  // A question of any domain, mostly aimed at one of its rules: what the rule names, what lies just beside it, and now
  // and then anything. Nothing where the reader refuses what came out.
  std::optional<Question> make(Dice& dice) const;

 private:
  JsonValue egress_body(Dice& dice) const;
  std::string host_for(Dice& dice, const model::EgressRule* rule) const;
  std::vector<std::string> addresses_for(Dice& dice, const model::EgressRule* rule) const;
  std::uint16_t port_for(Dice& dice, const model::EgressRule* rule, std::string_view protocol) const;
  JsonValue secret_body(Dice& dice) const;
  JsonValue exec_body(Dice& dice) const;
  JsonValue access_body(Dice& dice) const;
  Timestamp time(Dice& dice) const;

  const model::PolicySet& set_;
  std::vector<const model::EgressRule*> egress_;
  std::vector<const model::SecretRule*> secrets_;
  std::vector<const model::ExecRule*> execution_;
  std::vector<const model::AccessRule*> access_;
  std::vector<Timestamp> moments_;  // at which something starts or ends
};

}  // namespace portreeve::differential
