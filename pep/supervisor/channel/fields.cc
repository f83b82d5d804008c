#include "pep/supervisor/channel/fields.h"

namespace portreeve::channel {

namespace {

constexpr std::size_t kFieldHeader = 5;

}  // namespace

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

std::uint64_t number_of(std::string_view big_endian) {
  std::uint64_t value = 0;
  for (const char byte : big_endian) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void FieldWriter::text(std::uint8_t tag, std::string_view value) {
  out_.push_back(static_cast<char>(tag));
  append_number(out_, value.size(), 4);
  out_ += value;
}

void FieldWriter::number(std::uint8_t tag, std::uint64_t value, int bytes) {
  out_.push_back(static_cast<char>(tag));
  append_number(out_, static_cast<std::uint64_t>(bytes), 4);
  append_number(out_, value, bytes);
}

std::optional<Field> FieldReader::next() {
  if (rest_.empty()) return std::nullopt;
  if (rest_.size() < kFieldHeader) {
    failed_ = true;
    return std::nullopt;
  }
  const std::uint64_t size = number_of(rest_.substr(1, 4));
  if (size > rest_.size() - kFieldHeader) {
    failed_ = true;
    return std::nullopt;
  }
  const Field field{static_cast<std::uint8_t>(rest_.front()), rest_.substr(kFieldHeader, size)};
  rest_.remove_prefix(kFieldHeader + size);
  return field;
}

}  // namespace portreeve::channel
