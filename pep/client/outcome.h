// What a gate reports of its doings (docs/decision-api.md, Outcomes).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "engine/wire/reason.h"
#include "engine/wire/request.h"

namespace portreeve::pep {

// What became of something that a decision allowed.
struct Outcome {
  Timestamp time;
  std::string decision;                // its id
  std::string_view result;             // `closed` (it was opened), `refused` (by the gate), `failed` (by the network)
  std::optional<wire::Reason> reason;  // why, where it did not end by itself
  std::optional<net::IpAddress> address;  // dialled
  std::string host;                       // empty where nothing is dialled
  std::uint16_t port = 0;
  wire::EgressProtocol protocol = wire::EgressProtocol::tls;
  std::int64_t bytes_in = 0;                        // towards the workload
  std::int64_t bytes_out = 0;                       // from the workload
  std::optional<std::int64_t> exit_status, signal;  // how a process ended
  Millis duration{0};
  std::string session;
  std::optional<net::IpAddress> source;  // the workload's address
};

// A decision's answer that was kept (`cacheFor`) and gone by once more.
struct Use {
  Timestamp time;
  std::string decision;
};

// A request that the gate refused without a decision.
struct Refusal {
  Timestamp time;
  wire::Reason reason = wire::Reason::bad_request;
  std::string host;  // empty where it was not understood
  std::uint16_t port = 0;
  std::string session;  // empty where none was named
  net::IpAddress source;
  std::int64_t left_out = 0;  // refusals before this one that left no record; the spool counts them
  std::string_view action = wire::kEgressConnect;
};

// The wire form of a record, `seq` included: canonical JSON. `seq` counts from 1 within one run of the gate.
std::string to_json(const Outcome& outcome, std::int64_t seq);
std::string to_json(const Use& use, std::int64_t seq);
std::string to_json(const Refusal& refusal, std::int64_t seq);

}  // namespace portreeve::pep
