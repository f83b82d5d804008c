// Which functions and operators exist, for which types, and what they give.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/cel/code.h"
#include "engine/cel/types.h"

namespace portreeve::cel {

// Up to four types.
struct TypeList {
  std::array<TypeKind, 4> kinds{};
  std::uint8_t count = 0;

  constexpr TypeList(std::initializer_list<TypeKind> list) {
    for (const TypeKind kind : list) kinds[count++] = kind;
  }
  constexpr std::size_t size() const { return count; }
  constexpr TypeKind operator[](std::size_t i) const { return kinds[i]; }
};

struct Overload {
  std::string_view name;
  bool receiver;  // params[0] is what stands before the dot
  Function function;
  TypeKind result;
  TypeList params;
  TypeKind element = TypeKind::dyn;  // of lists among result and params
};

// Every overload. Builds them: a checker calls it once.
std::vector<Overload> overloads();
// True where an argument of type `type` may be given for parameter `i`; dyn may be given for anything.
bool accepts(const Overload& overload, std::size_t i, const Type& type);
Type result_of(const Overload& overload);
// `string.startsWith(string)`.
std::string signature(const Overload& overload);
// The result for these arguments where it depends on their types: of `value()` what the optional may hold.
Type result_for(const Overload& overload, const std::vector<Type>& arguments);
// True for functions of cel-spec's extension libraries and of ours that are not built yet.
bool is_planned_function(std::string_view name);
bool is_planned_namespace(std::string_view name);

// The type of `a op b` for + - * / %, dyn where it depends on the run; nullopt where there is no such operation.
std::optional<Type> arithmetic(std::string_view op, const Type& a, const Type& b);
// True where == may find the two equal: the same type, two numbers, or dyn in either's place.
bool comparable(const Type& a, const Type& b);
// True where < is defined.
bool orderable(const Type& a, const Type& b);
// The type of which both are: the same, or with dyn where they differ.
Type join(const Type& a, const Type& b);

}  // namespace portreeve::cel
