// The syntax tree of one expression, and what the checker finds out about each node.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/cel/code.h"
#include "engine/cel/errors.h"
#include "engine/cel/types.h"

namespace portreeve::cel {

enum class ExprKind : std::uint8_t {
  literal,
  identifier,     // name
  select,         // args[0].name; `optional`: args[0].?name
  has,            // has(args[0].name)
  call,           // name(args…); with `receiver`, args[0].name(args[1]…)
  operator_,      // name is the operator; args its operands; && and || take any number; `optional`: a[?b]
  list,           // args
  map,            // args: key, value, key, value, …
  entry_if_any,   // ?args[0] in a list, or as a map's value
  comprehension,  // name: the macro; args[0]: the range; then its variables are in scope: [condition,] body
  block,          // cel.block(): args: the members, each of which those after it may name; then the body
};

struct Expr {
  ExprKind kind = ExprKind::literal;
  Range at;       // the whole
  Range name_at;  // the operator, name or field: where messages point
  std::string name;
  std::string text;  // of a string or bytes literal, which `literal` borrows
  Value literal;
  bool receiver = false;
  bool absolute = false;  // `.name`: never a macro's variable
  bool optional = false;
  std::string variable;  // of a comprehension
  std::string second;    // its second variable; empty where it has one
  std::uint32_t height = 1;
  std::vector<std::unique_ptr<Expr>> args;

  // Set by the checker.
  Type type;
  Op op = Op::constant;
  Function function = Function::size;
  AttributeId attribute;
  std::uint32_t slot = 0;              // of a macro's variable; of the first of several
  std::shared_ptr<const Zone> zone;    // of a getter with a zone
  std::shared_ptr<const Regex> regex;  // of matches() with a literal
};

// True for an expression that is a string literal.
inline bool is_string_literal(const Expr& expr) {
  return expr.kind == ExprKind::literal && expr.literal.kind() == Kind::string;
}

}  // namespace portreeve::cel
