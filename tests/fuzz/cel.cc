#include "engine/cel/cel.h"

#include "engine/cel/policy_environment.h"
#include "tests/fuzz/input.h"

namespace {

// A request of which nothing is known: every program must end all the same.
class Nothing final : public portreeve::cel::Activation {
 public:
  portreeve::cel::Value attribute(portreeve::cel::AttributeId id) const override {
    return id.field % 2 == 0 ? portreeve::cel::Value::absent() : portreeve::cel::Value::unknown(id);
  }
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto environment = portreeve::cel::policy_environment();
  const auto compiled = portreeve::cel::compile(as_text(data, size), environment);
  CHECK((compiled.program == nullptr) == !compiled.errors.empty());
  for (const auto& error : compiled.errors) CHECK(error.offset <= size && !error.message.empty());
  if (compiled.program != nullptr) {
    std::string why;
    static_cast<void>(compiled.program->run_condition(Nothing(), &why));
  }
  return 0;
}
