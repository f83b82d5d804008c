// Revisions compiled again: what decided then, to explain by and to try questions on.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/compile/snapshot.h"
#include "engine/compile/snapshot_holder.h"
#include "engine/wire/policy_file.h"
#include "storage/revisions/revision_store.h"

namespace portreeve::pdp {

// A stored revision: its files, and what they compile to.
struct PolicyRevision {
  std::vector<wire::PolicyFile> files;  // sorted by path
  std::shared_ptr<const compile::Snapshot> snapshot;
};

// Thread-safe. A revision that is not at hand costs as much as loading it: some seconds for 100 000 rules.
class PolicyLibrary {
 public:
  static constexpr std::size_t kKept = 4;

  // Both outlive it.
  PolicyLibrary(storage::RevisionStore& revisions, const compile::SnapshotHolder& active)
      : revisions_(revisions), active_(active) {}

  // Fails where it is not stored, or where this program no longer loads it.
  Result<std::shared_ptr<const PolicyRevision>> find(const std::string& revision);

 private:
  storage::RevisionStore& revisions_;
  const compile::SnapshotHolder& active_;
  Mutex mutex_;  // also held while one is loaded: twice the same would cost twice the memory
  std::deque<std::shared_ptr<const PolicyRevision>> kept_ GUARDED_BY(mutex_);
};

// True for `sha256:` and 64 hexadecimal digits.
bool is_revision(std::string_view text);

// The YAML document that holds a rule, cut out of its file.
struct PolicyExcerpt {
  std::string rule;
  std::string file;
  std::size_t line = 0;        // of the rule
  std::size_t last_line = 0;   // of the rule
  std::size_t first_line = 0;  // of `text`
  std::string text;
};
// Those of the rules that are found. O(the files that hold them).
std::vector<PolicyExcerpt> excerpts(const PolicyRevision& revision, const std::vector<std::string>& rules);

}  // namespace portreeve::pdp
