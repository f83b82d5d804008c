#include "engine/cel/policy_environment.h"

namespace portreeve::cel {

TypeEnv policy_environment() {
  const Type string = Type::string();
  const Type strings = Type::list(string);
  const Type anything = Type::map(string, Type::dyn());
  TypeEnv env;
  env.declare_object("subject", {{"type", string},
                                 {"id", string},
                                 {"groups", strings},
                                 {"roles", strings},
                                 {"tenant", string},
                                 {"claims", anything},
                                 {"properties", anything}});
  env.declare_object(
      "session", {{"id", string}, {"age", Type::duration()}, {"trust", string}, {"labels", Type::map(string, string)}});
  env.declare_object("action", {{"name", string}, {"properties", anything}});
  env.declare_object("resource", {{"type", string}, {"id", string}, {"properties", anything}});
  env.declare_object("request", {{"time", Type::timestamp()}, {"source", string}});
  for (const char* name : {"subject", "session", "action", "resource", "request"})
    env.declare(name, Type::object(name));
  env.declare("context", anything);
  return env;
}

}  // namespace portreeve::cel
