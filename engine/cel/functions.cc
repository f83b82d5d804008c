#include "engine/cel/functions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>

#include "engine/base/check.h"
#include "engine/cel/format.h"
#include "engine/cel/network.h"
#include "engine/cel/strings.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {

std::string_view op_name(Op op) {
  static constexpr std::string_view kNames[] = {"const",
                                                "local",
                                                "attribute",
                                                "has",
                                                ".",
                                                "has",
                                                "[]",
                                                "!",
                                                "-",
                                                "&&",
                                                "||",
                                                "?:",
                                                "==",
                                                "!=",
                                                "<",
                                                "<=",
                                                ">",
                                                ">=",
                                                "in",
                                                "+",
                                                "-",
                                                "*",
                                                "/",
                                                "%",
                                                "list",
                                                "map",
                                                "call",
                                                "all",
                                                "exists",
                                                "exists_one",
                                                "map()",
                                                "filter",
                                                "transformMap",
                                                "transformMapEntry",
                                                ".?",
                                                "[?]",
                                                "?",
                                                "optMap",
                                                "optFlatMap",
                                                "bind",
                                                "cel.block",
                                                "or",
                                                "orValue"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Op::or_value) + 1);
  return kNames[static_cast<std::size_t>(op)];
}

std::string_view function_name(Function function) {
  static constexpr std::string_view kNames[] = {"size",
                                                "contains",
                                                "startsWith",
                                                "endsWith",
                                                "matches",
                                                "matches",
                                                "lowerAscii",
                                                "upperAscii",
                                                "trim",
                                                "replace",
                                                "split",
                                                "substring",
                                                "indexOf",
                                                "lastIndexOf",
                                                "join",
                                                "charAt",
                                                "reverse",
                                                "under",
                                                "int",
                                                "uint",
                                                "double",
                                                "string",
                                                "bool",
                                                "bytes",
                                                "timestamp",
                                                "duration",
                                                "dyn",
                                                "type",
                                                "strings.quote",
                                                "format",
                                                "base64.encode",
                                                "base64.decode",
                                                "optional.of",
                                                "optional.ofNonZeroValue",
                                                "optional.none",
                                                "hasValue",
                                                "value",
                                                "math.greatest",
                                                "math.least",
                                                "math.ceil",
                                                "math.floor",
                                                "math.round",
                                                "math.trunc",
                                                "math.abs",
                                                "math.sign",
                                                "math.sqrt",
                                                "math.isNaN",
                                                "math.isInf",
                                                "math.isFinite",
                                                "math.bitAnd",
                                                "math.bitOr",
                                                "math.bitXor",
                                                "math.bitNot",
                                                "math.bitShiftLeft",
                                                "math.bitShiftRight",
                                                "ip",
                                                "cidr",
                                                "isIP",
                                                "isCIDR",
                                                "ip.isCanonical",
                                                "family",
                                                "isUnspecified",
                                                "isLoopback",
                                                "isGlobalUnicast",
                                                "isLinkLocalMulticast",
                                                "isLinkLocalUnicast",
                                                "isPublic",
                                                "containsIP",
                                                "containsCIDR",
                                                "masked",
                                                "prefixLength",
                                                "getFullYear",
                                                "getMonth",
                                                "getDate",
                                                "getDayOfMonth",
                                                "getDayOfYear",
                                                "getDayOfWeek",
                                                "getHours",
                                                "getMinutes",
                                                "getSeconds",
                                                "getMilliseconds"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Function::get_milliseconds) + 1);
  return kNames[static_cast<std::size_t>(function)];
}

namespace {

Value duration_part(Function function, std::int64_t nanos) {
  if (function == Function::get_hours) return Value::of(nanos / 3'600'000'000'000);
  if (function == Function::get_minutes) return Value::of(nanos / 60'000'000'000);
  if (function == Function::get_seconds) return Value::of(nanos / 1'000'000'000);
  return Value::of(nanos % 1'000'000'000 / 1'000'000);
}

}  // namespace

Value time_part(Function function, const Value& a, const Zone* zone) {
  namespace chrono = std::chrono;
  if (a.kind() == Kind::duration && function >= Function::get_hours && zone == nullptr)
    return duration_part(function, a.nanos());
  if (a.kind() != Kind::timestamp) return Value::no_overload(function_name(function), a.kind());
  const Timestamp time = a.timestamp();
  if (function == Function::get_milliseconds) return Value::of(std::int64_t{time.nanos() / 1'000'000});
  const std::int64_t local = time.unix_seconds() + (zone ? zone->offset_at(time.unix_seconds()) : 0);
  const chrono::sys_seconds instant{chrono::seconds(local)};
  const auto day = chrono::floor<chrono::days>(instant);
  const std::int64_t second = (instant - day).count();
  if (function == Function::get_hours) return Value::of(second / 3600);
  if (function == Function::get_minutes) return Value::of(second / 60 % 60);
  if (function == Function::get_seconds) return Value::of(second % 60);
  if (function == Function::get_day_of_week) return Value::of(std::int64_t{chrono::weekday(day).c_encoding()});
  const chrono::year_month_day date(day);
  if (function == Function::get_full_year) return Value::of(std::int64_t{static_cast<int>(date.year())});
  if (function == Function::get_month) return Value::of(std::int64_t{static_cast<unsigned>(date.month())} - 1);
  if (function == Function::get_date) return Value::of(std::int64_t{static_cast<unsigned>(date.day())});
  if (function == Function::get_day_of_month) return Value::of(std::int64_t{static_cast<unsigned>(date.day())} - 1);
  return Value::of(std::int64_t{(day - chrono::sys_days(date.year() / chrono::January / 1)).count()});
}

namespace {

Value size_of(const Value& a) {
  if (a.kind() == Kind::string) return Value::of(static_cast<std::int64_t>(utf8_count(a.text())));
  if (a.partly_unknown()) return Value::unknown();
  if (a.kind() == Kind::bytes || a.kind() == Kind::list || a.kind() == Kind::map) {
    return Value::of(static_cast<std::int64_t>(a.size()));
  }
  return Value::no_overload("size", a.kind());
}

Value matches(std::string_view text, std::string_view pattern) {
  constexpr std::size_t kMostWork = 4'000'000;  // bytes times instructions: some milliseconds
  const auto regex = Regex::compile(pattern);
  if (!regex) return Value::error(ErrorCode::bad_regex, {});
  if (text.size() > kMostWork / std::max<std::size_t>(1, regex->size())) return Value::error(ErrorCode::budget, {});
  return Value::of(regex->matches_part_of(text));
}

// The kinds of the arguments of functions on strings: S a string, I an int, each once; small letters may be left out.
// Empty for any other function.
std::string_view shape_of(Function function) {
  if (function == Function::size || function == Function::join || function > Function::under) return {};
  if (function == Function::replace) return "SSSi";
  if (function == Function::substring) return "SIi";
  if (function == Function::char_at) return "SI";
  const bool part_from = function == Function::split || function == Function::index_of;
  if (part_from || function == Function::last_index_of) return "SSi";
  const bool alone = function == Function::lower_ascii || function == Function::upper_ascii ||
                     function == Function::trim || function == Function::reverse;
  return alone ? "S" : "SS";
}

Value on_string(Function function, std::uint32_t index, std::span<const Value> args, const Program::Code& code,
                Arena& arena) {
  const std::string_view shape = shape_of(function);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Kind wanted = shape[i] == 'S' ? Kind::string : Kind::int_;
    if (args[i].kind() != wanted) return Value::no_overload(function_name(function), args[i].kind());
  }
  const std::string_view text = args[0].text();
  const auto part = [&](std::size_t i) { return args[i].text(); };
  const auto number_or = [&](std::size_t i, std::int64_t absent) {
    return i < args.size() ? args[i].integer() : absent;
  };
  const auto number_if = [&](std::size_t i) {
    return i < args.size() ? std::optional(args[i].integer()) : std::nullopt;
  };
  if (function == Function::contains) return Value::of(contains_part(text, part(1)));
  if (function == Function::starts_with) return Value::of(text.starts_with(part(1)));
  if (function == Function::ends_with) return Value::of(text.ends_with(part(1)));
  if (function == Function::matches_literal) return Value::of(code.regexes[index]->matches_part_of(text));
  if (function == Function::matches) return matches(text, part(1));
  if (function == Function::under) return Value::of(is_under(text, part(1)));
  if (function == Function::lower_ascii) return lower_ascii(text, arena);
  if (function == Function::upper_ascii) return upper_ascii(text, arena);
  if (function == Function::trim) return trimmed(text);
  if (function == Function::reverse) return reversed(text, arena);
  if (function == Function::replace) return replaced(text, part(1), part(2), number_or(3, -1), arena);
  if (function == Function::split) return split(text, part(1), number_or(2, -1), arena);
  if (function == Function::substring) return substring(text, args[1].integer(), number_if(2));
  if (function == Function::index_of) return index_of(text, part(1), number_or(2, 0));
  if (function == Function::last_index_of) return last_index_of(text, part(1), number_if(2));
  return char_at(text, args[1].integer());
}

// A getter's zone where types are met at run time: its name is an argument.
Value time_part_in(Function function, const Value& time, const Value& zone, const Program::Code& code) {
  if (zone.kind() != Kind::string) return Value::no_overload(function_name(function), time.kind(), zone.kind());
  if (const auto fixed = Zone::fixed(zone.text())) return time_part(function, time, &*fixed);
  const auto found = code.zone_source ? code.zone_source(zone.text()) : fail("no zones");
  return found ? time_part(function, time, found->get()) : Value::error(ErrorCode::bad_zone, zone.text());
}

Value join(std::span<const Value> args, Arena& arena) {
  if (args[0].kind() != Kind::list) return Value::no_overload("join", args[0].kind());
  if (args.size() > 1 && args[1].kind() != Kind::string) return Value::no_overload("join", args[1].kind());
  return joined(args[0], args.size() > 1 ? args[1].text() : std::string_view(), arena);
}

// What ofNonZeroValue() takes for nothing: the zero of each kind.
bool is_zero(const Value& a) {
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::bool_:
      return !a.boolean();
    case Kind::int_:
    case Kind::duration:
      return a.integer() == 0;
    case Kind::uint:
      return a.unsigned_integer() == 0;
    case Kind::double_:
      return a.real() == 0;
    case Kind::string:
    case Kind::bytes:
      return a.text().empty();
    case Kind::timestamp:
      return a.timestamp() == Timestamp::from_unix(0);
    case Kind::list:
    case Kind::map:
      return a.size() == 0;
    case Kind::optional:
      return a.inner() == nullptr;
    case Kind::unknown:
    case Kind::error:
    case Kind::type:
    case Kind::ip:
    case Kind::cidr:
      break;
  }
  return false;
}

Value on_optional(Function function, std::span<const Value> args, Arena& arena) {
  if (function == Function::optional_none) return Value::optional(nullptr);
  const Value& a = args[0];
  if (function == Function::optional_of) return held(a, arena);
  if (function == Function::optional_of_non_zero) {
    if (a.partly_unknown()) return Value::unknown();
    return is_zero(a) ? Value::optional(nullptr) : held(a, arena);
  }
  if (a.kind() != Kind::optional) return Value::no_overload(function_name(function), a.kind());
  if (function == Function::has_value) return Value::of(a.inner() != nullptr);
  return a.inner() != nullptr ? *a.inner() : Value::error(ErrorCode::no_value, {});
}

// format(), strings.quote() and base64.
Value on_text(Function function, std::span<const Value> args, Arena& arena) {
  const Kind wanted = function == Function::base64_encode ? Kind::bytes : Kind::string;
  if (args[0].kind() != wanted) return Value::no_overload(function_name(function), args[0].kind());
  if (function == Function::quote) return quoted(args[0].text(), arena);
  if (function == Function::base64_encode) return base64_encoded(args[0].text(), arena);
  if (function == Function::base64_decode) return base64_decoded(args[0].text(), arena);
  if (args[1].kind() != Kind::list) return Value::no_overload("format", args[1].kind());
  return formatted(args[0].text(), args[1], arena);
}

}  // namespace

Value held(const Value& value, Arena& arena) {
  if (!arena.has_room(sizeof(Value))) return Value::error(ErrorCode::budget, {});
  return Value::optional(new (arena.allocate(sizeof(Value))) Value(value));
}

Value called(Function function, std::uint32_t index, std::span<const Value> args, const Program::Code& code,
             Arena& arena) {
  if (!shape_of(function).empty()) return on_string(function, index, args, code, arena);
  if (function >= Function::get_full_year) {
    if (args.size() == 2 && index == kNoZone) return time_part_in(function, args[0], args[1], code);
    return time_part(function, args[0], index == kNoZone ? nullptr : code.zones[index].get());
  }
  if (function >= Function::ip) return on_network(function, args);
  if (function >= Function::greatest) return on_numbers(function, args);
  if (function >= Function::optional_of) return on_optional(function, args, arena);
  if (function >= Function::quote) return on_text(function, args, arena);
  if (function == Function::size) return size_of(args[0]);
  if (function == Function::join) return join(args, arena);
  if (function == Function::dyn) return args[0];
  if (function == Function::type) return Value::type(type_name(args[0]));
  return converted(function, args[0], arena);
}

}  // namespace portreeve::cel
