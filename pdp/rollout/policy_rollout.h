// From a folder of policies to the active snapshot: check → compile → store → activate, all or nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "engine/base/diagnostic.h"
#include "engine/base/mutex.h"
#include "engine/compile/snapshot.h"
#include "engine/compile/snapshot_holder.h"
#include "engine/wire/policy_file.h"
#include "storage/revisions/revision_store.h"

namespace portreeve::pdp {

// Watches a folder and activates what stands there whenever that changes and is free of errors. A bad folder changes
// nothing: the active revision stays, readiness says why. Thread-safe.
class PolicyRollout {
 public:
  struct Options {
    std::string folder;
    compile::Deployment deployment;
    Millis poll{250};  // how often the folder is looked at; a look costs a stat of each file, a change two looks
  };
  struct Parts {  // all outlive the rollout
    compile::SnapshotHolder& snapshots;
    storage::RevisionStore& revisions;
    const daemon::Clock& clock;
    const daemon::Log& log;
    daemon::Readiness& readiness;  // has the condition kReadiness
    daemon::Metrics& metrics;
  };
  // Told of each snapshot before it is published; an error keeps it from going live (an issuer that cannot be taken).
  using BeforeActivation = std::function<Status(const compile::Snapshot&)>;
  // Told after a snapshot went live, for the log.
  using AfterActivation = std::function<void(const compile::Snapshot&)>;

  static constexpr std::string_view kReadiness = "policies";

  PolicyRollout(Options options, Parts parts, BeforeActivation before, AfterActivation after);
  ~PolicyRollout();
  PolicyRollout(const PolicyRollout&) = delete;
  PolicyRollout& operator=(const PolicyRollout&) = delete;

  // Activates the folder, or, where it has errors, the last good stored revision (then not ready). Fails where there is
  // neither: a PDP without policies does not start. `diagnostics` gets what the checker said, warnings too.
  Status start(std::vector<Diagnostic>& diagnostics);

  // Looks at the folder now, whether or not it seems changed. Any thread; blocks until it has been looked at.
  void reload();

 private:
  struct Attempt;
  void watch();
  // Reads and activates the folder. Requires: called by one thread at a time (`turn_`).
  Attempt try_folder();
  Status activate(const std::vector<wire::PolicyFile>& files, std::shared_ptr<const model::CheckedPolicySet> set);
  void report(const Attempt& attempt);
  std::string fingerprint() const;

  // Constant after construction.
  const Options options_;
  const Parts parts_;
  const BeforeActivation before_;
  const AfterActivation after_;
  daemon::Counter& activations_;
  daemon::Counter& failures_;

  Mutex turn_;  // one attempt at a time
  std::string last_fingerprint_ GUARDED_BY(turn_);
  std::string settling_ GUARDED_BY(turn_);
  std::string last_refused_ GUARDED_BY(turn_);  // the revision or message last reported, so that it is told once

  Mutex mutex_;
  std::condition_variable_any wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread watcher_;
};

}  // namespace portreeve::pdp
