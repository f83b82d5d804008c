// Makes DNS messages, good and bad, byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/net/ip_address.h"
#include "tests/pep/egress/hello_bytes.h"

namespace portreeve::pep {

// An uncompressed name; the text's dots are label ends.
inline std::string dns_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    out += sized(text.substr(0, dot), 1);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return out + std::string(1, '\0');
}
inline std::string dns_record(std::string_view owner, std::size_t type, std::string_view data) {
  return std::string(owner) + number(type, 2) + number(1, 2) + number(60, 4) + sized(data, 2);
}
inline std::string dns_address(std::string_view owner, std::string_view address) {
  const auto parsed = *net::IpAddress::parse(address);
  if (parsed.is_v4() && address.find(':') == std::string_view::npos) {
    const auto bytes = parsed.v4_bytes();
    return dns_record(dns_name(owner), 1, std::string(bytes.begin(), bytes.end()));
  }
  const auto bytes = parsed.v6_bytes();
  return dns_record(dns_name(owner), 28, std::string(bytes.begin(), bytes.end()));
}
inline std::string dns_cname(std::string_view owner, std::string_view target) {
  return dns_record(dns_name(owner), 5, dns_name(target));
}
// A response with this question and these answer records.
inline std::string dns_response(std::string_view id, std::string_view question, const std::vector<std::string>& answers,
                                std::size_t flags = 0x8180) {
  std::string out = std::string(id) + number(flags, 2) + number(1, 2) + number(answers.size(), 2) + number(0, 4) +
                    std::string(question);
  for (const std::string& answer : answers) out += answer;
  return out;
}
inline std::string dns_question(std::string_view name, std::size_t type) {
  return dns_name(name) + number(type, 2) + number(1, 2);
}

}  // namespace portreeve::pep
