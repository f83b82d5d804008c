// The decision listener's paths: who may call which, and what it answers. docs/decision-api.md
#pragma once

#include <string>

#include "daemon/clock.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "pdp/api/work_queue.h"
#include "pdp/http/http_message.h"
#include "pdp/hub/event_hub.h"
#include "pdp/service/decision_service.h"
#include "pdp/service/deed_notes.h"
#include "pdp/service/pep_authenticator.h"
#include "pdp/session/revocations.h"
#include "pdp/session/session_control.h"
#include "pdp/session/session_token.h"
#include "pdp/session/token_exchange.h"
#include "storage/log/decision_log.h"

namespace portreeve::pdp {

// What all paths work with; everything outlives the API.
struct ApiParts {
  const DecisionService& service;
  const PepAuthenticator& peps;
  const TokenExchange& exchange;
  const SessionTokens& tokens;
  const SessionControl& control;
  const Revocations& revocations;
  EventHub& hub;
  const compile::SnapshotHolder& snapshots;
  const DeedNotes& notes;
  storage::DecisionLog& log;
  const daemon::Readiness& readiness;
  daemon::Metrics& metrics;
  const daemon::Clock& clock;
  WorkQueue& disk;         // for what blocks
  std::string public_url;  // this PDP's address in metadata, without a trailing slash
  wire::RecordSource source;
};

// The routes. Thread-safe; handle() never blocks.
class DecisionApi {
 public:
  explicit DecisionApi(ApiParts parts);

  // Answers every request: 404 for an unknown path, 405 with `Allow` for another method, 401 without a gate's
  // credential where one is needed, 403 where that does not cover the path. Input that cannot be read is 400; never a
  // 500, never an allow.
  void handle(HttpRequest request, Responder responder) const;

 private:
  const ApiParts parts_;
  daemon::Histogram& latency_;
  daemon::Counter& requests_;
  daemon::Counter& unauthenticated_;
};

}  // namespace portreeve::pdp
