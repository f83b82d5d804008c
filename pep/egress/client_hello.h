// The first thing a TLS client says, read without answering it: which server it means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/net/host_name.h"

namespace portreeve::pep {

struct ClientHello {
  std::optional<net::HostName> server_name;
  // An encrypted_client_hello extension (0xfe0d, or the ESNI drafts' 0xffce). GREASE looks the same from outside.
  bool has_ech = false;
};

enum class HelloFault : std::uint8_t { not_tls, malformed };

// The frozen reason code: `not-tls`, `tls-malformed`.
std::string_view reason_code(HelloFault fault);

// Puts one ClientHello together from bytes as they arrive, cut by TCP and by TLS records wherever the sender liked
// (RFC 8446 §4.1.2, §5.1; RFC 6066 §3). At most limits::kClientHelloBytes of handshake message and
// limits::kClientHelloRecords records; what cannot be read whole is refused, never guessed at. The server name must be
// the only entry of its list, a host name as HostName::parse_wire, without trailing dot, and no address. A hello that
// ends inside a record is refused: the rest of the record would be a second message that nobody looked at. Only the
// first ClientHello of a connection: the one after a HelloRetryRequest is not looked at. One object per connection; not
// thread-safe; holds the bytes until the hello is whole.
class ClientHelloReader {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  // Takes bytes of the stream from its start. All of them are taken to be part of the stream; what follows the hello is
  // left unread. Requires: state() is need_more.
  State feed(std::string_view bytes);

  State state() const { return state_; }
  // Requires: state() is complete.
  const ClientHello& hello() const { return hello_; }
  // Requires: state() is failed.
  HelloFault fault() const { return fault_; }

 private:
  bool read_record();
  bool take_message();
  State fail_with(HelloFault fault);

  State state_ = State::need_more;
  HelloFault fault_ = HelloFault::malformed;
  ClientHello hello_;
  std::string pending_;  // bytes of the stream that are not a whole record yet
  std::string message_;  // handshake bytes of the records seen
  std::size_t records_ = 0;
};

// Reads the body of a ClientHello handshake message (what follows the four bytes of type and length). Total.
std::optional<ClientHello> parse_client_hello(std::string_view body);

}  // namespace portreeve::pep
