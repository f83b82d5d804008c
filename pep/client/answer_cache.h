// Answers that may be gone by again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "pep/client/answer.h"
#include "pep/client/session_watch.h"

namespace portreeve::pep {

// Keeps allowing answers for their `cache_for`, counted from when the question was asked. An answer is gone once its
// session is cut, a policy is activated, the event stream was reset or the PDP is silent. Denials are asked about anew.
// The key is the whole question, and so holds session, token and source (docs/semantics.md). One per io_context, on
// its thread. Who goes by a kept answer records a Use of its decision.
class AnswerCache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `watch` outlives the cache. `most` 0: nothing is kept.
  explicit AnswerCache(const SessionWatch& watch, std::size_t most = 4096) : watch_(watch), most_(most) {}

  // `question`: as to_json(ask).
  std::optional<Answer> find(const std::string& question, Time now);
  // Keeps the answer if it may be kept. `era`: the watch's, from before the question was asked at `asked`.
  void keep(std::string question, const Answer& answer, Time asked, std::uint64_t era);

  std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    Answer answer;
    Time until;
  };
  void drop_if_outdated();

  const SessionWatch& watch_;
  const std::size_t most_;
  std::uint64_t era_ = 0;  // of what is kept
  std::unordered_map<std::string, Kept> kept_;
};

}  // namespace portreeve::pep
