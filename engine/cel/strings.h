// CEL's string functions, on code points.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/cel/cel.h"

namespace portreeve::cel {

// True for labels of letters, digits, `-` and `_` with single dots between them.
bool is_domain(std::string_view text);
// True where `name` is `domain` or a name below it, ASCII case ignored; a label is never split. False for an empty
// domain.
bool is_under(std::string_view name, std::string_view domain);

// What makes new strings puts them into the arena; what only cuts borrows from the text.
Value lower_ascii(std::string_view text, Arena& arena);
Value upper_ascii(std::string_view text, Arena& arena);
Value reversed(std::string_view text, Arena& arena);
// Unicode white space off both ends.
Value trimmed(std::string_view text);
// At most `limit` replacements; all where negative.
Value replaced(std::string_view text, std::string_view from, std::string_view to, std::int64_t limit, Arena& arena);
// At most `limit` parts; all where negative.
Value split(std::string_view text, std::string_view separator, std::int64_t limit, Arena& arena);
Value joined(const Value& list, std::string_view separator, Arena& arena);
Value substring(std::string_view text, std::int64_t begin, std::optional<std::int64_t> end);
Value char_at(std::string_view text, std::int64_t index);
// Linear in both.
bool contains_part(std::string_view text, std::string_view part);
Value index_of(std::string_view text, std::string_view part, std::int64_t from);
Value last_index_of(std::string_view text, std::string_view part, std::optional<std::int64_t> from);

}  // namespace portreeve::cel
