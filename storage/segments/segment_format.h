// The bytes of a segment file. Frozen: docs/decision-log-format.md §5
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/result.h"

namespace portreeve::storage {

inline constexpr std::string_view kSegmentMagic = "PRTRVSEG";
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeaderBytes = 32;
inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kSegmentSealBytes = 16;
inline constexpr std::uint32_t kSealMarker = 0xFFFF'FFFF;
inline constexpr std::size_t kMostPayloadBytes = limits::kRecordBytes;

// CRC-32C (Castagnoli; RFC 3720 §B.4), of `bytes` after those that gave `seed`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

// `<base index, 20 digits>.seg`: sorting names sorts segments.
std::string segment_file_name(std::uint64_t base_index);
std::optional<std::uint64_t> base_index_from_file_name(std::string_view name);

// 32 bytes, numbers big-endian: magic (8), version (4), zero (4), base index (8), zero (4), CRC-32C of those 28 (4).
std::array<char, kSegmentHeaderBytes> encode_segment_header(std::uint64_t base_index);
// The base index, or what is wrong.
Result<std::uint64_t> decode_segment_header(std::string_view bytes);

// Appends one frame: length (4), CRC-32C of length and payload (4), payload. Requires: 1 <= size <= kMostPayloadBytes.
void append_frame(std::string& out, std::string_view payload);
// Appends the seal that ends a full segment: marker (4), CRC-32C of marker and count (4), count of records (8).
void append_seal(std::string& out, std::uint64_t record_count);

// What stands at the head of `bytes`.
struct Frame {
  enum class Kind : std::uint8_t {
    record,      // `payload` is whole and its checksum right
    seal,        // `count` records came before
    incomplete,  // fewer bytes than the frame needs
    corrupt,     // length or checksum is wrong: `why`
  };
  Kind kind = Kind::incomplete;
  std::string_view payload;
  std::uint64_t count = 0;
  std::size_t size = 0;  // bytes of the frame; of a kIncomplete one what it needs, as far as is known
  std::string_view why;
};
Frame decode_frame(std::string_view bytes);

}  // namespace portreeve::storage
