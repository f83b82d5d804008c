#include "engine/index/postings.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace portreeve::index {
namespace {

constexpr std::size_t kFewestSlots = 8;
constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * kOdd;
  return hash ^ hash >> 32;
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
  for (; left > 0; --left) last = last << 8 | static_cast<unsigned char>(at[left - 1]);
  return mix(mix(hash, last), kOdd);
}

std::size_t Postings::slot_of(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.place == 0 || (slot.hash == tag && text_of(&words_[slot.place - 1]) == text)) return i;
  }
}

const std::uint32_t* Postings::entry_of(std::string_view text) const {
  const std::uint32_t place = slots_[slot_of(text, hash_of(text))].place;
  return place == 0 ? nullptr : &words_[place - 1];
}

std::uint32_t Postings::append_entry(std::vector<std::uint32_t>& words, std::string_view text, const EntryId* ids,
                                     std::uint32_t count, std::uint32_t room) {
  const std::size_t place = words.size();
  words.resize(place + kHead + room + (text.size() + 3) / 4);
  words[place + kLength] = static_cast<std::uint32_t>(text.size());
  words[place + kRoom] = room;
  words[place + kCount] = count;
  std::copy_n(ids, count, words.begin() + static_cast<std::ptrdiff_t>(place + kHead));
  if (!text.empty()) std::memcpy(words.data() + place + kHead + room, text.data(), text.size());
  return static_cast<std::uint32_t>(place + 1);
}

void Postings::grow() {
  std::vector<Slot> old(std::max(kFewestSlots, 2 * slots_.size()));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.place == 0) continue;
    const std::string_view text = text_of(&words_[slot.place - 1]);
    slots_[slot_of(text, hash_of(text))] = slot;
  }
}

void Postings::add(std::string_view text, EntryId id) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const std::uint64_t hash = hash_of(text);
  Slot& slot = slots_[slot_of(text, hash)];
  if (slot.place == 0) {
    slot = {static_cast<std::uint32_t>(hash >> 32), append_entry(words_, text, &id, 1, 1)};
    ++used_;
    return;
  }
  std::uint32_t* entry = &words_[slot.place - 1];
  if (entry[kCount] == entry[kRoom]) {
    const std::vector<EntryId> all(ids(entry), ids(entry) + entry[kCount]);
    slot.place = append_entry(words_, text, all.data(), entry[kCount], 2 * entry[kRoom]);
    entry = &words_[slot.place - 1];
  }
  entry[kHead + entry[kCount]++] = id;
}

void Postings::compact() {
  std::vector<std::uint32_t> words;
  for (Slot& slot : slots_) {
    if (slot.place == 0) continue;
    const std::uint32_t* entry = &words_[slot.place - 1];
    slot.place = append_entry(words, text_of(entry), ids(entry), entry[kCount], entry[kCount]);
  }
  words.shrink_to_fit();
  words_ = std::move(words);
}

}  // namespace portreeve::index
