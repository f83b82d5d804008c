#include "engine/pattern/glob.h"

namespace portreeve::pattern {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_whole_segment_star(std::string_view glob, std::size_t at) {
  return (at == 0 || glob[at - 1] == '/') && (at + 1 == glob.size() || glob[at + 1] == '/');
}

// One loop with two places to come back to: the last `*` (within a segment) and the last `**` (across). A later `**`
// makes every earlier star's choice final, and a later `*` the earlier `*`'s within its segment, so two suffice.
class Matcher {
 public:
  Matcher(std::string_view glob, std::string_view text) : glob_(glob), text_(text) {}

  bool run() noexcept {
    while (true) {
      if (g_ == glob_.size() && t_ == text_.size()) return true;
      if (advance()) continue;
      if (!retry()) return false;
    }
  }

 private:
  bool advance() noexcept {
    const std::string_view rest = glob_.substr(g_);
    if (rest == "/**" && t_ == text_.size()) {  // the directory itself
      g_ = glob_.size();
      return true;
    }
    if (rest.starts_with("/**/")) {  // zero segments first: both slashes are one
      if (t_ >= text_.size() || text_[t_] != '/') return false;
      deep_ = Choice{g_ + 4, t_ + 1, true};
      star_ = Choice{};
      g_ += 4;
      ++t_;
      return true;
    }
    if (rest.starts_with("**")) {
      const bool segments = (g_ == 0 || glob_[g_ - 1] == '/') && rest.size() > 2 && rest[2] == '/';
      g_ += segments ? 3 : 2;
      deep_ = Choice{g_, t_, segments};
      star_ = Choice{};
      return true;
    }
    if (rest.starts_with('*')) {
      const bool at_least_one = is_whole_segment_star(glob_, g_);
      if (at_least_one) {
        if (t_ >= text_.size() || text_[t_] == '/') return false;
        ++t_;
      }
      ++g_;
      star_ = Choice{g_, t_, false};
      return true;
    }
    if (!rest.empty() && t_ < text_.size() && rest[0] == text_[t_]) {
      ++g_;
      ++t_;
      return true;
    }
    return false;
  }

  bool retry() noexcept {
    if (star_.glob != kNone && star_.text < text_.size() && text_[star_.text] != '/') {
      g_ = star_.glob;
      t_ = ++star_.text;
      return true;
    }
    star_ = Choice{};
    if (deep_.glob == kNone) return false;
    if (deep_.segments) {  // resume after the next slash
      const std::size_t slash = text_.find('/', deep_.text);
      if (slash == kNone) return false;
      deep_.text = slash + 1;
    } else {
      if (deep_.text >= text_.size()) return false;
      ++deep_.text;
    }
    g_ = deep_.glob;
    t_ = deep_.text;
    return true;
  }

  struct Choice {
    std::size_t glob = kNone;
    std::size_t text = 0;
    bool segments = false;
  };

  std::string_view glob_;
  std::string_view text_;
  std::size_t g_ = 0;
  std::size_t t_ = 0;
  Choice star_;
  Choice deep_;
};

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) noexcept { return Matcher(glob, text).run(); }

}  // namespace portreeve::pattern
