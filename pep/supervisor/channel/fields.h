// Bodies made of fields: a tag of one byte, a length of four, the value. Numbers are big-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::channel {

// Fields from this tag on may be passed over by who does not know them.
inline constexpr std::uint8_t kOptionalTag = 0x80;

void append_number(std::string& out, std::uint64_t value, int bytes);
std::uint64_t number_of(std::string_view big_endian);

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}
  void text(std::uint8_t tag, std::string_view value);
  void number(std::uint8_t tag, std::uint64_t value, int bytes);

 private:
  std::string& out_;
};

struct Field {
  std::uint8_t tag = 0;
  std::string_view value;
};

// Takes the fields one by one. next() is empty at the end, and after an error, which error() tells.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
  std::optional<Field> next();
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace portreeve::channel
