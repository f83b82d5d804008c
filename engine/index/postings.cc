#include "engine/index/postings.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/check.h"
#include "engine/index/varint.h"

namespace portreeve::index {
namespace {

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
// Slots for ten entries: a text that is not there is told after some three of them, most often in one cache line.
constexpr std::size_t kSlotsForTen = 16;

// Places are numbers of 32 bits. A set that needs more ends the program rather than lose a rule.
constexpr std::size_t kMostBytes = std::numeric_limits<std::uint32_t>::max() - 1;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * kOdd;
  return hash ^ hash >> 32;
}

// Texts are short: calling memcmp costs more than comparing.
bool are_equal(const std::uint8_t* a, const char* b, std::size_t size) {
  std::uint64_t x = 0, y = 0;
  for (; size >= sizeof x; a += sizeof x, b += sizeof x, size -= sizeof x) {
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    if (x != y) return false;
  }
  for (; size > 0; ++a, ++b, --size) {
    if (*a != static_cast<std::uint8_t>(*b)) return false;
  }
  return true;
}

}  // namespace

std::uint64_t Postings::hash_of(std::string_view text) {
  std::uint64_t hash = text.size() * kOdd;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mix(hash, word);
  }
  std::uint64_t last = 0;
  if ((left & 4) != 0) {
    std::uint32_t half = 0;
    std::memcpy(&half, at, 4);
    last = half;
    at += 4;
  }
  for (left &= 3; left > 0; --left) last = last << 8 | static_cast<unsigned char>(*at++);
  return mix(mix(hash, last), kOdd);
}

// The upper bits choose, in proportion; the tag is of the lower ones.
std::size_t Postings::first_slot(std::uint64_t hash, std::size_t slots) { return ((hash >> 32) * slots) >> 32; }

Postings::Entry Postings::entry_of(std::string_view text) const {
  const std::uint64_t hash = hash_of(text);
  const auto tag = static_cast<std::uint32_t>(hash);
  for (std::size_t i = first_slot(hash, slots_.size());; i = i + 1 == slots_.size() ? 0 : i + 1) {
    const Slot& slot = slots_[i];
    if (slot.place == 0) return {};
    if (slot.tag != tag) continue;
    const std::uint8_t* at = &bytes_[slot.place - 1];
    const std::uint32_t length = take_varint(at);
    const std::uint32_t count = take_varint(at);
    if (length == text.size() && are_equal(at + count * sizeof(std::uint32_t), text.data(), length)) return {count, at};
  }
}

void Postings::Builder::add(std::string_view text, std::uint32_t number) {
  CHECK(texts_.size() + text.size() <= kMostBytes);
  added_.push_back(
      {hash_of(text), static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(text.size()), number});
  texts_.insert(texts_.end(), text.begin(), text.end());
}

Postings Postings::Builder::build() && {
  std::ranges::stable_sort(added_, [&](const Added& a, const Added& b) {
    return a.hash != b.hash ? a.hash < b.hash : text_of(a) < text_of(b);
  });
  const auto same_text = [&](const Added& a, const Added& b) { return a.hash == b.hash && text_of(a) == text_of(b); };
  std::vector<std::uint8_t> bytes;
  std::vector<Slot> entries;
  std::vector<std::uint64_t> hashes;
  for (auto first = added_.begin(); first != added_.end();) {
    const auto end = std::find_if(first, added_.end(), [&](const Added& each) { return !same_text(*first, each); });
    entries.push_back({static_cast<std::uint32_t>(first->hash), static_cast<std::uint32_t>(bytes.size() + 1)});
    hashes.push_back(first->hash);
    append_varint(bytes, first->text_length);
    append_varint(bytes, static_cast<std::uint32_t>(end - first));
    const std::string_view text = text_of(*first);
    for (; first != end; ++first) {
      std::uint8_t number[sizeof first->number];
      std::memcpy(number, &first->number, sizeof number);
      bytes.insert(bytes.end(), number, number + sizeof number);
    }
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  CHECK(bytes.size() <= kMostBytes);
  Postings out;
  if (entries.empty()) return out;
  std::vector<Slot> slots(entries.size() * kSlotsForTen / 10 + 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::size_t slot = first_slot(hashes[i], slots.size());
    while (slots[slot].place != 0) slot = slot + 1 == slots.size() ? 0 : slot + 1;
    slots[slot] = entries[i];
  }
  out.slots_ = FrozenArray(std::move(slots));
  out.bytes_ = FrozenArray(std::move(bytes));
  return out;
}

}  // namespace portreeve::index
