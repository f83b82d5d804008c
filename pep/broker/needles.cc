#include "pep/broker/needles.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "engine/base/check.h"

namespace portreeve::pep {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The characters of base64 that `bytes` alone decide, where `before` bytes stand before them in their group of three.
// Returns how many were written.
std::size_t encode_core(std::string_view bytes, std::size_t before, std::string_view alphabet, std::span<char> out) {
  const std::size_t bits = 8 * (before + bytes.size());
  const std::size_t first = (8 * before + 5) / 6;
  std::size_t written = 0;
  for (std::size_t at = first; (at + 1) * 6 <= bits; ++at) {
    unsigned value = 0;
    for (std::size_t bit = at * 6; bit < at * 6 + 6; ++bit) {
      const auto byte = static_cast<unsigned char>(bytes[bit / 8 - before]);
      value = value << 1 | (byte >> (7 - bit % 8) & 1u);
    }
    out[written++] = alphabet[value];
  }
  return written;
}

// Marks that neither JSON nor a URL gives a meaning to.
constexpr std::string_view kMasks = "*#~!$@^|;,.:_-+=()?xX0";

}  // namespace

Result<Needles> Needles::build(std::string_view credential, std::string_view basic_user_pass) {
  const std::size_t encoded = (std::max(credential.size(), basic_user_pass.size()) + 3) * 4 / 3 + 4;
  TRY_ASSIGN(SecretBytes scratch, SecretBytes::allocate(encoded));
  Needles needles;
  TRY_ASSIGN(needles.nodes_, SecretBytes::allocate((credential.size() + 8 * encoded + 1) * sizeof(Node)));
  needles.at(kStart) = Node{};
  needles.insert(credential);
  for (const std::string_view alphabet : {kStandard, kUrl}) {
    for (std::size_t before = 0; before < 3; ++before) {
      needles.insert({scratch.writable().data(), encode_core(credential, before, alphabet, scratch.writable())});
    }
    if (!basic_user_pass.empty()) {
      needles.insert({scratch.writable().data(), encode_core(basic_user_pass, 0, alphabet, scratch.writable())});
    }
  }
  needles.link();
  for (const char mask : kMasks) {
    if (credential.find(mask) != std::string_view::npos || kStandard.find(mask) != std::string_view::npos) continue;
    if (kUrl.find(mask) != std::string_view::npos) continue;
    needles.mask_ = mask;
    break;
  }
  return needles;
}

Needles::State Needles::child(State state, char c) const {
  for (State at = node(state).child; at != 0; at = node(at).sibling) {
    if (node(at).byte == c) return at;
  }
  return 0;
}

void Needles::insert(std::string_view needle) {
  State state = kStart;
  for (const char c : needle) {
    State next = child(state, c);
    if (next == 0) {
      next = count_++;
      CHECK((next + 1) * sizeof(Node) <= nodes_.size());
      Node made;
      made.sibling = at(state).child;
      made.depth = at(state).depth + 1;
      made.byte = c;
      at(next) = made;
      at(state).child = next;
    }
    state = next;
  }
  at(state).match = at(state).depth;
  longest_ = std::max(longest_, needle.size());
  if (!needle.empty()) begins_[static_cast<unsigned char>(needle.front())] = true;
}

void Needles::link() {
  std::vector<State> queue;  // positions only
  for (State at_child = node(kStart).child; at_child != 0; at_child = node(at_child).sibling) queue.push_back(at_child);
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const State parent = queue[i];
    for (State made = node(parent).child; made != 0; made = node(made).sibling) {
      at(made).fail = next(node(parent).fail, node(made).byte);
      at(made).match = std::max(node(made).match, node(node(made).fail).match);
      queue.push_back(made);
    }
  }
}

Needles::State Needles::next(State state, char c) const {
  while (true) {
    const State found = child(state, c);
    if (found != 0 || state == kStart) return found;
    state = node(state).fail;
  }
}

}  // namespace portreeve::pep
