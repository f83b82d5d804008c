#include <algorithm>
#include <cstring>

#include "engine/base/limits.h"
#include "engine/cel/cel.h"

namespace portreeve::cel {

Arena::Arena() = default;
Arena::~Arena() = default;

Arena::Arena(Arena&& other) noexcept
    : blocks_(std::move(other.blocks_)),
      next_(std::exchange(other.next_, nullptr)),
      left_(std::exchange(other.left_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  blocks_ = std::move(other.blocks_);
  next_ = std::exchange(other.next_, nullptr);
  left_ = std::exchange(other.left_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

bool Arena::has_room(std::size_t size) const {
  return size <= limits::kCelResultBytes && bytes_ <= limits::kCelResultBytes - size;
}

void* Arena::allocate(std::size_t size) {
  constexpr std::size_t kBlock = 1024;
  const std::size_t rounded =
      (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
  if (rounded > left_ || next_ == nullptr) {
    left_ = std::max(kBlock, rounded);
    blocks_.push_back(std::make_unique<std::byte[]>(left_));
    next_ = blocks_.back().get();
  }
  std::byte* const found = next_;
  next_ += rounded;
  left_ -= rounded;
  bytes_ += rounded;
  return found;
}

std::string_view Arena::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = static_cast<char*>(allocate(text.size()));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

}  // namespace portreeve::cel
