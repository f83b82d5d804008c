// The compiled form: a flat array of nodes, children before parents.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/cel/cel.h"
#include "engine/cel/regex.h"

namespace portreeve::cel {

enum class Op : std::uint8_t {
  constant,   // index: constant
  local,      // index: slot of a macro's variable
  attribute,  // index: attribute
  has_attribute,
  select,  // kid 0; index: constant with the key
  has_key,
  index,
  not_,
  negate,
  and_,  // any number of kids, as or_
  or_,
  if_else,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  list,
  map,
  call,  // function
  all,   // kids: range, body; index: slot, with kPair where it has two variables; as the six below
  exists,
  exists_one,
  transform,  // map(): kids: range, body or range, condition, body
  filter,
  transform_map,      // transformMap(): kids as of transform
  transform_entries,  // transformMapEntry()
  opt_select,         // a.?b, as select
  opt_index,          // a[?b]
  entry_if_any,       // ?e in a list or map: kid 0 is an optional; an entry only where it holds a value
  opt_map,            // optMap(): kids: optional, body; index: slot; as the two below
  opt_flat_map,
  bind,         // cel.bind(): kids: value, body
  block,        // cel.block(): kids: members, body; index: slot of the first member
  or_optional,  // a.or(b)
  or_value,     // a.orValue(b)
};

enum class Function : std::uint8_t {
  size,
  contains,
  starts_with,
  ends_with,
  matches,
  matches_literal,  // index: regex
  lower_ascii,
  upper_ascii,
  trim,
  replace,
  split,
  substring,
  index_of,
  last_index_of,
  join,
  char_at,
  reverse,
  under,
  to_int,
  to_uint,
  to_double,
  to_string,
  to_bool,
  to_bytes,
  to_timestamp,
  to_duration,
  dyn,
  type,
  quote,
  format,
  base64_encode,
  base64_decode,
  optional_of,
  optional_of_non_zero,
  optional_none,
  has_value,
  value,
  greatest,
  least,
  ceil,
  floor,
  round,
  trunc,
  abs,
  sign,
  sqrt,
  is_nan,
  is_inf,
  is_finite,
  bit_and,
  bit_or,
  bit_xor,
  bit_not,
  bit_shift_left,
  bit_shift_right,
  ip,
  cidr,
  is_ip,
  is_cidr,
  is_canonical,
  family,
  is_unspecified,
  is_loopback,
  is_global_unicast,
  is_link_local_multicast,
  is_link_local_unicast,
  is_public,
  contains_ip,
  contains_cidr,
  masked,
  prefix_length,
  get_full_year,  // the getters: index: zone, or kNoZone
  get_month,
  get_date,
  get_day_of_month,
  get_day_of_year,
  get_day_of_week,
  get_hours,
  get_minutes,
  get_seconds,
  get_milliseconds,
};

inline constexpr std::uint32_t kNoZone = 0xFFFFFFFF;
// Set in a macro's index: it has two variables, the second in the slot after the first's.
inline constexpr std::uint32_t kPair = 0x80000000;

struct Node {
  Op op = Op::constant;
  Function function = Function::size;
  std::uint16_t kid_count = 0;
  std::uint32_t first_kid = 0;  // into Code::kids
  std::uint32_t index = 0;      // what it means stands beside the Op
  std::uint32_t offset = 0;     // in the expression, for errors
};

struct Program::Code {
  std::string source;
  Type type;
  std::uint64_t cost = 0;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> kids;  // node numbers
  std::uint32_t root = 0;
  std::uint32_t slots = 0;       // of variables of macros
  std::vector<Value> constants;  // borrow from `storage`
  Arena storage;
  std::vector<AttributeId> attributes;  // each once
  std::vector<std::string> attribute_names;
  std::vector<std::shared_ptr<const Zone>> zones;
  ZoneSource zone_source;  // for names that are met at run time; empty where types are checked
  std::vector<std::string> zone_names;
  std::vector<std::shared_ptr<const Regex>> regexes;
  std::vector<Read> reads;
};

std::string_view op_name(Op op);
std::string_view function_name(Function function);

}  // namespace portreeve::cel
