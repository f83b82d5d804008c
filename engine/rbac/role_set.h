// A set of roles as bits.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace portreeve::rbac {

using RoleId = std::uint32_t;  // index into the policy set's roles, sorted by name

// Holds roles up to the number given at construction. A value. Up to 256 roles it allocates nothing.
class RoleSet {
 public:
  RoleSet() = default;
  explicit RoleSet(std::size_t role_count)
      : roles_(role_count), count_((role_count + 63) / 64), more_(count_ > kInline ? count_ - kInline : 0) {}

  std::size_t capacity() const { return roles_; }
  void clear() {
    few_ = {};
    std::fill(more_.begin(), more_.end(), 0);
  }
  void add(RoleId role) { word(role / 64) |= bit(role); }
  void remove(RoleId role) { word(role / 64) &= ~bit(role); }
  // Requires: made for the same number of roles.
  void add_all(const RoleSet& other) {
    for (std::size_t i = 0; i < kInline; ++i) few_[i] |= other.few_[i];
    for (std::size_t i = 0; i < more_.size(); ++i) more_[i] |= other.more_[i];
  }
  void keep_only(const RoleSet& other) {
    for (std::size_t i = 0; i < count_; ++i) word(i) &= other.word(i);
  }
  void remove_all(const RoleSet& other) {
    for (std::size_t i = 0; i < count_; ++i) word(i) &= ~other.word(i);
  }
  // How many roles both hold.
  std::size_t count_common(const RoleSet& other) const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < count_; ++i) bits += static_cast<std::size_t>(std::popcount(word(i) & other.word(i)));
    return bits;
  }
  bool contains(RoleId role) const { return role / 64 < count_ && (word(role / 64) & bit(role)) != 0; }
  bool intersects(const RoleSet& other) const {
    std::uint64_t both = 0;
    for (std::size_t i = 0; i < kInline; ++i) both |= few_[i] & other.few_[i];
    for (std::size_t i = 0; i < more_.size() && i < other.more_.size(); ++i) both |= more_[i] & other.more_[i];
    return both != 0;
  }
  std::size_t size() const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < count_; ++i) bits += static_cast<std::size_t>(std::popcount(word(i)));
    return bits;
  }
  // Calls `visit` with each role, in ascending order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < count_; ++i) {
      for (std::uint64_t left = word(i); left != 0; left &= left - 1) {
        visit(static_cast<RoleId>(64 * i + static_cast<std::size_t>(std::countr_zero(left))));
      }
    }
  }
  friend bool operator==(const RoleSet&, const RoleSet&) = default;

 private:
  static constexpr std::size_t kInline = 4;
  static std::uint64_t bit(RoleId role) { return std::uint64_t{1} << (role % 64); }
  std::uint64_t& word(std::size_t i) { return i < kInline ? few_[i] : more_[i - kInline]; }
  const std::uint64_t& word(std::size_t i) const { return i < kInline ? few_[i] : more_[i - kInline]; }

  std::size_t roles_ = 0;
  std::size_t count_ = 0;  // words in use
  std::array<std::uint64_t, kInline> few_{};
  std::vector<std::uint64_t> more_;
};

}  // namespace portreeve::rbac
