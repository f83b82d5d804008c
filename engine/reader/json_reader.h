// The strict, bounded reader of JSON that comes from outside: requests, tokens' claims, key sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/limits.h"
#include "engine/base/result.h"

namespace portreeve::reader {

// Whether strings and keys may hold U+0000, which C programs behind us would cut a text at.
enum class Nul : std::uint8_t { refused, accepted };

struct JsonLimits {
  std::size_t bytes = limits::kRequestBodyBytes;
  std::size_t depth = limits::kJsonDepth;  // arrays and objects that may stand inside each other; a scalar has depth 0
  Nul nul = Nul::refused;
};

// Reads one JSON text (RFC 8259) at a time and keeps its buffers for the next.
//
// Refused, beyond what the RFC's grammar refuses: a byte order mark, ill-formed UTF-8, lone surrogates, U+0000 in any
// form (unless the limits accept it), a key that stands twice in one object, numbers that no finite double holds,
// anything after the value, anything over the limits. A number without fraction and exponent that fits is an int64, any
// other a double. Errors name the place: a byte offset for syntax, a JSON pointer (RFC 6901) for content; input is
// never echoed but for the keys in a pointer.
//
// One thread at a time. O(n log n) in the text's bytes; allocates the value, and its own buffers as they grow.
class JsonReader {
 public:
  explicit JsonReader(JsonLimits limits = {});
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  Result<JsonValue> parse(std::string_view text);

 private:
  struct Buffers;
  const JsonLimits limits_;
  std::unique_ptr<Buffers> buffers_;
};

// Reads one text with a reader of its own; for paths that are not hot. Any thread.
Result<JsonValue> parse_json(std::string_view text, JsonLimits limits = {});

}  // namespace portreeve::reader
