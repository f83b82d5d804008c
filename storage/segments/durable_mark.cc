#include "storage/segments/durable_mark.h"

namespace portreeve::storage {

std::array<char, kDurableMarkBytes> encode_durable_mark(std::uint64_t value) {
  std::array<char, kDurableMarkBytes> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(value >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(~value >> (56 - 8 * i));
  }
  return bytes;
}

std::optional<std::uint64_t> decode_durable_mark(std::string_view bytes) {
  if (bytes.size() != kDurableMarkBytes) return std::nullopt;
  std::uint64_t value = 0;
  std::uint64_t complement = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    complement = (complement << 8) | static_cast<unsigned char>(bytes[8 + i]);
  }
  if (value != ~complement) return std::nullopt;
  return value;
}

}  // namespace portreeve::storage
