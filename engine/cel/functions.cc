#include "engine/cel/functions.h"

#include <array>
#include <chrono>

#include "engine/base/check.h"
#include "engine/cel/strings.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {

std::string_view op_name(Op op) {
  static constexpr std::string_view kNames[] = {
      "const", "local", "attribute", "has", ".",    "has", "[]",     "!",          "-",     "&&",    "||",
      "?:",    "==",    "!=",        "<",   "<=",   ">",   ">=",     "in",         "+",     "-",     "*",
      "/",     "%",     "list",      "map", "call", "all", "exists", "exists_one", "map()", "filter"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Op::filter) + 1);
  return kNames[static_cast<std::size_t>(op)];
}

std::string_view function_name(Function function) {
  static constexpr std::string_view kNames[] = {
      "size",        "contains",   "startsWith",     "endsWith",      "matches",      "matches",      "lowerAscii",
      "upperAscii",  "trim",       "replace",        "split",         "substring",    "indexOf",      "lastIndexOf",
      "join",        "charAt",     "reverse",        "under",         "int",          "uint",         "double",
      "string",      "bool",       "bytes",          "timestamp",     "duration",     "dyn",          "type",
      "getFullYear", "getMonth",   "getDate",        "getDayOfMonth", "getDayOfYear", "getDayOfWeek", "getHours",
      "getMinutes",  "getSeconds", "getMilliseconds"};
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
  const auto regex = Regex::compile(pattern);
  return regex ? Value::of(regex->matches_part_of(text)) : Value::error(ErrorCode::bad_regex, {});
}

// The kinds of the arguments of functions on strings: S a string, I an int, each once; small letters may be left out.
std::string_view shape_of(Function function) {
  switch (function) {
    case Function::contains:
    case Function::starts_with:
    case Function::ends_with:
    case Function::matches:
    case Function::matches_literal:
    case Function::under:
      return "SS";
    case Function::lower_ascii:
    case Function::upper_ascii:
    case Function::trim:
    case Function::reverse:
      return "S";
    case Function::replace:
      return "SSSi";
    case Function::split:
    case Function::index_of:
    case Function::last_index_of:
      return "SSi";
    case Function::substring:
      return "SIi";
    case Function::char_at:
      return "SI";
    case Function::size:
    case Function::join:
    case Function::to_int:
    case Function::to_uint:
    case Function::to_double:
    case Function::to_string:
    case Function::to_bool:
    case Function::to_bytes:
    case Function::to_timestamp:
    case Function::to_duration:
    case Function::dyn:
    case Function::type:
    case Function::get_full_year:
    case Function::get_month:
    case Function::get_date:
    case Function::get_day_of_month:
    case Function::get_day_of_year:
    case Function::get_day_of_week:
    case Function::get_hours:
    case Function::get_minutes:
    case Function::get_seconds:
    case Function::get_milliseconds:
      break;
  }
  return {};
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

Value join(std::span<const Value> args, Arena& arena) {
  if (args[0].kind() != Kind::list) return Value::no_overload("join", args[0].kind());
  if (args.size() > 1 && args[1].kind() != Kind::string) return Value::no_overload("join", args[1].kind());
  return joined(args[0], args.size() > 1 ? args[1].text() : std::string_view(), arena);
}

}  // namespace

Value called(Function function, std::uint32_t index, std::span<const Value> args, const Program::Code& code,
             Arena& arena) {
  if (!shape_of(function).empty()) return on_string(function, index, args, code, arena);
  if (function >= Function::get_full_year) {
    return time_part(function, args[0], index == kNoZone ? nullptr : code.zones[index].get());
  }
  if (function == Function::size) return size_of(args[0]);
  if (function == Function::join) return join(args, arena);
  if (function == Function::dyn) return args[0];
  if (function == Function::type) return Value::type(type_name(args[0]));
  return converted(function, args[0], arena);
}

}  // namespace portreeve::cel
