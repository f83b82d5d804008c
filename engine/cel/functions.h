// What operators and functions do with values. Every argument is a value: unknown and error are dealt with before.
#pragma once

#include <span>
#include <string_view>

#include "engine/cel/code.h"

namespace portreeve::cel {

// A string in the arena, or kBudget where it has no room.
Value kept(std::string_view text, Arena& arena);

// optional.of(value), or kBudget where the arena has no room.
Value held(const Value& value, Arena& arena);

// + - * / % and the unary minus.
Value arithmetic(Op op, const Value& a, const Value& b, Arena& arena);
Value negated(const Value& a);

// < <= > >=
Value compared(Op op, const Value& a, const Value& b);

// int(), string(), timestamp(), …
// Requires: function is kTo….
Value converted(Function function, const Value& a, Arena& arena);

// getHours() and its kin, in that zone (UTC where nullptr). Of a duration the whole span in that unit, but for
// getMilliseconds, which is its fraction of a second (cel-spec).
Value time_part(Function function, const Value& a, const Zone* zone);

// The math extension. Requires: function is one of its.
Value on_numbers(Function function, std::span<const Value> args);

// Any function of the language. `index` is the node's.
Value called(Function function, std::uint32_t index, std::span<const Value> args, const Program::Code& code,
             Arena& arena);

}  // namespace portreeve::cel
