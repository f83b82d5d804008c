// Arrays that are filled once and then only read, kept together on large pages.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace portreeve {

// A block of memory that arrays are moved into, one after the other. Where it spans large pages (2 MiB) it asks the
// kernel for them: a random look-up into many megabytes of small pages costs a walk of the page tables besides, which
// in a virtual machine is dearer than the memory itself. A resource; moves.
class FrozenRegion {
 public:
  static constexpr std::size_t kAlignment = 64;  // of each array: a cache line

  FrozenRegion() = default;
  explicit FrozenRegion(std::size_t bytes);

  // Bytes of the next `size` ones. Requires: so many are left.
  std::byte* take(std::size_t size);

 private:
  struct Free {
    void operator()(std::byte* start) const;
  };
  std::unique_ptr<std::byte, Free> start_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

// Owns its values until it is moved into a region, which then outlives it. A resource; moves.
template <class T>
class FrozenArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  FrozenArray() = default;
  explicit FrozenArray(std::vector<T> values) : own_(std::move(values)) {
    own_.shrink_to_fit();
    view_ = own_;
  }
  FrozenArray(FrozenArray&& other) noexcept : own_(std::move(other.own_)), view_(std::exchange(other.view_, {})) {}
  FrozenArray& operator=(FrozenArray&& other) noexcept {
    own_ = std::move(other.own_);
    view_ = std::exchange(other.view_, {});
    return *this;
  }

  const T& operator[](std::size_t i) const { return view_[i]; }
  const T* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  auto begin() const { return view_.begin(); }
  auto end() const { return view_.end(); }
  std::span<const T> part(std::size_t first, std::size_t count) const { return view_.subspan(first, count); }

  // What it takes of a region.
  std::size_t bytes() const {
    return (view_.size_bytes() + FrozenRegion::kAlignment - 1) / FrozenRegion::kAlignment * FrozenRegion::kAlignment;
  }
  void move_into(FrozenRegion& region) {
    if (view_.empty()) return;
    std::byte* const at = region.take(bytes());
    std::memcpy(at, view_.data(), view_.size_bytes());
    view_ = std::span<const T>(reinterpret_cast<const T*>(at), view_.size());
    own_ = std::vector<T>();
  }

 private:
  std::vector<T> own_;
  std::span<const T> view_;
};

}  // namespace portreeve
