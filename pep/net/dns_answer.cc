#include "pep/net/dns_answer.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

constexpr std::size_t kMaxRecords = 64;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::uint16_t kCnameType = 5;
constexpr std::uint16_t kInternetClass = 1;

// A name in lower-case text. `usable` is false where a label holds what no host name has: such a name equals nothing.
struct WireName {
  std::string text;
  bool usable = true;
};

bool is_host_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

// Walks a message front to back; a read past its end makes it bad, and it stays so.
class Message {
 public:
  explicit Message(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint32_t number(std::size_t width) {
    std::uint32_t value = 0;
    for (const std::uint8_t byte : take(width)) value = value << 8 | byte;
    return value;
  }

  std::span<const std::uint8_t> take(std::size_t size) {
    if (!good_ || size > bytes_.size() - at_) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  // Reads a name, following compression (RFC 1035 §4.1.4). Each pointer must lead to before where the one before it
  // led, so that there is an end.
  WireName name() {
    WireName name;
    std::size_t at = at_;
    std::size_t lowest = at_;
    bool jumped = false;
    std::size_t total = 0;
    while (good_) {
      if (at >= bytes_.size()) return bad(name);
      const std::uint8_t length = bytes_[at];
      if (length == 0) {
        if (!jumped) at_ = at + 1;
        return name;
      }
      if ((length & 0xc0) == 0xc0) {
        if (at + 1 >= bytes_.size()) return bad(name);
        const std::size_t target = std::size_t{length & 0x3fu} << 8 | bytes_[at + 1];
        if (target >= lowest) return bad(name);
        if (!jumped) at_ = at + 2;
        jumped = true;
        lowest = target;
        at = target;
        continue;
      }
      total += std::size_t{length} + 1;
      if ((length & 0xc0) != 0 || total > kMaxNameBytes || at + 1 + length > bytes_.size()) return bad(name);
      if (!name.text.empty()) name.text += '.';
      for (std::size_t i = 0; i < length; ++i) {
        const char c = to_lower_ascii(static_cast<char>(bytes_[at + 1 + i]));
        name.usable = name.usable && is_host_byte(c);
        name.text += c;
      }
      at += std::size_t{length} + 1;
    }
    return bad(name);
  }

  std::size_t at() const { return at_; }
  bool good() const { return good_; }

 private:
  WireName bad(const WireName& name) {
    good_ = false;
    return name;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

struct Records {
  std::map<std::string, std::string> cnames;
  std::vector<std::pair<std::string, net::IpAddress>> addresses;
};

Status check_header_and_question(Message& message, const net::HostName& asked, DnsType type, std::uint32_t& answers) {
  message.take(2);
  const std::uint32_t flags = message.number(2);
  const std::uint32_t questions = message.number(2);
  answers = message.number(2);
  message.take(4);
  if (!message.good() || (flags & 0x8000u) == 0 || (flags & 0x7800u) != 0 || questions != 1) {
    return fail("the DNS answer is malformed");
  }
  if ((flags & 0x0200u) != 0) return fail("the DNS answer is cut short");
  if ((flags & 0xfu) != 0) return fail("the DNS server reports error " + std::to_string(flags & 0xfu));
  const WireName question = message.name();
  const std::uint32_t asked_type = message.number(2);
  const std::uint32_t asked_class = message.number(2);
  if (!message.good() || question.text != asked.view() || asked_type != static_cast<std::uint16_t>(type) ||
      asked_class != kInternetClass) {
    return fail("the DNS answer is to another question");
  }
  return {};
}

Status read_record(Message& message, DnsType type, Records& records) {
  const WireName owner = message.name();
  const std::uint32_t record_type = message.number(2);
  const std::uint32_t record_class = message.number(2);
  message.take(4);
  const std::size_t size = message.number(2);
  const std::size_t start = message.at();
  const bool counts = owner.usable && record_class == kInternetClass;
  if (counts && record_type == kCnameType) {
    const WireName target = message.name();
    if (!message.good() || message.at() != start + size) return fail("the DNS answer is malformed");
    if (!target.usable) return fail("a CNAME leads to what is no host name");
    if (!records.cnames.emplace(owner.text, target.text).second) return fail("a name has two CNAMEs");
    return {};
  }
  const auto data = message.take(size);
  if (!message.good()) return fail("the DNS answer is malformed");
  if (!counts || record_type != static_cast<std::uint16_t>(type)) return {};
  if (data.size() != (type == DnsType::a ? 4u : 16u)) return fail("the DNS answer is malformed");
  records.addresses.emplace_back(owner.text, type == DnsType::a ? net::IpAddress::from_v4_bytes(data.first<4>())
                                                                : net::IpAddress::from_v6_bytes(data.first<16>()));
  return {};
}

}  // namespace

Result<DnsAnswer> read_dns_answer(std::span<const std::uint8_t> bytes, const net::HostName& asked, DnsType type) {
  Message message(bytes);
  std::uint32_t count = 0;
  if (auto status = check_header_and_question(message, asked, type, count); !status) return fail(status.error());
  if (count > kMaxRecords) return fail("the DNS answer has more than 64 records");
  Records records;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (auto status = read_record(message, type, records); !status) return fail(status.error());
  }

  DnsAnswer answer;
  std::string name = asked.str();
  for (auto next = records.cnames.find(name); next != records.cnames.end(); next = records.cnames.find(name)) {
    if (answer.hops.size() == limits::kCnameHops) return fail("the CNAME chain is longer than 8 hops");
    name = next->second;
    auto hop = net::HostName::parse_wire(name);
    if (!hop) return fail("a CNAME leads to what is no host name");
    answer.hops.push_back(std::move(*hop));
  }
  for (const auto& [owner, address] : records.addresses) {
    if (owner != name) continue;
    if (answer.addresses.size() == limits::kDnsAnswers) return fail("the DNS answer has more than 16 addresses");
    answer.addresses.push_back(address);
  }
  return answer;
}

}  // namespace portreeve::pep
