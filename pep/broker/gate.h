// What every request to the broker works with.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "engine/base/mutex.h"
#include "pep/broker/credential.h"
#include "pep/broker/options.h"
#include "pep/broker/rate.h"
#include "pep/broker/route.h"
#include "pep/broker/secret_bytes.h"
#include "pep/broker/upstream.h"
#include "pep/client/answer_cache.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/net/counts.h"
#include "pep/net/own_addresses.h"
#include "pep/net/resolver.h"
#include "pep/spool/outcome_spool.h"
#include "pep/usage/usage_spool.h"

namespace portreeve::pep {

// The routes in force: replaced whole, read from any thread.
class RouteHolder {
 public:
  // Null until the PDP has said what there is.
  std::shared_ptr<const RouteTable> current() const {
    const MutexLock lock(mutex_);
    return table_;
  }
  void replace(std::shared_ptr<const RouteTable> table) {
    const MutexLock lock(mutex_);
    table_ = std::move(table);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const RouteTable> table_ GUARDED_BY(mutex_);
};

// Shared by all threads; every member may be used from any. What it refers to outlives it.
struct BrokerGate {
  const BrokerOptions& options;
  OutcomeSpool& outcomes;
  UsageSpool& usage;
  CredentialStore& credentials;
  boost::asio::ssl::context& tls;
  const daemon::Clock& clock;
  const daemon::Log& log;
  RouteHolder routes;
  RequestRate rate;
  KeyedCounts connections;  // by source address
  std::atomic<std::int64_t> body_bytes{0};
};

// Locked buffers for request heads that hold a credential, used again. One thread.
class SecretBuffers {
 public:
  static constexpr std::size_t kBytes = 48u << 10;
  Result<SecretBytes> take() {
    if (free_.empty()) return SecretBytes::allocate(kBytes);
    SecretBytes buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  // Wipes the first `used` bytes, all that were written.
  void give_back(SecretBytes buffer, std::size_t used);

 private:
  static constexpr std::size_t kKept = 8;
  std::vector<SecretBytes> free_;
};

class Lifeline;

// What belongs to one thread.
struct BrokerLane {
  BrokerGate& gate;
  PdpClient& pdp;
  SessionWatch& watch;
  AnswerCache& answers;
  UpstreamPool& upstreams;
  SecretBuffers& buffers;
  std::set<Lifeline*> exchanges;  // that are under way
};

}  // namespace portreeve::pep
