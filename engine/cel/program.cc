#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/text.h"
#include "engine/cel/machine.h"

namespace portreeve::cel {

Program::Program(std::unique_ptr<const Code> code) : code_(std::move(code)) { CHECK(code_ != nullptr); }
Program::~Program() = default;

Outcome Program::run(const Activation& activation) const {
  Outcome outcome;
  outcome.value = Machine(*code_, &activation, outcome.arena).eval(code_->root);
  return outcome;
}

Truth Program::run_condition(const Activation& activation, std::string* why) const {
  Arena arena;
  Value value = Machine(*code_, &activation, arena).eval(code_->root);
  if (value.kind() == Kind::bool_) return value.boolean() ? Truth::true_ : Truth::false_;
  if (value.is_value()) {
    value = Value::error(ErrorCode::not_boolean, kind_name(value.kind())).placed_at(code_->nodes[code_->root].offset);
  }
  if (why != nullptr) *why = explain(value);
  return value.is_unknown() ? Truth::unknown : Truth::error;
}

std::string Program::explain(const Value& value) const {
  if (value.is_error()) {
    const std::string text = error_text(value);
    const auto offset = value.error_offset();
    return offset ? fmt::format("column {}: {}", *offset + 1, text) : text;
  }
  for (std::size_t i = 0; value.is_unknown() && i < code_->attributes.size(); ++i) {
    if (code_->attributes[i] != value.attribute()) continue;
    const std::string key = value.unknown_key().empty() ? "" : "." + printable(value.unknown_key());
    return fmt::format("`{}{}` is not known yet", code_->attribute_names[i], key);
  }
  return "something it reads is not known yet";
}

const std::string& Program::source() const { return code_->source; }
const Type& Program::type() const { return code_->type; }
std::uint64_t Program::estimated_cost() const { return code_->cost; }
const std::vector<Read>& Program::reads() const { return code_->reads; }
const std::vector<std::string>& Program::zones() const { return code_->zone_names; }

bool Program::reads(AttributeId attribute) const {
  return std::any_of(code_->reads.begin(), code_->reads.end(),
                     [&](const Read& read) { return read.attribute == attribute; });
}

bool Program::reads(AttributeId attribute, std::string_view key) const {
  return std::any_of(code_->reads.begin(), code_->reads.end(), [&](const Read& read) {
    return read.attribute == attribute && (read.keys.empty() || read.keys[0] == key);
  });
}

namespace {

// One node as an s-expression: constants as CEL literals, attributes by name, macro variables as $0, $1, $2.
std::string dump_node(const Program::Code& code, std::uint32_t number) {
  const Node& node = code.nodes[number];
  if (node.op == Op::constant) return to_text(code.constants[node.index]);
  if (node.op == Op::local) return fmt::format("${}", node.index);
  if (node.op == Op::attribute) return code.attribute_names[node.index];
  if (node.op == Op::has_attribute) return fmt::format("(has {})", code.attribute_names[node.index]);
  std::string text = fmt::format("({}", node.op == Op::call ? function_name(node.function) : op_name(node.op));
  const bool macro =
      (node.op >= Op::all && node.op <= Op::transform_entries) || (node.op >= Op::opt_map && node.op <= Op::block);
  if (macro) text += fmt::format(" ${}", node.index & ~kPair);
  if (macro && (node.index & kPair) != 0) text += fmt::format(" ${}", (node.index & ~kPair) + 1);
  for (std::uint32_t i = 0; i < node.kid_count; ++i) text += " " + dump_node(code, code.kids[node.first_kid + i]);
  if (node.op == Op::select || node.op == Op::has_key || node.op == Op::opt_select)
    text += " " + to_text(code.constants[node.index]);
  return text + ")";
}

}  // namespace

std::string Program::dump() const { return dump_node(*code_, code_->root); }

}  // namespace portreeve::cel
