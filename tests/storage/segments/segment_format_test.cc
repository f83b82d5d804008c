#include "storage/segments/segment_format.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "storage/segments/durable_mark.h"

namespace portreeve::storage {
namespace {

std::string hex(std::string_view bytes) { return hex_encode(bytes); }

TEST(Crc32c, GivesThePublishedValues) {
  struct Row {
    std::string bytes;
    std::uint32_t crc;
  };
  // The catalogue's check value, and RFC 3720 §B.4.
  const Row rows[] = {
      {"123456789", 0xE3069283}, {std::string(32, '\0'), 0x8A9136AA}, {std::string(32, '\xff'), 0x62A8AB43}, {"", 0}};
  for (const Row& row : rows) EXPECT_EQ(crc32c(row.bytes), row.crc) << hex(row.bytes);
}

TEST(Crc32c, GoesOnFromASeed) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice and then some more";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text)) << cut;
  }
}

// Frozen: docs/decision-log-format.md §5
TEST(SegmentFormat, HasTheseBytes) {
  const auto header = encode_segment_header(0x0102030405060708);
  EXPECT_EQ(hex({header.data(), header.size()}), "505254525653454700000001000000000102030405060708000000000a4ffd8b");
  std::string frame;
  append_frame(frame, "{\"v\":1}");
  EXPECT_EQ(hex(frame), "000000070315636c7b2276223a317d");
  std::string seal;
  append_seal(seal, 5);
  EXPECT_EQ(hex(seal), "ffffffffca0eebe30000000000000005");
  EXPECT_EQ(segment_file_name(1234), "00000000000000001234.seg");
  const auto mark = encode_durable_mark(258);
  EXPECT_EQ(hex({mark.data(), mark.size()}), "0000000000000102fffffffffffffefd");
}

TEST(SegmentFormat, ReadsBackWhatItWrote) {
  const auto header = encode_segment_header(77);
  EXPECT_EQ(decode_segment_header({header.data(), header.size()}).value(), 77u);
  std::string bytes;
  append_frame(bytes, "one");
  const Frame frame = decode_frame(bytes);
  EXPECT_EQ(frame.kind, Frame::Kind::record);
  EXPECT_EQ(frame.payload, "one");
  EXPECT_EQ(frame.size, bytes.size());
  EXPECT_EQ(base_index_from_file_name(segment_file_name(77)), 77u);
}

TEST(SegmentFormat, SaysWhatIsWrongWithAHeader) {
  const auto good = encode_segment_header(3);
  struct Row {
    const char* name;
    std::string bytes;
    std::string message;
  };
  std::string version(good.data(), good.size());
  version[11] = 2;
  const std::uint32_t crc = crc32c(std::string_view(version).substr(0, 28));
  for (int i = 0; i < 4; ++i) version[static_cast<std::size_t>(28 + i)] = static_cast<char>(crc >> (24 - 8 * i));
  const Row rows[] = {
      {"short", std::string(good.data(), 31), "the segment's header is incomplete"},
      {"empty", "", "the segment's header is incomplete"},
      {"another file", std::string(32, 'x'), "this is no segment: its first 8 bytes are not `PRTRVSEG`"},
      {"another version", version, "segment format version 2 is unknown, this program reads 1"},
  };
  for (const Row& row : rows) {
    const auto decoded = decode_segment_header(row.bytes);
    ASSERT_FALSE(decoded) << row.name;
    EXPECT_EQ(decoded.error().message, row.message) << row.name;
  }
}

TEST(SegmentFormat, NoFlippedBitGoesUnseen) {
  std::string frame;
  append_frame(frame, "a record of some bytes");
  std::string seal;
  append_seal(seal, 12);
  for (const std::string& good : {frame, seal}) {
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      const Frame read = decode_frame(bad);
      EXPECT_TRUE(read.kind == Frame::Kind::corrupt || read.kind == Frame::Kind::incomplete) << hex(bad);
    }
  }
}

TEST(SegmentFormat, RefusesLengthsOutOfRange) {
  struct Row {
    const char* name;
    std::string bytes;
    Frame::Kind kind;
  };
  const Row rows[] = {
      {"zeros, as a crash leaves them", std::string(64, '\0'), Frame::Kind::corrupt},
      {"one more than fits", std::string("\x00\x01\x00\x00", 4) + std::string(70000, 'x'), Frame::Kind::corrupt},
      {"as much as fits, but not here", std::string("\x00\x00\xff\xff", 4) + std::string(10, 'x'),
       Frame::Kind::incomplete},
      {"nothing", "", Frame::Kind::incomplete},
      {"half a seal", std::string("\xff\xff\xff\xff", 4) + std::string(8, 'x'), Frame::Kind::incomplete},
  };
  for (const Row& row : rows) EXPECT_EQ(decode_frame(row.bytes).kind, row.kind) << row.name;
}

TEST(SegmentFormat, KnowsItsFileNames) {
  for (const char* name : {"", "1.seg", "0000000000000000000x.seg", "00000000000000000001.seg.new",
                           "99999999999999999999.seg", "00000000000000000001.SEG"}) {
    EXPECT_EQ(base_index_from_file_name(name), std::nullopt) << name;
  }
}

TEST(DurableMark, RefusesHalfOfTwoMarks) {
  const auto one = encode_durable_mark(255);
  const auto two = encode_durable_mark(256);
  for (std::size_t cut = 1; cut < kDurableMarkBytes; ++cut) {
    std::string torn(one.data(), cut);
    torn.append(two.data() + cut, two.size() - cut);
    const auto read = decode_durable_mark(torn);
    EXPECT_TRUE(!read || *read == 255 || *read == 256) << cut;
  }
  EXPECT_EQ(decode_durable_mark(std::string(16, '\0')), std::nullopt);
}

}  // namespace
}  // namespace portreeve::storage
