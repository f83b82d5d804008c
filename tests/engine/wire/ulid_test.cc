#include "engine/wire/ulid.h"

#include <gtest/gtest.h>

namespace portreeve::wire {
namespace {

TEST(Ulid, EncodesTimeThenRandomness) {
  struct Row {
    std::int64_t millis;
    std::uint8_t byte;
    const char* text;
  };
  const Row rows[] = {{0, 0, "00000000000000000000000000"},
                      {(std::int64_t{1} << 48) - 1, 0xFF, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
                      {1'469'918'176'385, 0, "01ARYZ6S410000000000000000"},  // the specification's example of a time
                      {1, 0xFF, "0000000001ZZZZZZZZZZZZZZZZ"}};
  for (const Row& row : rows) {
    std::array<std::uint8_t, 10> randomness{};
    randomness.fill(row.byte);
    EXPECT_EQ(encode_ulid(row.millis, randomness), row.text);
    EXPECT_TRUE(is_ulid(row.text));
  }
}

TEST(Ulid, KnowsWhatIsNone) {
  for (const char* text : {"", "0", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "0000000000000000000000000I",
                           "0000000000000000000000000a", "000000000000000000000000000"}) {
    EXPECT_FALSE(is_ulid(text)) << text;
  }
}

}  // namespace
}  // namespace portreeve::wire
