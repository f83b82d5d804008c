#include "pep/net/counts.h"

namespace portreeve::pep {

std::optional<KeyedCounts::Place> KeyedCounts::take(const std::string& key, std::int64_t most) {
  const MutexLock lock(mutex_);
  const auto found = counts_.find(key);
  const std::int64_t taken = found == counts_.end() ? 0 : found->second;
  if (taken >= most) return std::nullopt;
  if (found == counts_.end()) {
    counts_.emplace(key, 1);
  } else {
    ++found->second;
  }
  return std::optional<Place>(std::in_place, *this, key);
}

std::int64_t KeyedCounts::count(const std::string& key) const {
  const MutexLock lock(mutex_);
  const auto found = counts_.find(key);
  return found == counts_.end() ? 0 : found->second;
}

void KeyedCounts::give_back(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace portreeve::pep
