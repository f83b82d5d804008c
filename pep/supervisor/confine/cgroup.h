// Control groups: memory and process limits of a start with all its descendants, and a way to end them all. Version 1
// and 2, and both at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "pep/supervisor/descriptor.h"

namespace portreeve::supervisor {

class Cgroups;

// The groups of one start, one in each hierarchy. Removed where it ends, which kills what is left in it.
class StartGroup {
 public:
  StartGroup(StartGroup&&) = default;
  StartGroup& operator=(StartGroup&&) = delete;
  ~StartGroup();

  // Moves the calling process in. Async-signal-safe. -1 and errno on failure.
  int join() const noexcept;
  // Kills every process in it, and those that these make meanwhile. Waits for none.
  void kill_all() const;
  bool empty() const;
  // Whether the kernel ended a process of it for want of memory.
  bool ran_out_of_memory() const;
  // Processor time of all that ran in it, in microseconds; nothing where no hierarchy counts it.
  std::optional<std::int64_t> cpu_micros() const;

 private:
  friend class Cgroups;
  struct Place {
    int parent = -1;  // the hierarchy's
    Descriptor folder;
    bool second = false;  // version 2
    bool memory = false, processes = false, cpu = false;
  };
  StartGroup(std::vector<Place> places, std::string name) : places_(std::move(places)), name_(std::move(name)) {}
  std::vector<Place> places_;
  std::string name_;
};

// The folders of cgroup file systems that the supervisor may make groups in, kept open, so that they need not be
// mounted in the sandbox later on.
class Cgroups {
 public:
  struct Limits {
    std::optional<std::int64_t> memory;     // bytes
    std::optional<std::int64_t> processes;  // and threads
  };

  // `folders`: paths, or `fd:N` for descriptors inherited. Of version 2 the controllers are enabled for the groups
  // below; where the supervisor itself is in such a folder, it moves into a group `supervisor` of its own first, since
  // a group with processes can have no controllers.
  static Result<Cgroups> open(const std::vector<std::string>& folders);

  bool any() const { return !hierarchies_.empty(); }
  bool can_limit_memory() const;
  bool can_limit_processes() const;
  // Fails where a limit is stated that no hierarchy can keep.
  Result<StartGroup> make(const Limits& limits);

 private:
  struct Hierarchy {
    Descriptor folder;
    bool second = false;
    bool memory = false, processes = false, cpu = false;
  };
  std::vector<Hierarchy> hierarchies_;
  std::uint64_t next_ = 1;
};

}  // namespace portreeve::supervisor
