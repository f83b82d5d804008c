// Where a text stops being JSON: simdjson says that, not where.
#pragma once

#include <cstddef>
#include <string_view>

namespace portreeve::reader {

struct JsonFault {
  std::size_t offset = 0;  // of the first byte that no JSON text could have there; the size where it ends too early
  std::string_view expected = {};  // what would be right, for a message; static text; empty where there is no fault
};

// The first breach of RFC 8259's grammar. Looks at the grammar alone: encoding, duplicate keys, the size of numbers and
// surrogates are others' business. O(bytes), one byte of memory a level of nesting. Any thread.
JsonFault find_json_fault(std::string_view text);

}  // namespace portreeve::reader
