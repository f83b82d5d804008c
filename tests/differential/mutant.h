// Which seeded defect is on. Included first by the mutated copies of the evaluator's sources.
#pragma once

#include <algorithm>

namespace portreeve::differential {

// 0: none. Changed by one thread, while no other judges.
inline int active_mutant = 0;

class [[nodiscard]] MutantIsOn {
 public:
  explicit MutantIsOn(int number) { active_mutant = number; }
  ~MutantIsOn() { active_mutant = 0; }
  MutantIsOn(const MutantIsOn&) = delete;
  MutantIsOn& operator=(const MutantIsOn&) = delete;
};

}  // namespace portreeve::differential
