// The checker's one pass over the tree, by kind of node. Private to cel/.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cel/ast.h"
#include "engine/cel/overloads.h"

namespace portreeve::cel {

class Checker {
 public:
  Checker(const TypeEnv& environment, const CompileOptions& options, ErrorSink& errors)
      : environment_(environment), options_(options), errors_(errors), overloads_(overloads()) {}

  void check(Expr& expr);

 private:
  Type type_of(Expr& expr);
  Type entry_if_any(Expr& expr);
  // What an optional may hold.
  Type inner_of(const Expr& expr, std::string_view whose);
  static Type literal_type(Kind kind);
  Type fail_at(Range at, std::string message, std::string help = {});
  // Reports a name or call that nothing answers to. Where types are met at run time it is an error of the run.
  Type unresolved(Expr& expr, std::string message, std::string help);
  Type identifier(Expr& expr);
  bool is_local(std::string_view name) const;
  // The object type of an expression that is a variable with named fields; nullptr for any other.
  const TypeEnv::Object* object_variable(const Expr& expr, std::uint16_t& slot) const;
  Type selection(Expr& expr);
  // Makes of `expr` the variable or type that `name` is within the container; false where it is neither.
  bool resolve(Expr& expr, std::string_view name, bool absolute);
  // `a.b.c` of a chain of names; empty for any other expression, and where the first is a macro's variable. Sets
  // `absolute` where it begins with a dot.
  std::string dotted_name(const Expr& expr, bool& absolute) const;
  Type unknown_field(const Expr& expr, const TypeEnv::Object& object);
  Type list(Expr& expr);
  Type map(Expr& expr);
  Type operation(Expr& expr);
  static std::string arithmetic_help(const Type& a, const Type& b);
  Type logic(Expr& expr);
  void want_bool(const Expr& expr, std::string_view whose);
  Type negation(Expr& expr);
  Type minus(Expr& expr);
  Type if_else(Expr& expr);
  Type index(Expr& expr);
  // The type of an element of `of` under an index or key.
  Type element_at(const Expr& expr, const Type& of);
  Type membership(Expr& expr);
  Type comprehension(Expr& expr);
  // Checks a macro's arguments but the first, its variables in scope; false where macros nest too deep.
  bool check_within(Expr& expr, const Type& variable, const Type& second);
  // Brings a macro's variable into scope and returns its slot.
  std::uint32_t enter(std::string name, Type type);
  Type block(Expr& expr);
  // cel.bind(), optMap() and optFlatMap().
  Type binding(Expr& expr);
  // a.or(b) and a.orValue(b), whose second argument is looked at only where the first holds nothing.
  Type alternative(Expr& expr);
  // `math.ceil(x)` as a call of a function of that whole name. math.greatest() and math.least() take any number of
  // arguments, as one list.
  void take_namespace(Expr& expr) const;
  Type call(Expr& expr);
  bool is_namespaced(const Expr& expr) const;
  Type unknown_function(Expr& expr);
  Type no_overload(Expr& expr, const std::vector<const Overload*>& named);
  // Literals whose form can be judged now, so that a mistake in them never waits for a request.
  void check_literals(Expr& expr);
  void check_zone(Expr& expr, const Expr& name);

  struct Scope {
    std::string name;
    Type type;
  };

  const TypeEnv& environment_;
  const CompileOptions& options_;
  ErrorSink& errors_;
  const std::vector<Overload> overloads_;
  std::vector<Scope> scopes_;
  std::size_t depth_ = 0;  // of macros
  std::map<std::string, Result<std::shared_ptr<const Zone>>> zones_;
};

// `did you mean …?`, or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace portreeve::cel
