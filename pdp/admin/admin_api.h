// The admin listener's paths: who may call which, and what it answers. docs/admin-api.md, docs/openapi.yaml
#pragma once

#include <memory>
#include <string>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "engine/compile/snapshot_holder.h"
#include "pdp/admin/admin_message.h"
#include "pdp/admin/console_files.h"
#include "pdp/admin/doorkeeper.h"
#include "pdp/admin/log_readers.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/service/decision_service.h"
#include "pdp/service/deed_notes.h"
#include "pdp/session/revocations.h"
#include "pdp/session/session_token.h"
#include "storage/revisions/revision_store.h"
#include "storage/sessions/pep_store.h"

namespace portreeve::pdp {

struct AdminSettings {
  std::string name;            // this PDP's
  bool dev = false;            // one-time links are accepted
  std::string dev_folder;      // of the development issuer, where they are kept
  std::string accounting_url;  // what the console asks for usage; empty: there is none
  std::string ca_file;         // as TokenVerifier::Options
};

// What the paths work with; everything outlives the API.
struct AdminParts {
  const DecisionService& service;
  const compile::SnapshotHolder& snapshots;
  TokenVerifier& verifier;
  TokenVerifier& console_verifier;  // of ID tokens for the console's clients
  const SessionTokens& tokens;      // whose key signs usage tokens
  ClaimMapper map;
  const Revocations& revocations;
  const storage::EventLog& events;
  storage::PepStore& peps;
  storage::RevisionStore& revisions;
  storage::DecisionLog& log;
  const DeedNotes& notes;
  OpenLogReader open_log_reader;
  const ConsoleFiles& console;
  const daemon::Log& log_file;  // the operator's
  const daemon::Clock& clock;
  AdminSettings settings;
};

// Thread-safe. handle() blocks: on the disk, on the database, on an identity provider.
class AdminApi {
 public:
  AdminApi(AdminParts parts, Doorkeeper doorkeeper);
  ~AdminApi();
  AdminApi(const AdminApi&) = delete;
  AdminApi& operator=(const AdminApi&) = delete;

  // Answers every request: 404 for an unknown path, 405 with `Allow` for another method. Never a 500. The headers that
  // keep a browser from doing more with an answer than it should are in every one.
  AdminResponse handle(const HttpRequest& request);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::pdp
