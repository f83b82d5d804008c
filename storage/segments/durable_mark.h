// Sixteen bytes that hold one number and its complement: a mark that a reader can check.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portreeve::storage {

inline constexpr std::string_view kDurableMarkName = "DURABLE";
inline constexpr std::size_t kDurableMarkBytes = 16;

// The number (8 bytes, big-endian), then its bitwise complement.
std::array<char, kDurableMarkBytes> encode_durable_mark(std::uint64_t value);
std::optional<std::uint64_t> decode_durable_mark(std::string_view bytes);

}  // namespace portreeve::storage
