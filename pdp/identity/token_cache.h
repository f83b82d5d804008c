// Verdicts on tokens seen before: a signature costs 15 to 60 µs, a look in here about 2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/base/time.h"

namespace portreeve::pdp {

// SHA-256 of a token: tokens themselves are not kept.
using TokenDigest = std::array<unsigned char, 32>;
TokenDigest digest_of(std::string_view token);

// Holds up to about `capacity` values, each until its time; the oldest go first. Any thread; locks one of 16 shards.
template <class Value>
class TokenCache {
 public:
  explicit TokenCache(std::size_t capacity) : per_shard_(capacity / kShards + 1) {}

  // Null where there is none, or its time has come.
  std::shared_ptr<const Value> find(const TokenDigest& digest, Timestamp now) {
    Shard& shard = shard_of(digest);
    const MutexLock lock(shard.mutex);
    const auto at = shard.entries.find(digest);
    if (at == shard.entries.end() || now >= at->second.expires) return nullptr;
    return at->second.value;
  }

  void put(const TokenDigest& digest, std::shared_ptr<const Value> value, Timestamp expires) {
    Shard& shard = shard_of(digest);
    const MutexLock lock(shard.mutex);
    const auto [at, is_new] = shard.entries.insert_or_assign(digest, Entry{std::move(value), expires});
    static_cast<void>(at);
    if (!is_new) return;
    shard.order.push_back(digest);
    if (shard.order.size() <= per_shard_) return;
    shard.entries.erase(shard.order.front());
    shard.order.pop_front();
  }

 private:
  static constexpr std::size_t kShards = 16;

  struct Entry {
    std::shared_ptr<const Value> value;
    Timestamp expires;
  };
  // SHA-256 is uniform: any eight bytes of it are a hash, and the first byte chooses the shard.
  struct Hash {
    std::size_t operator()(const TokenDigest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data() + 8, sizeof hash);
      return hash;
    }
  };
  struct Shard {
    Mutex mutex;
    std::unordered_map<TokenDigest, Entry, Hash> entries GUARDED_BY(mutex);
    std::deque<TokenDigest> order GUARDED_BY(mutex);  // of insertion; holds each key of `entries` once
  };

  Shard& shard_of(const TokenDigest& digest) { return shards_[digest[0] % kShards]; }

  const std::size_t per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace portreeve::pdp
