#include "engine/base/frozen_array.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>

namespace portreeve {
namespace {

template <class T>
std::vector<T> counted(std::size_t size) {
  std::vector<T> out(size);
  std::iota(out.begin(), out.end(), T{1});
  return out;
}

// Below, at and above a large page, and beside an empty one.
TEST(FrozenArray, KeepsItsValuesWhereverItStands) {
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 17UL, 524'287UL, 524'288UL, 524'289UL, 1'500'000UL}) {
    SCOPED_TRACE(size);
    const auto numbers = counted<std::uint32_t>(size);
    const auto letters = counted<char>(size);
    FrozenArray<std::uint32_t> of_numbers(numbers);
    FrozenArray<char> of_letters(letters);
    FrozenArray<std::uint64_t> empty;
    FrozenRegion region(of_numbers.bytes() + empty.bytes() + of_letters.bytes());
    of_numbers.move_into(region);
    empty.move_into(region);
    of_letters.move_into(region);
    const FrozenRegion moved = std::move(region);
    const FrozenArray<std::uint32_t> after = std::move(of_numbers);
    EXPECT_TRUE(std::equal(after.begin(), after.end(), numbers.begin(), numbers.end()));
    EXPECT_TRUE(std::equal(of_letters.begin(), of_letters.end(), letters.begin(), letters.end()));
    EXPECT_TRUE(empty.empty());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(after.data()) % (size == 0 ? 1 : FrozenRegion::kAlignment), 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(of_letters.data()) % (size == 0 ? 1 : FrozenRegion::kAlignment), 0U);
  }
}

TEST(FrozenArray, MovedBeforeItHasARegionKeepsItsValues) {
  FrozenArray<int> first(counted<int>(3));
  const FrozenArray<int> second = std::move(first);
  EXPECT_EQ(second.size(), 3U);
  EXPECT_EQ(second[2], 3);
  EXPECT_EQ(second.part(1, 2).front(), 2);
}

}  // namespace
}  // namespace portreeve
