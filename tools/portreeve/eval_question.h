// The question of `portreeve eval`, from its flags or from an AuthZEN body.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/model/policy_set.h"
#include "engine/wire/request.h"

namespace CLI {
class App;
}

namespace portreeve::cli {

// As given on the command line; empty texts were not given.
struct QuestionOptions {
  std::string as, claims, tenant, trust, age, source, at;
  std::vector<std::string> groups, labels;

  std::string egress, sni, method;
  std::vector<std::string> addresses;
  std::string secret, use, upstream, path, model;
  std::string exec, file, cwd, user;
  std::vector<std::string> env;
  bool stable = false;
  bool terminal = false;
  std::string action, resource, properties, context;

  std::vector<std::string> positional;  // the body's file, or what follows --exec

  // Each option's own form is checked while it is read.
  void declare(CLI::App& app);
  // What is wrong with the options together; empty if nothing is.
  std::string misuse() const;
  bool asks_by_flags() const { return !(egress.empty() && secret.empty() && exec.empty() && action.empty()); }
};

// What a gate would ask, in its order: egress.resolve and egress.connect for egress, one for anything else.
struct Questions {
  std::vector<wire::Request> requests;
  bool subject_is_asserted = false;  // named by the body alone, so that no policy of agents knows it
};

// Fails, with the option or the body's field, where a gate could not ask so.
Result<Questions> read_questions(const QuestionOptions& options, const model::PolicySet& set);

}  // namespace portreeve::cli
