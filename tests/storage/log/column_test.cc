// Columns: built, joined, stored and read back; whatever bytes are given in their place.
#include "storage/log/column.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "storage/log/block.h"

namespace portreeve::storage {
namespace {

std::vector<std::string> values_of(const Column& column) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    out.emplace_back(column.dictionary.value(column.codes.at(i)));
  }
  return out;
}

Column column_of(const std::vector<std::string>& values) {
  ColumnBuilder builder;
  for (const std::string& value : values) builder.add(value);
  return std::move(builder).build();
}

std::vector<std::string> random_values(std::mt19937_64& random, std::size_t count, std::size_t different) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(std::string(random() % 3, 'v') + std::to_string(random() % different));
  return out;
}

TEST(Column, HoldsWhatWasAdded) {
  std::mt19937_64 random(20'261'125);
  for (const std::size_t different : {1u, 2u, 250u, 1000u}) {
    for (const std::size_t count : {1u, 2u, 700u, 3000u}) {
      const auto values = random_values(random, count, different);
      const Column column = column_of(values);
      EXPECT_EQ(values_of(column), values);
      std::uint64_t counted = 0;
      for (std::size_t code = 0; code < column.dictionary.size(); ++code) {
        EXPECT_EQ(column.dictionary.find(column.dictionary.value(code)), code);
        EXPECT_EQ(column.dictionary.count(code),
                  static_cast<std::uint32_t>(std::ranges::count(values, column.dictionary.value(code))));
        counted += column.dictionary.count(code);
      }
      EXPECT_EQ(counted, count);
      EXPECT_FALSE(column.dictionary.find("no such value"));
    }
  }
}

TEST(Column, JoinedIsOneAfterTheOther) {
  std::mt19937_64 random(20'261'126);
  for (int round = 0; round < 50; ++round) {
    auto first = random_values(random, 1 + random() % 400, 1 + random() % 300);
    const auto second = random_values(random, 1 + random() % 400, 1 + random() % 300);
    const Column joined = join(column_of(first), column_of(second));
    first.insert(first.end(), second.begin(), second.end());
    EXPECT_EQ(values_of(joined), first);
  }
}

TEST(Column, ComesBackAsItWasStored) {
  std::mt19937_64 random(20'261'127);
  const Column column = column_of(random_values(random, 500, 40));
  const auto dictionary = Dictionary::decode(column.dictionary.encode());
  const auto codes = PackedNumbers::decode(column.codes.encode());
  ASSERT_TRUE(dictionary && codes);
  EXPECT_EQ(values_of({*dictionary, *codes}), values_of(column));
}

TEST(PackedNumbers, TakeAsFewBytesAsTheLargestNeeds) {
  struct Case {
    std::uint64_t largest;
    std::size_t bytes;
  };
  for (const auto& [largest, bytes] : {Case{0, 0},
                                       {1, 1},
                                       {255, 1},
                                       {256, 2},
                                       {65'535, 2},
                                       {65'536, 4},
                                       {0xFFFF'FFFF, 4},
                                       {0x1'0000'0000, 8},
                                       {UINT64_MAX, 8}}) {
    const auto packed = PackedNumbers::pack({largest, 0, largest});
    EXPECT_EQ(packed.encode().size(), 8 + 3 * bytes) << largest;
    EXPECT_EQ(packed.at(0), largest);
    EXPECT_EQ(packed.at(1), 0u);
    EXPECT_EQ(packed.at(2), largest);
  }
}

TEST(Column, AnyOtherBytesAreRefusedAndNeverReadBeyond) {
  std::mt19937_64 random(20'261'128);
  const Column column = column_of(random_values(random, 60, 9));
  BlockBuilder builder;
  for (std::uint64_t i = 0; i < 20; ++i) builder.add({100 + i, i < 10 ? 0u : 100u, 32 + i * 50}, RecordFields{});
  const BlockColumns block = std::move(builder).build();
  const std::string texts[] = {column.dictionary.encode(), column.codes.encode(), block.places.encode()};
  const auto try_all = [](const std::string& bytes) {
    if (const auto dictionary = Dictionary::decode(bytes)) {
      for (std::size_t code = 0; code < dictionary->size(); ++code) static_cast<void>(dictionary->value(code));
    }
    if (const auto numbers = PackedNumbers::decode(bytes)) {
      for (std::size_t i = 0; i < numbers->size(); ++i) static_cast<void>(numbers->at(i));
    }
    static_cast<void>(Places::decode(bytes).has_value());
  };
  for (const std::string& text : texts) {
    for (std::size_t cut = 0; cut < text.size(); ++cut) try_all(text.substr(0, cut));
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const int flip : {1, 0x80, 0xFF}) {
        std::string bytes = text;
        bytes[at] = static_cast<char>(bytes[at] ^ flip);
        try_all(bytes);
      }
    }
  }
  EXPECT_FALSE(Dictionary::decode(std::string(4, '\xFF')));
  EXPECT_FALSE(PackedNumbers::decode(std::string(8, '\xFF')));
  EXPECT_FALSE(Places::decode(std::string(8, '\xFF')));
}

TEST(Places, NameTheSegmentThatARecordLiesIn) {
  BlockBuilder builder;
  for (std::uint64_t i = 0; i < 20; ++i) builder.add({100 + i, i < 10 ? 0u : 110u, 32 + i * 50}, RecordFields{});
  const auto places = Places::decode(std::move(builder).build().places.encode()).value();
  EXPECT_EQ(places.at(100, 9), (RecordPlace{109, 0, 482}));
  EXPECT_EQ(places.at(100, 10), (RecordPlace{110, 110, 532}));
}

}  // namespace
}  // namespace portreeve::storage
