// Addresses: accepted are the spellings that inet_pton(3) knows, refused as hostile all others that a resolver reads.
#include "engine/net/ip_address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>

#include "engine/net/guard.h"
#include "tests/fuzz/input.h"

namespace {

using namespace portreeve::net;

std::optional<IpAddress> slow_parse(const std::string& text) {
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return IpAddress::from_v4_bytes(v4);
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return IpAddress::from_v6_bytes(v6);
  return std::nullopt;
}

// Without asking anybody: what getaddrinfo(3) itself reads as an address.
bool is_dialled_as_address(const std::string& text) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

void check_value(IpAddress address) {
  CHECK(IpAddress::parse(address.to_string()) == address);
  CHECK(slow_parse(address.to_string()) == address);
  CHECK(address_spelling(address.to_string()) == AddressSpelling::canonical);
  CHECK(IpAddress::from_v6_bytes(address.v6_bytes()) == address);
  if (address.is_v4()) CHECK(IpAddress::from_v4_bytes(address.v4_bytes()) == address);

  const SpecialRange range = classify(address);
  CHECK((range == SpecialRange::none) == (tier(range) == GuardTier::open));
  CHECK((range == SpecialRange::none) == guard_code(range).empty());
  CHECK(overlaps_guard(IpPrefix::of(address)).has_value() == (range != SpecialRange::none));
  CHECK(overlaps_hard(IpPrefix::of(address)).has_value() == (tier(range) == GuardTier::hard));
  const OwnAddresses own({IpPrefix::of(address)});
  CHECK(classify(address, own) == (tier(range) == GuardTier::hard ? range : SpecialRange::own));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const auto address = IpAddress::parse(text);
  const AddressSpelling spelling = address_spelling(text);
  CHECK(address.has_value() == (spelling == AddressSpelling::canonical));
  if (address) {
    check_value(*address);
  } else {
    CHECK(!address.error().message.empty());
  }
  if (size >= 16) check_value(IpAddress::from_v6_bytes(std::span(data, size).first<16>()));
  if (text.find('\0') != std::string_view::npos) return 0;  // where C's own readers stop
  const std::string whole(text);
  CHECK(slow_parse(whole) == (address ? std::optional(*address) : std::nullopt));
  CHECK(spelling != AddressSpelling::none || !is_dialled_as_address(whole));
  return 0;
}
