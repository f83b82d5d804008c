#include "engine/cel/overloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace portreeve::cel {

using enum TypeKind;
using F = Function;

namespace {

// Functions whose overloads are told one by one.
constexpr Overload kOverloads[] = {
    {"contains", true, F::kContains, kBool, {kString, kString}},
    {"startsWith", true, F::kStartsWith, kBool, {kString, kString}},
    {"endsWith", true, F::kEndsWith, kBool, {kString, kString}},
    {"matches", true, F::kMatches, kBool, {kString, kString}},
    {"matches", false, F::kMatches, kBool, {kString, kString}},
    {"lowerAscii", true, F::kLowerAscii, kString, {kString}},
    {"upperAscii", true, F::kUpperAscii, kString, {kString}},
    {"trim", true, F::kTrim, kString, {kString}},
    {"reverse", true, F::kReverse, kString, {kString}},
    {"replace", true, F::kReplace, kString, {kString, kString, kString}},
    {"replace", true, F::kReplace, kString, {kString, kString, kString, kInt}},
    {"split", true, F::kSplit, kList, {kString, kString}, kString},
    {"split", true, F::kSplit, kList, {kString, kString, kInt}, kString},
    {"substring", true, F::kSubstring, kString, {kString, kInt}},
    {"substring", true, F::kSubstring, kString, {kString, kInt, kInt}},
    {"indexOf", true, F::kIndexOf, kInt, {kString, kString}},
    {"indexOf", true, F::kIndexOf, kInt, {kString, kString, kInt}},
    {"lastIndexOf", true, F::kLastIndexOf, kInt, {kString, kString}},
    {"lastIndexOf", true, F::kLastIndexOf, kInt, {kString, kString, kInt}},
    {"join", true, F::kJoin, kString, {kList}, kString},
    {"join", true, F::kJoin, kString, {kList, kString}, kString},
    {"charAt", true, F::kCharAt, kString, {kString, kInt}},
    {"under", true, F::kUnder, kBool, {kString, kString}},
    {"dyn", false, F::kDyn, kDyn, {kDyn}},
    {"type", false, F::kType, TypeKind::kType, {kDyn}},
};

struct Arithmetic {
  char op;
  TypeKind left;
  TypeKind right;
  TypeKind result;
};
constexpr Arithmetic kArithmetic[] = {
    {'+', kInt, kInt, kInt},
    {'+', kUint, kUint, kUint},
    {'+', kDouble, kDouble, kDouble},
    {'+', kString, kString, kString},
    {'+', kBytes, kBytes, kBytes},
    {'+', kList, kList, kList},
    {'+', kTimestamp, kDuration, kTimestamp},
    {'+', kDuration, kTimestamp, kTimestamp},
    {'+', kDuration, kDuration, kDuration},
    {'-', kInt, kInt, kInt},
    {'-', kUint, kUint, kUint},
    {'-', kDouble, kDouble, kDouble},
    {'-', kTimestamp, kTimestamp, kDuration},
    {'-', kTimestamp, kDuration, kTimestamp},
    {'-', kDuration, kDuration, kDuration},
    {'*', kInt, kInt, kInt},
    {'*', kUint, kUint, kUint},
    {'*', kDouble, kDouble, kDouble},
    {'/', kInt, kInt, kInt},
    {'/', kUint, kUint, kUint},
    {'/', kDouble, kDouble, kDouble},
    {'%', kInt, kInt, kInt},
    {'%', kUint, kUint, kUint},
};

constexpr std::array<std::string_view, 33> kPlannedFunctions = {
    "isPublic",     "format", "quote",        "ip",         "isIP",          "cidr",         "containsIP",
    "containsCIDR", "family", "isCanonical",  "sort",       "sortBy",        "distinct",     "flatten",
    "slice",        "first",  "last",         "range",      "transformList", "transformMap", "transformMapEntry",
    "bind",         "block",  "or",           "orValue",    "hasValue",      "value",        "optMap",
    "optFlatMap",   "masked", "prefixLength", "isLoopback", "isUnspecified"};
constexpr std::array<std::string_view, 9> kPlannedNamespaces = {"math",  "sets", "base64", "strings", "optional",
                                                                "lists", "cel",  "regex",  "ip"};

bool is_number(TypeKind kind) { return kind == kInt || kind == kUint || kind == kDouble; }

}  // namespace

std::vector<Overload> overloads() {
  std::vector<Overload> all(std::begin(kOverloads), std::end(kOverloads));
  all.reserve(128);
  for (const bool receiver : {true, false}) {
    for (const TypeKind kind : {kString, kBytes, kList, kMap})
      all.push_back({"size", receiver, F::kSize, kInt, {kind}});
  }
  const auto conversion = [&](std::string_view name, F function, TypeKind to, std::initializer_list<TypeKind> from) {
    for (const TypeKind kind : from) all.push_back({name, false, function, to, {kind}});
  };
  conversion("int", F::kToInt, kInt, {kInt, kUint, kDouble, kString, kTimestamp});
  conversion("uint", F::kToUint, kUint, {kUint, kInt, kDouble, kString});
  conversion("double", F::kToDouble, kDouble, {kDouble, kInt, kUint, kString});
  conversion("string", F::kToString, kString, {kString, kBool, kInt, kUint, kDouble, kBytes, kTimestamp, kDuration});
  conversion("bool", F::kToBool, kBool, {kBool, kString});
  conversion("bytes", F::kToBytes, kBytes, {kBytes, kString});
  conversion("timestamp", F::kToTimestamp, kTimestamp, {kTimestamp, kString, kInt});
  conversion("duration", F::kToDuration, kDuration, {kDuration, kString});
  for (auto f = static_cast<std::uint8_t>(F::kGetFullYear); f <= static_cast<std::uint8_t>(F::kGetMilliseconds); ++f) {
    const auto function = static_cast<F>(f);
    all.push_back({function_name(function), true, function, kInt, {kTimestamp}});
    all.push_back({function_name(function), true, function, kInt, {kTimestamp, kString}});
    if (function >= F::kGetHours) all.push_back({function_name(function), true, function, kInt, {kDuration}});
  }
  return all;
}

bool accepts(const Overload& overload, std::size_t i, const Type& type) {
  const TypeKind wanted = overload.params[i];
  if (wanted == kDyn || type.is_dyn()) return true;
  if (type.kind() != wanted) return false;
  return wanted != kList || overload.element == kDyn || type.element().is_dyn() ||
         type.element().kind() == overload.element;
}

Type result_of(const Overload& overload) {
  return overload.result == kList ? Type::list(overload.element) : Type(overload.result);
}

std::string signature(const Overload& overload) {
  const auto param = [&](std::size_t i) {
    return to_text(overload.params[i] == kList ? Type::list(overload.element) : Type(overload.params[i]));
  };
  std::string text =
      overload.receiver ? fmt::format("{}.{}(", param(0), overload.name) : fmt::format("{}(", overload.name);
  const std::size_t first = overload.receiver ? 1 : 0;
  for (std::size_t i = first; i < overload.params.size(); ++i) text += (i > first ? ", " : "") + param(i);
  return text + ")";
}

bool is_planned_function(std::string_view name) {
  return std::find(kPlannedFunctions.begin(), kPlannedFunctions.end(), name) != kPlannedFunctions.end();
}

bool is_planned_namespace(std::string_view name) {
  return std::find(kPlannedNamespaces.begin(), kPlannedNamespaces.end(), name) != kPlannedNamespaces.end();
}

std::optional<Type> arithmetic(std::string_view op, const Type& a, const Type& b) {
  std::optional<Type> found;
  for (const Arithmetic& row : kArithmetic) {
    if (row.op != op.front() || !(a.is_dyn() || a.kind() == row.left) || !(b.is_dyn() || b.kind() == row.right))
      continue;
    Type result = row.result;
    if (row.result == kList && !a.is_dyn() && !b.is_dyn()) result = join(a, b);
    if (found && *found != result) return Type::dyn();
    found = std::move(result);
  }
  return found;
}

bool comparable(const Type& a, const Type& b) {
  if (a.is_dyn() || b.is_dyn() || (is_number(a.kind()) && is_number(b.kind()))) return true;
  if (a.kind() != b.kind()) return false;
  if (a.kind() == kList || a.kind() == kMap)
    return comparable(a.key(), b.key()) && comparable(a.element(), b.element());
  return true;
}

bool orderable(const Type& a, const Type& b) {
  static constexpr std::array kOrdered = {kBool, kInt, kUint, kDouble, kString, kBytes, kTimestamp, kDuration};
  const auto ordered = [](const Type& type) {
    return type.is_dyn() || std::find(kOrdered.begin(), kOrdered.end(), type.kind()) != kOrdered.end();
  };
  return ordered(a) && ordered(b) && comparable(a, b);
}

Type join(const Type& a, const Type& b) {
  if (a == b) return a;
  if (a.kind() == kList && b.kind() == kList) return Type::list(join(a.element(), b.element()));
  if (a.kind() == kMap && b.kind() == kMap) return Type::map(join(a.key(), b.key()), join(a.element(), b.element()));
  return Type::dyn();
}

}  // namespace portreeve::cel
