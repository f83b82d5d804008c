// A set of roles as bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace portreeve::rbac {

using RoleId = std::uint32_t;  // index into the policy set's roles, sorted by name

// Grows to the number of roles given at construction and no further. A value.
class RoleSet {
 public:
  RoleSet() = default;
  explicit RoleSet(std::size_t role_count) : words_((role_count + 63) / 64) {}

  void add(RoleId role) { words_[role / 64] |= bit(role); }
  void remove(RoleId role) { words_[role / 64] &= ~bit(role); }
  // Requires: made for the same number of roles.
  void add_all(const RoleSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  bool contains(RoleId role) const { return role / 64 < words_.size() && (words_[role / 64] & bit(role)) != 0; }
  bool intersects(const RoleSet& other) const {
    for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) {
      if ((words_[i] & other.words_[i]) != 0) return true;
    }
    return false;
  }
  friend bool operator==(const RoleSet&, const RoleSet&) = default;

 private:
  static std::uint64_t bit(RoleId role) { return std::uint64_t{1} << (role % 64); }
  std::vector<std::uint64_t> words_;
};

}  // namespace portreeve::rbac
