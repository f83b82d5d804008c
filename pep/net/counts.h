// How many of something are open at once, by key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/base/mutex.h"

namespace portreeve::pep {

// Counts by key. Any thread. Holds only keys that are in use.
class KeyedCounts {
 public:
  // One place among those of a key, given back by its destruction. The counts outlive it.
  class Place {
   public:
    Place(KeyedCounts& counts, std::string key) : counts_(&counts), key_(std::move(key)) {}
    Place(Place&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (counts_ != nullptr) counts_->give_back(key_);
    }

   private:
    KeyedCounts* counts_;
    std::string key_;
  };

  // Nothing where `most` are taken already.
  std::optional<Place> take(const std::string& key, std::int64_t most);
  std::int64_t count(const std::string& key) const;

 private:
  void give_back(const std::string& key);

  mutable Mutex mutex_;
  std::unordered_map<std::string, std::int64_t> counts_ GUARDED_BY(mutex_);
};

}  // namespace portreeve::pep
