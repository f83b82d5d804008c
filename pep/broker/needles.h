// The forms in which a credential could come back, ready to be searched for all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/result.h"
#include "pep/broker/secret_bytes.h"

namespace portreeve::pep {

// An Aho-Corasick automaton over the credential itself, its header value in base64 where it is sent so (`Basic`), and
// its three base64 alignments in both alphabets (RFC 4648 §4 and §5), each as far as the credential alone decides the
// characters. It spells the credential out, so it lives in SecretBytes. Immutable; any thread.
class Needles {
 public:
  using State = std::uint32_t;
  static constexpr State kStart = 0;

  // `credential` and `basic_user_pass` (`USER:PASSWORD`, or empty) are not kept. Requires: `credential` is at least
  // limits::kSecretLeastBytes of printable ASCII.
  static Result<Needles> build(std::string_view credential, std::string_view basic_user_pass);

  // One byte on. Amortised O(1), no allocation.
  State next(State state, char c) const;
  // How many bytes lead to this state: the longest beginning of a needle that the input ends with.
  std::size_t depth(State state) const { return node(state).depth; }
  // The length of the longest needle that ends here; 0 for none.
  std::size_t match(State state) const { return node(state).match; }
  // True where `c` leaves kStart.
  bool begins(char c) const { return begins_[static_cast<unsigned char>(c)]; }

  std::size_t longest() const { return longest_; }
  // A printable byte that no needle has, to stand where one was found.
  char mask() const { return mask_; }

 private:
  struct Node {
    std::uint32_t child = 0;    // the first; 0: none
    std::uint32_t sibling = 0;  // the next child of the parent; 0: none
    std::uint32_t fail = 0;
    std::uint32_t depth = 0;
    std::uint32_t match = 0;
    char byte = 0;
  };
  Needles() = default;
  const Node& node(State state) const { return reinterpret_cast<const Node*>(nodes_.reveal().data())[state]; }
  Node& at(State state) { return reinterpret_cast<Node*>(nodes_.writable().data())[state]; }
  State child(State state, char c) const;
  void insert(std::string_view needle);
  void link();

  SecretBytes nodes_;
  std::uint32_t count_ = 1;
  std::size_t longest_ = 0;
  char mask_ = '*';
  bool begins_[256] = {};
};

}  // namespace portreeve::pep
