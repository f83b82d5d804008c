#include "pep/egress/client_hello.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kMaxRecordPayload = 1u << 14;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloType = 1;
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::uint16_t kEchExtension = 0xfe0d;
constexpr std::uint16_t kEsniExtension = 0xffce;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// Walks a byte string front to back. A read past the end makes it bad, and it stays so.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::size_t number(std::size_t width) {
    const std::string_view bytes = take(width);
    std::size_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  // A vector with a length of `width` bytes before it.
  std::string_view vector(std::size_t width) { return take(number(width)); }

  bool good() const { return good_; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// ServerNameList with exactly one entry, a host_name (RFC 6066 §3).
std::optional<net::HostName> parse_server_name(std::string_view extension) {
  Cursor outer(extension);
  Cursor list(outer.vector(2));
  const std::size_t type = list.number(1);
  const std::string_view name = list.vector(2);
  if (!outer.good() || !outer.done() || !list.good() || !list.done() || type != 0) return std::nullopt;
  if (name.empty() || name.back() == '.') return std::nullopt;
  auto host = net::HostName::parse_wire(name);
  if (!host) return std::nullopt;
  return std::move(*host);
}

bool parse_extensions(std::string_view bytes, ClientHello& hello) {
  std::vector<std::size_t> seen;
  Cursor extensions(bytes);
  while (!extensions.done()) {
    const std::size_t type = extensions.number(2);
    const std::string_view data = extensions.vector(2);
    if (!extensions.good()) return false;
    seen.push_back(type);
    if (type == kEchExtension || type == kEsniExtension) hello.has_ech = true;
    if (type != kServerNameExtension) continue;
    hello.server_name = parse_server_name(data);
    if (!hello.server_name) return false;
  }
  // Which of two is meant is the reader's choice, and we are not the only reader.
  std::sort(seen.begin(), seen.end());
  return std::adjacent_find(seen.begin(), seen.end()) == seen.end();
}

}  // namespace

std::string_view reason_code(HelloFault fault) {
  return fault == HelloFault::not_tls ? std::string_view("not-tls") : std::string_view("tls-malformed");
}

std::optional<ClientHello> parse_client_hello(std::string_view body) {
  ClientHello hello;
  Cursor cursor(body);
  const std::size_t version = cursor.number(2);
  cursor.take(32);
  const std::string_view session = cursor.vector(1);
  const std::string_view suites = cursor.vector(2);
  const std::string_view compressions = cursor.vector(1);
  if (!cursor.good() || version >> 8 != 3 || session.size() > 32) return std::nullopt;
  if (suites.empty() || suites.size() % 2 != 0 || compressions.empty()) return std::nullopt;
  if (cursor.done()) return hello;
  const std::string_view extensions = cursor.vector(2);
  if (!cursor.good() || !cursor.done() || !parse_extensions(extensions, hello)) return std::nullopt;
  return hello;
}

ClientHelloReader::State ClientHelloReader::fail_with(HelloFault fault) {
  fault_ = fault;
  pending_.clear();
  message_.clear();
  return state_ = State::failed;
}

ClientHelloReader::State ClientHelloReader::feed(std::string_view bytes) {
  pending_.append(bytes);
  while (state_ == State::need_more && read_record()) {
  }
  return state_;
}

// Takes one record off pending_. False where it is not whole yet, or the hello is complete or refused.
bool ClientHelloReader::read_record() {
  if (pending_.empty()) return false;
  const std::uint8_t type = byte_at(pending_, 0);
  const bool some_record = type >= 20 && type <= 24;
  if (!some_record) {
    fail_with(records_ == 0 ? HelloFault::not_tls : HelloFault::malformed);
    return false;
  }
  if (pending_.size() >= 2 && byte_at(pending_, 1) != 3) {
    fail_with(records_ == 0 ? HelloFault::not_tls : HelloFault::malformed);
    return false;
  }
  if (pending_.size() >= 2 && type != kHandshakeRecord) {
    fail_with(HelloFault::malformed);
    return false;
  }
  if (pending_.size() < kRecordHeader) return false;
  const std::size_t length = std::size_t{byte_at(pending_, 3)} << 8 | byte_at(pending_, 4);
  if (length == 0 || length > kMaxRecordPayload || records_ == limits::kClientHelloRecords) {
    fail_with(HelloFault::malformed);
    return false;
  }
  if (pending_.size() < kRecordHeader + length) return false;
  ++records_;
  message_.append(pending_, kRecordHeader, length);
  pending_.erase(0, kRecordHeader + length);
  return take_message();
}

// Looks at the handshake bytes so far. True where another record is needed.
bool ClientHelloReader::take_message() {
  if (byte_at(message_, 0) != kClientHelloType) {
    fail_with(HelloFault::malformed);
    return false;
  }
  if (message_.size() < kMessageHeader) return true;
  const std::size_t body =
      std::size_t{byte_at(message_, 1)} << 16 | std::size_t{byte_at(message_, 2)} << 8 | byte_at(message_, 3);
  const std::size_t whole = kMessageHeader + body;
  if (whole > limits::kClientHelloBytes || message_.size() > whole) {
    fail_with(HelloFault::malformed);
    return false;
  }
  if (message_.size() < whole) return true;
  auto hello = parse_client_hello(std::string_view(message_).substr(kMessageHeader));
  if (!hello) {
    fail_with(HelloFault::malformed);
    return false;
  }
  hello_ = std::move(*hello);
  message_.clear();
  pending_.clear();
  state_ = State::complete;
  return false;
}

}  // namespace portreeve::pep
