// The parts that an explanation is put together from. Private to analyze/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analyze/explanation.h"
#include "engine/analyze/policy_text.h"

namespace portreeve::analyze {

// One explanation under way. Borrows everything.
struct Inquiry {
  const compile::Snapshot& snapshot;
  const wire::Request& request;
  PolicyText& text;
  // Every rule of the domain; of a script also `interpreter`.
  std::vector<decide::RuleSurvey> rules;
  std::vector<decide::RuleSurvey> interpreter;
};

// What `clause` asks of the question, as the question says it; empty where it says nothing.
std::string asked(const wire::Request& request, std::string_view clause, bool of_interpreter);
Gap gap_of(const Inquiry& inquiry, const SourcePlace& rule, const decide::RuleSurvey::Failing& failing,
           bool of_interpreter);

void explain_roles(const Inquiry& inquiry, const decide::Trace& trace, Explanation& out);
void explain_guard(const Inquiry& inquiry, Explanation& out);
void explain_obligations(const Inquiry& inquiry, Explanation& out);
// Requires: all other parts are there.
void explain_why_not(const Inquiry& inquiry, Explanation& out);

// The roles that a role brings: itself and all that it inherits.
std::vector<std::string> closure(const compile::Snapshot& snapshot, const std::vector<std::string>& roles);

// A flow scalar that YAML reads as this text, whatever it is.
std::string yaml_text(std::string_view text);
std::string yaml_list(const std::vector<std::string>& items);  // of flow scalars

}  // namespace portreeve::analyze
