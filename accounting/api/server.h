// Accounting over HTTP: usage in, figures out. cpp-httplib inside.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "accounting/api/credentials.h"
#include "accounting/api/reader_tokens.h"
#include "accounting/ingest/commit_queue.h"
#include "daemon/endpoint.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "engine/base/result.h"

namespace portreeve::accounting {

struct ServerOptions {
  daemon::Endpoint listen;
  std::string ledger;                      // the database's path, for the readers
  std::optional<Credentials> credentials;  // none: anyone may do anything (--dev, loopback only)
  std::string console_origin;              // that browsers may read from; empty: none
};

// Serves on threads of its own from start() until destroyed. docs/accounting.md is its contract.
class Server {
 public:
  struct Parts {  // outlive the server
    CommitQueue& queue;
    ReaderKeySource* readers;  // null: no tokens
    daemon::Metrics& metrics;
    const daemon::Log& log;
  };
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Parts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const daemon::Endpoint& endpoint() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::accounting
