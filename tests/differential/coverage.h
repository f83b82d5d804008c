// What a run has reached, by the reference's account of it, and what it never did.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/model/policy_set.h"
#include "engine/reference/reference.h"
#include "engine/wire/decision.h"
#include "tests/differential/question.h"

namespace portreeve::differential {

class Coverage {
 public:
  // Expects every reason that judgement can give, every clause in every state it can be in on rules of either effect,
  // every obligation, and the meetings of rules that make judgement hard.
  Coverage();

  void add(const model::PolicySet& set, const std::vector<net::IpPrefix>& own_addresses, const Question& question,
           const wire::Decision& answer, const reference::Account& account);

  std::uint64_t cases() const;
  // Percent of the answers that allow: of all, or of one domain.
  double allowed() const;
  // What was reached how often, as a table for people.
  std::string table() const;
  // Everything expected that was not reached, by name; and shares of allows outside 20 to 80 %.
  std::vector<std::string> gaps() const;

 private:
  static constexpr std::size_t kDomains = 4;
  static constexpr std::size_t kClauses = 20;
  struct Share {
    std::uint64_t asked = 0, allowed = 0;
    double percent() const {
      return asked == 0 ? 0 : 100.0 * static_cast<double>(allowed) / static_cast<double>(asked);
    }
  };

  void expect(std::string name) { counts_.emplace(std::move(name), 0); }
  void count(std::string_view name);
  void count_if(bool reached, std::string_view name) {
    if (reached) count(name);
  }
  void count_clauses(std::size_t domain, const reference::Account& account);
  void count_obligations(const model::PolicySet& set, const Question& question, const wire::Decision& answer);
  void count_meetings(const model::PolicySet& set, const std::vector<net::IpPrefix>& own_addresses,
                      const Question& question, const wire::Decision& answer);
  std::map<std::string, std::uint64_t> all_counts() const;

  std::array<Share, kDomains> shares_{};
  std::array<std::uint64_t, 64> reasons_{};
  // By domain, clause (in the order of kClauseNames), effect and state.
  std::array<std::array<std::array<std::array<std::uint64_t, 4>, 2>, kClauses>, kDomains> clauses_{};
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace portreeve::differential
