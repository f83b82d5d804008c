// Each kind of suggestion, made from what was found. Private to analyze/.
#pragma once

#include <vector>

#include "engine/analyze/explanation_parts.h"

namespace portreeve::analyze {

Suggestion name_known_secrets(const Inquiry& inquiry, const wire::SecretQuestion& question);
Suggestion name_own_upstreams(const Inquiry& inquiry, const wire::SecretQuestion& question);
// What the guard bars: `none` for each that nothing opens, one `declare_service` for those that a service could.
void add_guard(const Inquiry& inquiry, const Explanation& explanation, std::vector<Suggestion>& out);
Suggestion lift(const Inquiry& inquiry, const decide::RuleSurvey& rule, bool of_interpreter);
Suggestion cover(const Explanation& explanation);

// The allow rules that lack little, the nearest first; a rule about something else is never near. `by_service`: only
// rules with `services` help.
void near_rules(const Inquiry& inquiry, const Explanation& explanation, bool of_interpreter, bool by_service,
                std::vector<Suggestion>& out);
Suggestion write_rule(const Inquiry& inquiry, const Explanation& explanation);

// A rule that allows exactly the question, in flow style; empty where none can be written down.
std::string exact_rule(const Inquiry& inquiry);
// A policy document of that rule, for one of the subject's own roles, under a name that is free.
std::string exact_policy(const Inquiry& inquiry, const Explanation& explanation, std::string_view rule);
// A name for a document, made of the text.
std::string name_for(std::string_view text);

}  // namespace portreeve::analyze
