#include "storage/segments/segment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/check.h"

namespace portreeve::storage {
namespace {

// Slicing by eight (Intel, 2006): table[k][b] is the CRC of byte b followed by k zero bytes.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F6'3B78u : 0u);
    tables[0][byte] = crc;
  }
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    for (std::size_t k = 1; k < 8; ++k) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

void put_u32(char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (24 - 8 * i));
}

void put_u64(char* out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
  put_u32(out + 4, static_cast<std::uint32_t>(value));
}

std::uint32_t get_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint64_t get_u64(std::string_view bytes, std::size_t at) {
  return (std::uint64_t{get_u32(bytes, at)} << 32) | get_u32(bytes, at + 4);
}

Frame corrupt(std::string_view why) {
  Frame frame;
  frame.kind = Frame::Kind::corrupt;
  frame.why = why;
  return frame;
}

Frame incomplete(std::size_t need) {
  Frame frame;
  frame.size = need;
  return frame;
}

Frame decode_seal(std::string_view bytes) {
  if (bytes.size() < kSegmentSealBytes) return incomplete(kSegmentSealBytes);
  const std::uint32_t crc = crc32c(bytes.substr(8, 8), crc32c(bytes.substr(0, 4)));
  if (crc != get_u32(bytes, 4)) return corrupt("the seal's checksum is wrong");
  Frame frame;
  frame.kind = Frame::Kind::seal;
  frame.count = get_u64(bytes, 8);
  frame.size = kSegmentSealBytes;
  return frame;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  std::uint32_t crc = ~seed;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const std::uint32_t low = crc ^ (at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24);
    crc = kTables[7][low & 0xFF] ^ kTables[6][(low >> 8) & 0xFF] ^ kTables[5][(low >> 16) & 0xFF] ^
          kTables[4][low >> 24] ^ kTables[3][at(i + 4)] ^ kTables[2][at(i + 5)] ^ kTables[1][at(i + 6)] ^
          kTables[0][at(i + 7)];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ kTables[0][(crc ^ at(i)) & 0xFF];
  return ~crc;
}

std::string segment_file_name(std::uint64_t base_index) { return fmt::format("{:020}.seg", base_index); }

std::optional<std::uint64_t> base_index_from_file_name(std::string_view name) {
  if (name.size() != 24 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 20, base);
  if (error != std::errc{} || end != name.data() + 20) return std::nullopt;
  return base;
}

std::array<char, kSegmentHeaderBytes> encode_segment_header(std::uint64_t base_index) {
  std::array<char, kSegmentHeaderBytes> header{};
  std::ranges::copy(kSegmentMagic, header.begin());
  put_u32(&header[8], kSegmentVersion);
  put_u64(&header[16], base_index);
  put_u32(&header[28], crc32c({header.data(), 28}));
  return header;
}

Result<std::uint64_t> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return fail("the segment's header is incomplete");
  if (!bytes.starts_with(kSegmentMagic)) return fail("this is no segment: its first 8 bytes are not `PRTRVSEG`");
  if (crc32c(bytes.substr(0, 28)) != get_u32(bytes, 28)) return fail("the segment header's checksum is wrong");
  const std::uint32_t version = get_u32(bytes, 8);
  if (version != kSegmentVersion) {
    return fail(fmt::format("segment format version {} is unknown, this program reads {}", version, kSegmentVersion));
  }
  return get_u64(bytes, 16);
}

void append_frame(std::string& out, std::string_view payload) {
  DCHECK(!payload.empty() && payload.size() <= kMostPayloadBytes);
  char header[kFrameHeaderBytes];
  put_u32(header, static_cast<std::uint32_t>(payload.size()));
  put_u32(header + 4, crc32c(payload, crc32c({header, 4})));
  out.append(header, sizeof header).append(payload);
}

void append_seal(std::string& out, std::uint64_t record_count) {
  char seal[kSegmentSealBytes];
  put_u32(seal, kSealMarker);
  put_u64(seal + 8, record_count);
  put_u32(seal + 4, crc32c({seal + 8, 8}, crc32c({seal, 4})));
  out.append(seal, sizeof seal);
}

Frame decode_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return incomplete(kFrameHeaderBytes);
  const std::uint32_t length = get_u32(bytes, 0);
  if (length == kSealMarker) return decode_seal(bytes);
  if (length == 0 || length > kMostPayloadBytes) return corrupt("the record's length is out of range");
  const std::size_t size = kFrameHeaderBytes + length;
  if (bytes.size() < size) return incomplete(size);
  const std::string_view payload = bytes.substr(kFrameHeaderBytes, length);
  if (crc32c(payload, crc32c(bytes.substr(0, 4))) != get_u32(bytes, 4)) {
    return corrupt("the record's checksum is wrong");
  }
  Frame frame;
  frame.kind = Frame::Kind::record;
  frame.payload = payload;
  frame.size = size;
  return frame;
}

}  // namespace portreeve::storage
