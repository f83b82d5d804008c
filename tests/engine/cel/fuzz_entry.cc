#include "tests/engine/cel/fuzz_entry.h"

#include "engine/base/check.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {

bool fuzz_compile_and_run(std::string_view bytes) {
  static const TypeEnv environment = test_environment();
  static const TestActivation activation;
  const Compiled found = compile(bytes, environment, {{}, Want::any_value});
  CHECK((found.program != nullptr) == found.errors.empty());
  if (!found.program) return false;
  const Outcome outcome = found.program->run(activation);
  std::string why;
  const Truth truth = found.program->run_condition(activation, &why);
  CHECK(outcome.value.is_true() == (truth == Truth::true_));
  CHECK(outcome.value.is_false() == (truth == Truth::false_));
  CHECK(outcome.value.is_unknown() == (truth == Truth::unknown));
  CHECK(why.empty() == (truth == Truth::true_ || truth == Truth::false_));
  CHECK(!to_text(outcome.value).empty());
  CHECK(!found.program->dump().empty());
  return true;
}

}  // namespace portreeve::cel
