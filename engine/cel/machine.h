// Runs compiled code once.
#pragma once

#include <array>
#include <span>

#include "engine/base/limits.h"
#include "engine/cel/code.h"

namespace portreeve::cel {

// Of two results that are not both values: unknown wins over error, the first over the second (SEMANTICS §2).
Value worse(const Value& a, const Value& b);
Value budget();
// What && and || make of an operand: a bool, unknown or an error.
Value as_condition(const Value& value, std::string_view whose);

// One run: the variables of macros and the count of steps. Recursion is bounded by the code's nesting.
class Machine {
 public:
  // Borrows all three. `activation` may be nullptr where the code to run reads no attribute.
  Machine(const Program::Code& code, const Activation* activation, Arena& arena);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // The value of a node; an error carries its place.
  Value eval(std::uint32_t number);

 private:
  Value step(const Node& node);
  Value kid(const Node& node, std::uint32_t i) { return eval(code_.kids[node.first_kid + i]); }
  Value attribute(const Node& node);
  Value has_attribute(const Node& node);
  Value select(const Node& node);
  Value optional_select(const Node& node, const Value& of);
  Value optional_index(const Node& node, const Value& of, const Value& at);
  Value has_key(const Node& node);
  Value index(const Node& node);
  // The element under an index or key; nullopt where there is none, an error where there can be none.
  std::optional<Value> element_at(const Node& node, const Value& of, const Value& at);
  Value logic(const Node& node, bool decisive);
  Value if_else(const Node& node);
  Value alternative(const Node& node);
  Value binding(const Node& node);
  Value binary(const Node& node);
  Value equal(const Value& a, const Value& b);
  Value membership(const Value& element, const Value& in);
  std::optional<Value> find(const Value& map, const Value& key);
  Value named(const Node& node, const Value& found, const Value& key) const;
  // An entry of a list or map: false for an optional one that holds nothing.
  bool entry(std::uint32_t number, Value& value);
  Value list(const Node& node);
  Value map(const Node& node);
  Value call(const Node& node);
  Value block(const Node& node);
  Value comprehension(const Node& node);
  // Sets a macro's variables to element `i` of its range.
  void bring(const Node& node, const Value& range, std::size_t i);
  // What a macro that collects says of an element: whether to take it.
  Value wanted(const Node& node);
  Value distinct(std::span<const MapEntry> entries);
  Value quantifier(const Node& node, const Value& range, bool decisive);
  Value exists_one(const Node& node, const Value& range);
  Value collected(const Node& node, const Value& range);
  Value collected_map(const Node& node, const Value& range);
  // Takes steps for work that grows with the data; false where none are left.
  bool spend(std::size_t steps);

  const Program::Code& code_;
  const Activation* activation_;
  Arena& arena_;
  std::uint64_t steps_ = 0;
  std::array<Value, 2 * limits::kCelMacroDepth> few_locals_;  // two for each macro
  Value* locals_ = few_locals_.data();                        // of the arena, where cel.block() needs more
};

}  // namespace portreeve::cel
