// What a gate asks about a connection, and the PDP's answer, typed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/net/endpoint.h"
#include "engine/net/ip_address.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::pep {

// A question about a CONNECT, as the gate saw it. A value.
struct EgressAsk {
  wire::EgressStage stage = wire::EgressStage::resolve;
  std::string token;    // the workload's session token, unverified
  std::string session;  // as session_of(token)
  net::Endpoint target;
  std::vector<net::IpAddress> addresses;  // all that the name resolved to; empty at resolve
  net::IpAddress source;                  // the workload's address
};

// The session that a token says it is for, without any check: the PDP does that. `unknown` where it cannot be read.
std::string session_of(std::string_view token);

// The body of `POST /access/v1/evaluation`.
std::string to_json(const EgressAsk& ask);

// An address and port that an answer allowed to be dialled. Only read_answer() makes one, of an allowing answer; the
// dialler takes nothing else, so that no other address can be dialled.
class JudgedAddress {
 public:
  net::IpAddress address() const { return address_; }
  std::uint16_t port() const { return port_; }
  friend bool operator==(const JudgedAddress&, const JudgedAddress&) = default;

 private:
  friend class AnswerReader;
  JudgedAddress(net::IpAddress address, std::uint16_t port) : address_(address), port_(port) {}
  net::IpAddress address_;
  std::uint16_t port_;
};

// An answer that was understood whole. A value.
struct Answer {
  bool allowed = false;
  std::string id;           // the decision's
  std::string reason;       // a fixed code
  std::string rule_reason;  // the rule's own words; may be empty
  std::vector<std::string> rules;
  std::string revision;
  // Of an allowed egress.connect; otherwise no addresses.
  std::vector<JudgedAddress> addresses;
  wire::EgressProtocol protocol = wire::EgressProtocol::tls;  // tls or tcp: what must flow
  wire::EgressLimits limits;
};

// Reads the body of a 200 answer to `ask`. Fails for whatever is not wholly understood: another type, a missing
// decision, id or reason, a reason that contradicts the decision, an address that was not asked about, an obligation
// that this gate cannot fulfil. `body` is at most limits::kPdpAnswerBytes. Any thread.
Result<Answer> read_answer(std::string_view body, const EgressAsk& ask);

// The code at the end of a problem document's type (`urn:portreeve:problem:CODE`), or empty; RFC 9457.
std::string problem_code(std::string_view body);

}  // namespace portreeve::pep
