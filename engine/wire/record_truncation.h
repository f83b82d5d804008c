// Making a record fit: the longest fields are cut, and the record says so.
#pragma once

#include <cstddef>
#include <string>

#include "engine/base/json_value.h"

namespace portreeve::wire {

// A string, list or other member whose canonical JSON is longer than this may be cut down to it.
inline constexpr std::size_t kCutFieldBytes = 1024;

// The canonical JSON of `record`, an object, if it has at most `most` bytes. Else, until it has, the longest field not
// cut yet is cut, the first by JSON pointer where several are equally long: a string to its longest prefix, a list to
// its longest run of leading items, whose canonical JSON has at most kCutFieldBytes; any other member is left out.
// `truncated` then lists field and former size of each, sorted by field. Fields are the members of the record and of
// `subject`, `resource`, `resource.properties` and `source`; never cut are numbers, booleans and `kind`, `id`, `time`,
// `received`, `revision`. Requires: the fields that are never cut are short.
std::string bounded_canonical_json(const JsonValue& record, std::size_t most);

}  // namespace portreeve::wire
