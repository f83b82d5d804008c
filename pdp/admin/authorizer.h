// What a visitor may do: an AccessPolicy decision of the same service that gates ask, recorded like theirs.
// The table of actions and resource types is frozen: docs/admin-api.md
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/clock.h"
#include "engine/base/json_value.h"
#include "engine/base/mutex.h"
#include "engine/compile/snapshot_holder.h"
#include "pdp/admin/admin_message.h"
#include "pdp/admin/visitor.h"
#include "pdp/service/decision_service.h"
#include "storage/sessions/event.h"

namespace portreeve::pdp {

// The gate of these decisions in records. No credential can have the name: a colon is in none.
inline constexpr char kAdminPep[] = "pdp:admin";

// Whose records, sessions and usage a request is about.
enum class Reach : std::uint8_t { own_tenant, all_tenants };

// One thing that a visitor wants to do. `resource.id` of the question is the tenant it reaches, or `*`.
struct Wish {
  std::string_view action;
  std::string_view type;
  JsonValue properties = {};  // of the resource, for conditions; null or an object
};

// What was allowed, and how far.
struct Grant {
  std::optional<std::string> tenant;  // confined to it; nothing: every tenant's, and what belongs to none
  std::vector<bool> allowed;          // for each wish, the first true

  bool covers(const std::optional<std::string>& of) const { return !tenant || of == tenant; }
};

// Thread-safe. A call blocks until the decisions are durable.
class Authorizer {
 public:
  struct Parts {  // all outlive it
    const DecisionService& service;
    const compile::SnapshotHolder& snapshots;
    const storage::EventLog& events;
    const daemon::Clock& clock;
  };
  explicit Authorizer(Parts parts) : parts_(parts) {}

  // Asks for all of them at once, a decision and a record each. Who has a tenant is confined to it, whatever a rule
  // says of the resource; to reach all tenants, as who has none must, it takes `read` on `all-tenants` besides.
  // 403 `denied` unless the first wish is allowed; 503 where nothing can be decided or recorded.
  Step<Grant> ask(const Visitor& visitor, Reach reach, std::vector<Wish> wishes) const;

  // The same for one wish that comes every second: an allow holds as long as its `cacheFor`, at most kKeep, and no
  // longer than the policies that gave it.
  static constexpr Millis kKeep{30'000};
  Step<Grant> ask_or_recall(const Visitor& visitor, Reach reach, const Wish& wish);

  // What the policies would say just now, unrecorded: for what to show, never instead of asking.
  struct Prospect {
    std::optional<std::string> tenant;
    std::vector<std::string> roles;
    bool all_tenants = false;
    std::vector<bool> allowed;  // for each wish, within the tenant, or all tenants where there is none
  };
  Prospect foresee(const Visitor& visitor, const std::vector<Wish>& wishes) const;

 private:
  struct Recalled {
    Grant grant;
    std::int64_t until_millis = 0;  // of the steady clock
    std::uint64_t generation = 0;   // of the policies
  };

  const Parts parts_;
  Mutex mutex_;
  std::unordered_map<std::string, Recalled> recalled_ GUARDED_BY(mutex_);
};

}  // namespace portreeve::pdp
