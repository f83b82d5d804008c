// An environment with a variable of each type, and evaluation of an expression to text.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/cel/cel.h"

namespace portreeve::cel {

// Variables: flag bool, i int, u uint, d double, s string, y bytes, t timestamp, age duration, numbers list(int),
// names list(string), claims map(string, dyn), labels map(string, string), x dyn (a JSON string), err dyn (absent), unk
// dyn (unknown); who, an object with id string, trust string and gone string (absent).
TypeEnv test_environment();

// Answers test_environment()'s variables; attributes may be overridden by name.
class TestActivation : public Activation {
 public:
  TestActivation();
  Value attribute(AttributeId id) const override;
  void set(std::string name, Value value) { values_[std::move(name)] = value; }

 private:
  const TypeEnv environment_;
  const JsonValue claims_;
  const std::vector<std::string> names_;
  const std::vector<std::pair<std::string, std::string>> labels_;
  const std::vector<Value> numbers_;
  std::map<std::string, Value> values_;
};

// Zones from the system's zone files.
Result<std::shared_ptr<const Zone>> system_zone(std::string_view name);
// The bytes of a system zone file; empty where there is none.
std::string zone_bytes(std::string_view name);

// Compiles for any value and runs: the value's text, `error: column N: …`, `unknown: …`, or the compile errors, each as
// `N: message (help)` with N the column.
std::string evaluate(std::string_view expression, const Activation& activation = TestActivation());
// The compile errors of a condition, or its dump.
std::string compiled(std::string_view expression, const TypeEnv& environment = test_environment());
std::string to_text(const std::vector<CompileError>& errors);

}  // namespace portreeve::cel
