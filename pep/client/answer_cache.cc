#include "pep/client/answer_cache.h"

#include <utility>

namespace portreeve::pep {

void AnswerCache::drop_if_outdated() {
  if (era_ == watch_.era() && watch_.may_start()) return;
  kept_.clear();
  era_ = watch_.era();
}

std::optional<Answer> AnswerCache::find(const std::string& question, Time now) {
  drop_if_outdated();
  const auto found = kept_.find(question);
  if (found == kept_.end()) return std::nullopt;
  const Answer& answer = found->second.answer;
  if (now < found->second.until && !watch_.is_overtaken(answer.session->id, answer.event)) return answer;
  kept_.erase(found);
  return std::nullopt;
}

void AnswerCache::keep(std::string question, const Answer& answer, Time asked, std::uint64_t era) {
  if (most_ == 0 || !answer.allowed || answer.cache_for.count() == 0 || !answer.session) return;
  drop_if_outdated();
  if (era != era_ || !watch_.may_start()) return;
  if (kept_.size() >= most_) {
    std::erase_if(kept_, [asked](const auto& entry) { return entry.second.until <= asked; });
    if (kept_.size() >= most_) kept_.erase(kept_.begin());
  }
  kept_.insert_or_assign(std::move(question), Kept{answer, asked + answer.cache_for});
}

}  // namespace portreeve::pep
