// Two evaluators, one world, one question after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/reference/reference.h"
#include "engine/wire/decision.h"
#include "tests/differential/question.h"
#include "tests/differential/world.h"

namespace portreeve::differential {

// What the two say where they do not say the same.
struct Disagreement {
  wire::Decision reference;
  wire::Decision production;
  std::string about;  // in words
};

class Contest {
 public:
  // Nothing where load refuses the world; its errors then go to `errors`, if given.
  static std::optional<Contest> of(const World& world, std::string* errors = nullptr);

  // The same contest, in which production is compiled and asked with that mutant on (mutant.h).
  Contest with_mutant(int number) const;

  const model::PolicySet& documents() const { return set_->documents(); }
  const std::vector<net::IpPrefix>& own_addresses() const { return own_addresses_; }
  const std::shared_ptr<const model::CheckedPolicySet>& checked() const { return set_; }
  const compile::Snapshot& snapshot() const { return *snapshot_; }

  // The reference's answer, which `account`, where not null, tells how it was come by.
  wire::Decision reference(const Question& question, reference::Account* account = nullptr) const;
  // Production's answer in the contest's own workspace.
  wire::Decision production(const Question& question);

  // Whether the answers differ in anything but `cacheFor`, which is no answer but a promise: that within it the
  // reference answers alike, and that the token is still good. The promise is looked at where `follow` says so; it
  // costs another answer.
  enum class Promise { trusted, followed };
  std::optional<Disagreement> judge(const Question& question, Promise promise, const wire::Decision& reference);

 private:
  Contest(std::shared_ptr<const model::CheckedPolicySet> set, std::vector<net::IpPrefix> own_addresses, int mutant);
  std::optional<std::string> broken_promise(const Question& question, const wire::Decision& reference,
                                            Seconds cache_for) const;

  std::shared_ptr<const model::CheckedPolicySet> set_;
  std::vector<net::IpPrefix> own_addresses_;
  int mutant_;
  std::shared_ptr<const compile::Snapshot> snapshot_;
  std::unique_ptr<decide::Workspace> workspace_;
};

// An answer as JSON, for people.
std::string to_json(const wire::Decision& decision);

}  // namespace portreeve::differential
