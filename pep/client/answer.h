// What a gate asks, and the PDP's answer, typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/net/endpoint.h"
#include "engine/net/ip_address.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::pep {

// Who asks, as far as the gate knows. With a session: that session, by its token where the gate holds one (the guest
// supervisor's own credential stands for its session instead). Without: whoever the PDP has bound `source` to.
struct Asker {
  std::string token;                     // the workload's session token, unverified; may be empty
  std::string session;                   // as session_of(token); empty: asked by address
  std::optional<net::IpAddress> source;  // the workload's address. Requires: there, where `session` is empty
};

// Questions, as a gate saw what is asked about. Values.

// A CONNECT.
struct EgressAsk {
  Asker asker;
  wire::EgressStage stage = wire::EgressStage::resolve;
  net::Endpoint target;
  std::vector<net::IpAddress> addresses;  // all that the name resolved to; empty at resolve
};

// A secret to be spent on an upstream. A lease has no method, path or model.
struct SecretAsk {
  Asker asker;
  std::string secret;
  wire::SecretUse use = wire::SecretUse::inject;
  std::string upstream;               // one of the Secret's, as it has it
  std::optional<std::string> method;  // wire::is_http_method()
  std::optional<std::string> path;    // wire::normalise_http_path()
  std::optional<std::string> model;   // as the body names it
};

// A program to be started.
struct ExecAsk {
  Asker asker;
  wire::ProgramFile program;
  std::optional<wire::ProgramFile> interpreter;
  std::vector<std::string> args;
  std::string cwd;
  std::string user;
  std::vector<std::string> env;  // names
  bool terminal = false;
};

// The session that a token says it is for, without any check: the PDP does that. `unknown` where it cannot be read.
std::string session_of(std::string_view token);

// The body of `POST /access/v1/evaluation`: canonical JSON, so that equal questions are equal texts. Holds the token.
std::string to_json(const EgressAsk& ask);
std::string to_json(const SecretAsk& ask);
std::string to_json(const ExecAsk& ask);

// An address and port that an answer allowed to be dialled. Only read_answer() makes one, of an allowing answer; the
// dialler takes nothing else, so that no other address can be dialled.
class JudgedAddress {
 public:
  net::IpAddress address() const { return address_; }
  std::uint16_t port() const { return port_; }
  friend bool operator==(const JudgedAddress&, const JudgedAddress&) = default;

 private:
  friend class EgressAnswer;
  JudgedAddress(net::IpAddress address, std::uint16_t port) : address_(address), port_(port) {}
  net::IpAddress address_;
  std::uint16_t port_;
};

// What an allowed egress.connect obliges to. Of an egress.resolve: no addresses.
struct EgressGrant {
  std::vector<JudgedAddress> addresses;
  wire::EgressProtocol protocol = wire::EgressProtocol::tls;  // tls or tcp: what must flow
  wire::EgressLimits limits;
};

// monostate: a denial.
using AnswerObligations = std::variant<std::monostate, EgressGrant, wire::SecretObligations, wire::ExecObligations>;

// The session that the PDP found behind the asker.
struct AnswerSession {
  std::string id;
  std::string subject;
  std::optional<std::string> tenant;
  friend bool operator==(const AnswerSession&, const AnswerSession&) = default;
};

// An answer that was understood whole. A value.
struct Answer {
  bool allowed = false;
  std::string id;           // the decision's
  std::string reason;       // a fixed code
  std::string rule_reason;  // the rule's own words; may be empty
  std::vector<std::string> rules;
  std::string revision;
  AnswerObligations obligations;         // of an allow, the alternative of the question's kind
  std::optional<AnswerSession> session;  // there, where it allows
  std::int64_t event = 0;                // the last event taken into account
  Seconds cache_for{0};                  // how long it may be gone by again; 0: once only
};

// Reads the body of a 200 answer to `ask`. Fails for whatever is not wholly understood: another type, a missing
// decision, id or reason, a reason that contradicts the decision, an allow without session or event or for another
// session than was asked for, an address or variable that was not asked about, an obligation that this gate cannot
// fulfil. `body` is at most limits::kPdpAnswerBytes. Any thread.
Result<Answer> read_answer(std::string_view body, const EgressAsk& ask);
Result<Answer> read_answer(std::string_view body, const SecretAsk& ask);
Result<Answer> read_answer(std::string_view body, const ExecAsk& ask);

// The code at the end of a problem document's type (`urn:portreeve:problem:CODE`), or empty; RFC 9457.
std::string problem_code(std::string_view body);

}  // namespace portreeve::pep
