#include "engine/cel/cel.h"

#include "engine/base/limits.h"
#include "engine/cel/evaluation.h"
#include "engine/cel/policy_environment.h"
#include "engine/cel/typed_json.h"
#include "tests/fuzz/input.h"

namespace {

namespace cel = portreeve::cel;

// A request of which nothing is known: every program must end all the same.
class Nothing final : public cel::Activation {
 public:
  cel::Value attribute(cel::AttributeId id) const override {
    return id.field % 2 == 0 ? cel::Value::absent() : cel::Value::unknown(id);
  }
};

// A condition compiles to the same code each time, runs to the same end, and ends as it does without a checker.
void as_condition(std::string_view text) {
  const auto environment = cel::policy_environment();
  const auto compiled = cel::compile(text, environment);
  const auto again = cel::compile(text, environment);
  CHECK((compiled.program == nullptr) == !compiled.errors.empty());
  CHECK(compiled.errors == again.errors);
  for (const auto& error : compiled.errors) {
    CHECK(error.offset + error.length <= text.size() && !error.message.empty());
  }
  if (compiled.program == nullptr) return;
  CHECK(compiled.program->dump() == again.program->dump());
  std::string why;
  const cel::Truth truth = compiled.program->run_condition(Nothing(), &why);
  CHECK(again.program->run_condition(Nothing()) == truth);
  CHECK(why.empty() == (truth == cel::Truth::true_ || truth == cel::Truth::false_));
  const auto unchecked = cel::compile(text, environment, {{}, cel::Want::any_value, cel::Typing::dynamic});
  CHECK(unchecked.program != nullptr && unchecked.program->run_condition(Nothing()) == truth);
}

// A value reads back as itself from its literal.
void as_expression(std::string_view text) {
  const cel::CompileOptions options{{}, cel::Want::any_value, cel::Typing::dynamic};
  const auto evaluated = cel::evaluate({std::string(text), {}}, options);
  if (!evaluated) return;
  const auto literal = cel::to_literal(evaluated->value());
  const auto json = cel::to_typed_json(evaluated->value());
  if (!literal || literal->size() > portreeve::limits::kCelExpressionBytes) return;
  const auto again = cel::evaluate({*literal, {}}, options);
  if (!again) {
    CHECK(again.error().message.find("nests") != std::string::npos);  // cel.block() builds deeper than can be written
    return;
  }
  const auto literal_again = cel::to_literal(again->value());
  CHECK(literal_again && *literal_again == *literal);
  const auto json_again = cel::to_typed_json(again->value());
  CHECK(json && json_again && *json == *json_again);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  as_condition(text);
  as_expression(text);
  return 0;
}
