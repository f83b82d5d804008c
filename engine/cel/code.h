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
  kConst,      // index: constant
  kLocal,      // index: slot of a macro's variable
  kAttribute,  // index: attribute
  kHasAttribute,
  kSelect,  // kid 0; index: constant with the key
  kHasKey,
  kIndex,
  kNot,
  kNegate,
  kAnd,  // any number of kids, as kOr
  kOr,
  kIfElse,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kList,
  kMap,
  kCall,  // function
  kAll,   // kids: range, body; index: slot; as the four below
  kExists,
  kExistsOne,
  kTransform,  // map(): kids: range, body or range, condition, body
  kFilter,
};

enum class Function : std::uint8_t {
  kSize,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kMatchesLiteral,  // index: regex
  kLowerAscii,
  kUpperAscii,
  kTrim,
  kReplace,
  kSplit,
  kSubstring,
  kIndexOf,
  kLastIndexOf,
  kJoin,
  kCharAt,
  kReverse,
  kUnder,
  kToInt,
  kToUint,
  kToDouble,
  kToString,
  kToBool,
  kToBytes,
  kToTimestamp,
  kToDuration,
  kDyn,
  kType,
  kGetFullYear,  // the getters: index: zone, or kNoZone
  kGetMonth,
  kGetDate,
  kGetDayOfMonth,
  kGetDayOfYear,
  kGetDayOfWeek,
  kGetHours,
  kGetMinutes,
  kGetSeconds,
  kGetMilliseconds,
};

inline constexpr std::uint32_t kNoZone = 0xFFFFFFFF;

struct Node {
  Op op = Op::kConst;
  Function function = Function::kSize;
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
  std::vector<Value> constants;  // borrow from `storage`
  Arena storage;
  std::vector<AttributeId> attributes;  // each once
  std::vector<std::string> attribute_names;
  std::vector<std::shared_ptr<const Zone>> zones;
  std::vector<std::string> zone_names;
  std::vector<std::shared_ptr<const Regex>> regexes;
  std::vector<Read> reads;
};

std::string_view op_name(Op op);
std::string_view function_name(Function function);

}  // namespace portreeve::cel
