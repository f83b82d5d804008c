#include "engine/index/prefix_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace portreeve::index {
namespace {

// A prefix as a key: its length, and as many bytes of its network as its family has.
class Key {
 public:
  explicit Key(const net::IpPrefix& prefix) {
    const std::uint64_t words[] = {prefix.network().high(), prefix.network().low()};
    bytes_[0] = static_cast<char>(prefix.length());
    if (prefix.is_v4()) {
      const auto address = static_cast<std::uint32_t>(words[1]);
      std::memcpy(&bytes_[1], &address, sizeof address);
      size_ = 1 + sizeof address;
    } else {
      std::memcpy(&bytes_[1], words, sizeof words);
      size_ = 1 + sizeof words;
    }
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 17> bytes_;  // v4 and v6 differ in size
  std::size_t size_;
};

}  // namespace

void PrefixIndex::Builder::add(const net::IpPrefix& prefix, EntryId id) {
  by_network_.add(Key(prefix).view(), Hit(id, Hit::Certainty::certain).bits());
  std::vector<int>& lengths = prefix.is_v4() ? v4_lengths_ : v6_lengths_;
  const auto at = std::ranges::lower_bound(lengths, prefix.length());
  if (at == lengths.end() || *at != prefix.length()) lengths.insert(at, prefix.length());
}

PrefixIndex PrefixIndex::Builder::build() && {
  PrefixIndex out;
  out.by_network_ = std::move(by_network_).build();
  out.v4_lengths_ = std::move(v4_lengths_);
  out.v6_lengths_ = std::move(v6_lengths_);
  return out;
}

void PrefixIndex::find(net::IpAddress address, std::vector<Hit>& out) const {
  for (const int length : address.is_v4() ? v4_lengths_ : v6_lengths_) {
    const Key key(net::IpPrefix::masked(address, length));
    by_network_.for_each(key.view(), [&](std::uint32_t bits) { out.push_back(Hit::from_bits(bits)); });
  }
}

}  // namespace portreeve::index
