// Memory for what must not leak: locked, left out of core dumps, wiped.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pep {

// A piece of memory of its own pages: locked (never swapped), left out of core dumps, not inherited by a fork, wiped
// before it is given back. Has no copy, no stream operator, no formatter, no comparison; whoever wants the bytes says
// reveal(). One owner; const use from any thread.
class SecretBytes {
 public:
  // `size` zero bytes. Costs whole pages and four system calls. Fails where memory or the limit on locked memory
  // (RLIMIT_MEMLOCK) runs out.
  static Result<SecretBytes> allocate(std::size_t size);

  SecretBytes() = default;
  ~SecretBytes() { release(); }
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  std::size_t size() const { return size_; }
  std::string_view reveal() const { return {data_, size_}; }
  std::span<char> writable() { return {data_, size_}; }
  // Zeroes all bytes.
  void wipe();
  // Makes it smaller; what is cut off is wiped. Requires: size <= size().
  void shrink(std::size_t size);

 private:
  void release();
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

}  // namespace portreeve::pep
