// The AuthZEN question, typed: what a decision is made about. Parsing JSON into it lives in engine/reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/net/endpoint.h"
#include "engine/net/ip_address.h"
#include "engine/wire/principal.h"
#include "engine/wire/reason.h"

namespace portreeve::wire {

enum class EgressStage : std::uint8_t { resolve, connect };

// What is going to flow. connect is a CONNECT tunnel, of which nobody knows yet (SEMANTICS §3).
enum class EgressProtocol : std::uint8_t { tls, http, tcp, connect };

std::string_view to_text(EgressProtocol protocol);
std::optional<EgressProtocol> egress_protocol_from_text(std::string_view text);

// `egress.resolve` and `egress.connect` on an `endpoint`.
struct EgressQuestion {
  EgressStage stage = EgressStage::connect;
  net::EndpointHost host;
  std::uint16_t port = 0;
  EgressProtocol protocol = EgressProtocol::connect;
  std::vector<net::IpAddress> addresses;  // for an address target that address, whatever the request lists
  // Transparent mode: the property `sni` was part of the question. Absent: it was not. Empty: the hello named none.
  std::optional<std::string> sni;
  std::optional<std::string> method;  // upper-case token
  std::optional<std::string> path;    // normalised, without query
};

enum class SecretUse : std::uint8_t { inject, lease };

// `secret.use` on a `secret`.
struct SecretQuestion {
  std::string secret;
  std::optional<SecretUse> use;
  std::optional<std::string> upstream;
  std::optional<std::string> method;
  std::optional<std::string> path;
  std::optional<std::string> model;
};

// What was opened for a start: the path asked for, the real path of the opened file, and whether the sandbox's user can
// write any part of the way to it.
struct ProgramFile {
  std::string path;                 // requested; absolute and clean where judgement may allow it
  std::optional<std::string> file;  // real path; absolute and clean where judgement may allow it
  bool stable = false;
};

// `process.exec` on a `program`.
struct ExecQuestion {
  ProgramFile program;
  std::optional<ProgramFile> interpreter;
  std::optional<std::string> cwd;
  std::optional<std::string> user;
  std::vector<std::string> env;  // names
  std::optional<bool> terminal;
};

// Any other action on any other resource type.
struct AccessQuestion {};

using Question = std::variant<EgressQuestion, SecretQuestion, ExecQuestion, AccessQuestion>;

// One question, ready to be judged. A value, built once at the edge and then only read.
struct Request {
  // Why there is no principal to judge by, where identity or session failed. Then `principal` is not consulted.
  std::optional<Reason> identity_failure;
  Principal principal;
  std::string action;
  JsonValue action_properties;  // object or null
  std::string resource_type;
  std::string resource_id;
  JsonValue resource_properties;      // object or null
  JsonValue context;                  // object or null
  std::optional<std::string> source;  // the peer's address as the gate saw it
  Question question;
  Timestamp time;
};

inline constexpr std::string_view kEgressResolve = "egress.resolve";
inline constexpr std::string_view kEgressConnect = "egress.connect";
inline constexpr std::string_view kSecretUse = "secret.use";
inline constexpr std::string_view kProcessExec = "process.exec";

}  // namespace portreeve::wire
