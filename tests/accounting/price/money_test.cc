#include "accounting/price/money.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace portreeve::accounting {
namespace {

TEST(Money, IsWrittenExactly) {
  const struct {
    std::int64_t pico;
    const char* text;
  } kCases[] = {
      {0, "0.00"},
      {1, "0.000000000001"},
      {10'000'000'000, "0.01"},
      {1'000'000'000'000, "1.00"},
      {1'230'000'000'000, "1.23"},
      {1'230'000'000'001, "1.230000000001"},
      {INT64_MAX, "9223372.036854775807"},
      {-3'125'000'000, "-0.003125"},
  };
  for (const auto& row : kCases) EXPECT_EQ(to_text(Money{row.pico}), row.text);
  Money sum;
  for (int i = 0; i < 1000; ++i) sum = sum + Money{INT64_MAX};
  EXPECT_EQ(to_text(sum), "9223372036.854775807");
}

TEST(Price, IsReadExactlyOrRefused) {
  const struct {
    const char* text;
    PriceUnit unit;
    std::int64_t pico;  // -1: refused
  } kCases[] = {
      {"3", PriceUnit::million, 3'000'000},
      {"3.00", PriceUnit::million, 3'000'000},
      {"0.000001", PriceUnit::million, 1},
      {"0", PriceUnit::million, 0},
      {"0.0375", PriceUnit::million, 37'500},
      {"1000000", PriceUnit::million, 1'000'000'000'000},
      {"10", PriceUnit::thousand, 10'000'000'000},
      {"0.000000001", PriceUnit::thousand, 1},
      {"0.0000001", PriceUnit::million, -1},
      {"0.0000010", PriceUnit::million, -1},
      {"1000000.000001", PriceUnit::million, 1'000'000'000'001},
      {"1000001", PriceUnit::million, -1},
      {"99999999999999999999", PriceUnit::million, -1},
      {"", PriceUnit::million, -1},
      {".5", PriceUnit::million, -1},
      {"5.", PriceUnit::million, -1},
      {"-1", PriceUnit::million, -1},
      {"+1", PriceUnit::million, -1},
      {"1e-6", PriceUnit::million, -1},
      {"1,5", PriceUnit::million, -1},
      {"1_000", PriceUnit::million, -1},
      {" 1", PriceUnit::million, -1},
      {"0x10", PriceUnit::million, -1},
      {".inf", PriceUnit::million, -1},
      {"nan", PriceUnit::million, -1},
      {"$3", PriceUnit::million, -1},
  };
  for (const auto& row : kCases) {
    const auto price = parse_price(row.text, row.unit);
    EXPECT_EQ(price ? *price : -1, row.pico) << row.text;
  }
}

TEST(Money, OverflowIsSeen) {
  EXPECT_EQ(multiplied(3, 4), 12);
  EXPECT_EQ(multiplied(INT64_MAX, 2), std::nullopt);
  EXPECT_EQ(added(INT64_MAX, 0), INT64_MAX);
  EXPECT_EQ(added(INT64_MAX, 1), std::nullopt);
}

}  // namespace
}  // namespace portreeve::accounting
