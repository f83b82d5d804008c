// What a program still waits for before it is ready: the answer of /readyz.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"

namespace portreeve::daemon {

// A fixed set of named conditions, each unmet until somebody says otherwise. Any thread.
class Readiness {
 public:
  struct Missing {
    std::string condition;
    std::string reason;  // for the operator
    friend bool operator==(const Missing&, const Missing&) = default;
  };

  // Without any condition nothing is ever ready.
  explicit Readiness(const std::vector<std::string>& conditions);

  // Requires (both): `condition` was named at construction; others are ignored.
  void met(std::string_view condition);
  void unmet(std::string_view condition, std::string_view reason);

  bool ready() const { return missing().empty(); }
  // What is missing, in the order of construction; empty where ready.
  std::vector<Missing> missing() const;
  // The body of /readyz: `{"missing":[{"condition":…,"reason":…}],"ready":…}`.
  std::string report() const;

 private:
  struct Condition {
    std::string name;
    bool met = false;
    std::string reason;
  };
  mutable Mutex mutex_;
  std::vector<Condition> conditions_ GUARDED_BY(mutex_);
};

}  // namespace portreeve::daemon
