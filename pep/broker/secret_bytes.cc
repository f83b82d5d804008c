#include "pep/broker/secret_bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "engine/base/check.h"

namespace portreeve::pep {

Result<SecretBytes> SecretBytes::allocate(std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t mapped = (size + page) / page * page;
  void* const data = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return fail(std::string("no memory for a secret: ") + std::strerror(errno));
  SecretBytes bytes;
  bytes.data_ = static_cast<char*>(data);
  bytes.size_ = size;
  bytes.mapped_ = mapped;
  if (::mlock(data, mapped) != 0) {
    return fail(std::string("no memory can be locked for a secret: ") + std::strerror(errno) +
                "; raise the limit on locked memory (`ulimit -l`, LimitMEMLOCK=)");
  }
  if (::madvise(data, mapped, MADV_DONTDUMP) != 0 || ::madvise(data, mapped, MADV_WIPEONFORK) != 0) {
    return fail(std::string("memory for a secret cannot be kept out of core dumps: ") + std::strerror(errno));
  }
  return bytes;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  mapped_ = std::exchange(other.mapped_, 0);
  return *this;
}

void SecretBytes::wipe() {
  if (data_ != nullptr) ::explicit_bzero(data_, size_);
}

void SecretBytes::shrink(std::size_t size) {
  CHECK(size <= size_);
  if (data_ != nullptr) ::explicit_bzero(data_ + size, size_ - size);
  size_ = size;
}

void SecretBytes::release() {
  if (data_ == nullptr) return;
  ::explicit_bzero(data_, mapped_);
  ::munmap(data_, mapped_);
  data_ = nullptr;
  size_ = 0;
  mapped_ = 0;
}

}  // namespace portreeve::pep
