#include "engine/base/frozen_array.h"

#include <sys/mman.h>

#include <cstdlib>

#include "engine/base/check.h"

namespace portreeve {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

}  // namespace

void FrozenRegion::Free::operator()(std::byte* start) const { std::free(start); }

FrozenRegion::FrozenRegion(std::size_t bytes) : left_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= kLargePage ? kLargePage : kAlignment;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  start_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
  CHECK(start_ != nullptr);
  next_ = start_.get();
  // A wish: without large pages it is as any memory.
  if (alignment == kLargePage) ::madvise(start_.get(), rounded, MADV_HUGEPAGE);
}

std::byte* FrozenRegion::take(std::size_t size) {
  CHECK(size <= left_);
  left_ -= size;
  return std::exchange(next_, next_ + size);
}

}  // namespace portreeve
