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
    {"contains", true, F::contains, bool_, {string, string}},
    {"startsWith", true, F::starts_with, bool_, {string, string}},
    {"endsWith", true, F::ends_with, bool_, {string, string}},
    {"matches", true, F::matches, bool_, {string, string}},
    {"matches", false, F::matches, bool_, {string, string}},
    {"lowerAscii", true, F::lower_ascii, string, {string}},
    {"upperAscii", true, F::upper_ascii, string, {string}},
    {"trim", true, F::trim, string, {string}},
    {"reverse", true, F::reverse, string, {string}},
    {"replace", true, F::replace, string, {string, string, string}},
    {"replace", true, F::replace, string, {string, string, string, int_}},
    {"split", true, F::split, list, {string, string}, string},
    {"split", true, F::split, list, {string, string, int_}, string},
    {"substring", true, F::substring, string, {string, int_}},
    {"substring", true, F::substring, string, {string, int_, int_}},
    {"indexOf", true, F::index_of, int_, {string, string}},
    {"indexOf", true, F::index_of, int_, {string, string, int_}},
    {"lastIndexOf", true, F::last_index_of, int_, {string, string}},
    {"lastIndexOf", true, F::last_index_of, int_, {string, string, int_}},
    {"join", true, F::join, string, {list}, string},
    {"join", true, F::join, string, {list, string}, string},
    {"charAt", true, F::char_at, string, {string, int_}},
    {"under", true, F::under, bool_, {string, string}},
    {"dyn", false, F::dyn, dyn, {dyn}},
    {"type", false, F::type, TypeKind::type, {dyn}},
    {"strings.quote", false, F::quote, string, {string}},
    {"format", true, F::format, string, {string, list}},
    {"base64.encode", false, F::base64_encode, string, {bytes}},
    {"base64.decode", false, F::base64_decode, bytes, {string}},
    {"optional.of", false, F::optional_of, optional, {dyn}},
    {"optional.ofNonZeroValue", false, F::optional_of_non_zero, optional, {dyn}},
    {"optional.none", false, F::optional_none, optional, {}},
    {"hasValue", true, F::has_value, bool_, {optional}},
    {"value", true, F::value, dyn, {optional}},
    {"math.ceil", false, F::ceil, double_, {double_}},
    {"math.floor", false, F::floor, double_, {double_}},
    {"math.round", false, F::round, double_, {double_}},
    {"math.trunc", false, F::trunc, double_, {double_}},
    {"math.isNaN", false, F::is_nan, bool_, {double_}},
    {"math.isInf", false, F::is_inf, bool_, {double_}},
    {"math.isFinite", false, F::is_finite, bool_, {double_}},
    {"math.bitAnd", false, F::bit_and, int_, {int_, int_}},
    {"math.bitAnd", false, F::bit_and, uint, {uint, uint}},
    {"math.bitOr", false, F::bit_or, int_, {int_, int_}},
    {"math.bitOr", false, F::bit_or, uint, {uint, uint}},
    {"math.bitXor", false, F::bit_xor, int_, {int_, int_}},
    {"math.bitXor", false, F::bit_xor, uint, {uint, uint}},
    {"math.bitNot", false, F::bit_not, int_, {int_}},
    {"math.bitNot", false, F::bit_not, uint, {uint}},
    {"math.bitShiftLeft", false, F::bit_shift_left, int_, {int_, int_}},
    {"math.bitShiftLeft", false, F::bit_shift_left, uint, {uint, int_}},
    {"math.bitShiftRight", false, F::bit_shift_right, int_, {int_, int_}},
    {"math.bitShiftRight", false, F::bit_shift_right, uint, {uint, int_}},
    {"ip", false, F::ip, ip, {string}},
    {"ip", true, F::ip, ip, {cidr}},
    {"cidr", false, F::cidr, cidr, {string}},
    {"isIP", false, F::is_ip, bool_, {string}},
    {"isCIDR", false, F::is_cidr, bool_, {string}},
    {"ip.isCanonical", false, F::is_canonical, bool_, {string}},
    {"family", true, F::family, int_, {ip}},
    {"isUnspecified", true, F::is_unspecified, bool_, {ip}},
    {"isLoopback", true, F::is_loopback, bool_, {ip}},
    {"isGlobalUnicast", true, F::is_global_unicast, bool_, {ip}},
    {"isLinkLocalMulticast", true, F::is_link_local_multicast, bool_, {ip}},
    {"isLinkLocalUnicast", true, F::is_link_local_unicast, bool_, {ip}},
    {"isPublic", false, F::is_public, bool_, {ip}},
    {"isPublic", false, F::is_public, bool_, {string}},
    {"containsIP", true, F::contains_ip, bool_, {cidr, ip}},
    {"containsIP", true, F::contains_ip, bool_, {cidr, string}},
    {"containsCIDR", true, F::contains_cidr, bool_, {cidr, cidr}},
    {"containsCIDR", true, F::contains_cidr, bool_, {cidr, string}},
    {"masked", true, F::masked, cidr, {cidr}},
    {"prefixLength", true, F::prefix_length, int_, {cidr}},
};

struct Arithmetic {
  char op;
  TypeKind left;
  TypeKind right;
  TypeKind result;
};
constexpr Arithmetic kArithmetic[] = {
    {'+', int_, int_, int_},
    {'+', uint, uint, uint},
    {'+', double_, double_, double_},
    {'+', string, string, string},
    {'+', bytes, bytes, bytes},
    {'+', list, list, list},
    {'+', timestamp, duration, timestamp},
    {'+', duration, timestamp, timestamp},
    {'+', duration, duration, duration},
    {'-', int_, int_, int_},
    {'-', uint, uint, uint},
    {'-', double_, double_, double_},
    {'-', timestamp, timestamp, duration},
    {'-', timestamp, duration, timestamp},
    {'-', duration, duration, duration},
    {'*', int_, int_, int_},
    {'*', uint, uint, uint},
    {'*', double_, double_, double_},
    {'/', int_, int_, int_},
    {'/', uint, uint, uint},
    {'/', double_, double_, double_},
    {'%', int_, int_, int_},
    {'%', uint, uint, uint},
};

constexpr std::array<std::string_view, 7> kPlannedFunctions = {"sort",  "sortBy", "distinct", "flatten",
                                                               "slice", "first",  "last"};
constexpr std::array<std::string_view, 3> kPlannedNamespaces = {"sets", "lists", "regex"};

// Types of which cel-spec's checker lets null stand beside a value.
bool is_nullable(TypeKind kind) { return kind == optional || kind == timestamp || kind == duration; }
bool is_number(TypeKind kind) { return kind == int_ || kind == uint || kind == double_; }

}  // namespace

std::vector<Overload> overloads() {
  std::vector<Overload> all(std::begin(kOverloads), std::end(kOverloads));
  all.reserve(128);
  for (const bool receiver : {true, false}) {
    for (const TypeKind kind : {string, bytes, list, map}) all.push_back({"size", receiver, F::size, int_, {kind}});
  }
  const auto conversion = [&](std::string_view name, F function, TypeKind to, std::initializer_list<TypeKind> from) {
    for (const TypeKind kind : from) all.push_back({name, false, function, to, {kind}});
  };
  conversion("int", F::to_int, int_, {int_, uint, double_, string, timestamp});
  conversion("uint", F::to_uint, uint, {uint, int_, double_, string});
  conversion("double", F::to_double, double_, {double_, int_, uint, string});
  conversion("string", F::to_string, string,
             {string, bool_, int_, uint, double_, bytes, timestamp, duration, ip, cidr});
  conversion("bool", F::to_bool, bool_, {bool_, string});
  conversion("bytes", F::to_bytes, bytes, {bytes, string});
  conversion("timestamp", F::to_timestamp, timestamp, {timestamp, string, int_});
  conversion("duration", F::to_duration, duration, {duration, string});
  for (const TypeKind kind : {int_, uint, double_}) {
    all.push_back({"math.abs", false, F::abs, kind, {kind}});
    all.push_back({"math.sign", false, F::sign, kind, {kind}});
    all.push_back({"math.sqrt", false, F::sqrt, double_, {kind}});
    all.push_back({"math.greatest", false, F::greatest, kind, {kind}});
    all.push_back({"math.least", false, F::least, kind, {kind}});
  }
  // Several arguments are given as one list.
  all.push_back({"math.greatest", false, F::greatest, dyn, {list}});
  all.push_back({"math.least", false, F::least, dyn, {list}});
  for (auto f = static_cast<std::uint8_t>(F::get_full_year); f <= static_cast<std::uint8_t>(F::get_milliseconds); ++f) {
    const auto function = static_cast<F>(f);
    all.push_back({function_name(function), true, function, int_, {timestamp}});
    all.push_back({function_name(function), true, function, int_, {timestamp, string}});
    if (function >= F::get_hours) all.push_back({function_name(function), true, function, int_, {duration}});
  }
  return all;
}

bool accepts(const Overload& overload, std::size_t i, const Type& type) {
  const TypeKind wanted = overload.params[i];
  if (wanted == dyn || type.is_dyn()) return true;
  if (type.kind() != wanted) return false;
  return wanted != list || overload.element == dyn || type.element().is_dyn() ||
         type.element().kind() == overload.element;
}

Type result_of(const Overload& overload) {
  return overload.result == list ? Type::list(overload.element) : Type(overload.result);
}

Type result_for(const Overload& overload, const std::vector<Type>& arguments) {
  const F function = overload.function;
  if (function == F::optional_none) return Type::optional(Type::open());
  if (function == F::optional_of || function == F::optional_of_non_zero) return Type::optional(arguments[0]);
  const bool of_element = function == F::value || function == F::greatest || function == F::least;
  return of_element && overload.result == dyn ? arguments[0].element() : result_of(overload);
}

std::string signature(const Overload& overload) {
  const auto param = [&](std::size_t i) {
    return to_text(overload.params[i] == list ? Type::list(overload.element) : Type(overload.params[i]));
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
    if (row.result == list && !a.is_dyn() && !b.is_dyn()) result = join(a, b);
    if (found && *found != result) return Type::dyn();
    found = std::move(result);
  }
  return found;
}

bool comparable(const Type& a, const Type& b) {
  if (a.is_dyn() || b.is_dyn() || (is_number(a.kind()) && is_number(b.kind()))) return true;
  if (a.kind() != b.kind()) return false;
  if (a.kind() == list || a.kind() == map || a.kind() == optional)
    return comparable(a.key(), b.key()) && comparable(a.element(), b.element());
  return true;
}

bool orderable(const Type& a, const Type& b) {
  static constexpr std::array kOrdered = {bool_, int_, uint, double_, string, bytes, timestamp, duration};
  const auto ordered = [](const Type& type) {
    return type.is_dyn() || std::find(kOrdered.begin(), kOrdered.end(), type.kind()) != kOrdered.end();
  };
  return ordered(a) && ordered(b) && comparable(a, b);
}

Type join(const Type& a, const Type& b) {
  if (a.is_open() || b.is_open()) return a.is_open() ? b : a;
  if (a.kind() == TypeKind::null && is_nullable(b.kind())) return b;
  if (b.kind() == TypeKind::null && is_nullable(a.kind())) return a;
  if (a.kind() == list && b.kind() == list) return Type::list(join(a.element(), b.element()));
  if (a.kind() == map && b.kind() == map) return Type::map(join(a.key(), b.key()), join(a.element(), b.element()));
  if (a.kind() == optional && b.kind() == optional) return Type::optional(join(a.element(), b.element()));
  return a == b ? a : Type::dyn();
}

}  // namespace portreeve::cel
