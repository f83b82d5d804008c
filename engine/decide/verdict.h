// An answer that borrows, and the storage that it borrows from.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/wire/decision.h"
#include "engine/wire/request.h"

namespace portreeve::decide {

// The obligations of wire/decision.h, borrowed.
struct EgressTerms {
  std::span<const net::IpAddress> addresses;
  wire::EgressProtocol protocol = wire::EgressProtocol::tls;
  wire::EgressLimits limits;
};
struct ExecTerms {
  std::span<const std::string_view> env;            // sorted
  std::span<const model::WriteGrant* const> write;  // none covers another
  wire::ExecLimits limits;
};
using Terms = std::variant<std::monostate, EgressTerms, wire::SecretObligations, ExecTerms>;

// An answer as wire::Decision holds it, borrowed from the snapshot, the request and the workspace.
struct Verdict {
  bool allowed = false;
  wire::Reason reason = wire::Reason::default_deny;
  std::string_view rule_reason;
  std::vector<std::string_view> rules;
  Terms terms;
  std::optional<bool> dry_run;  // what the answer would be, where a dry-run rule matched
  std::vector<std::string_view> dry_run_rules;
  const rbac::Activation* subject = nullptr;  // its roles and tenant; null where the subject was not taken
  Seconds cache_for{0};
};

// The same answer, owned. `snapshot` is the one that judged.
wire::Decision to_decision(const Verdict& verdict, const compile::Snapshot& snapshot);

struct Scratch;

// What judging needs besides its input: kept from one decision to the next, whatever the snapshot and the domain, so
// that in a steady state nothing is allocated. A resource of one thread at a time.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Scratch& scratch() { return *scratch_; }

 private:
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace portreeve::decide
