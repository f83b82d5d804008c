#include "daemon/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/check.h"

namespace portreeve::daemon {
namespace {

// getrandom(2): up to so many bytes come whole, without EINTR.
constexpr std::size_t kWholeRead = 256;
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kTimeDigits = 10;
constexpr std::size_t kRandomDigits = 16;

}  // namespace

void fill_random(std::span<char> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), std::min(out.size(), kWholeRead), 0);
    CHECK(got > 0 || errno == EINTR);
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_random(bytes);
  return bytes;
}

std::string new_id(std::string_view prefix, Timestamp time) {
  std::array<char, kRandomDigits * 5 / 8> entropy{};
  fill_random(entropy);
  std::string id;
  id.reserve(prefix.size() + kTimeDigits + kRandomDigits);
  id += prefix;
  const auto millis = static_cast<std::uint64_t>(time.unix_millis());
  for (std::size_t i = kTimeDigits; i-- > 0;) id += kCrockford[(millis >> (5 * i)) & 31];
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : entropy) {
    buffer = (buffer << 8) | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      id += kCrockford[(buffer >> bits) & 31];
    }
  }
  return id;
}

}  // namespace portreeve::daemon
