#include "engine/compile/match_pool.h"

#include <limits>
#include <utility>

#include "engine/base/check.h"
#include "engine/index/varint.h"
#include "engine/pattern/glob.h"

namespace portreeve::compile {
namespace {

constexpr std::uint32_t kKindBits = 3;

// DIR where the glob is `DIR/**` and nothing more.
std::optional<std::string_view> directory_of(std::string_view glob) {
  constexpr std::string_view kBelow = "/**";
  if (glob.find('*') + 2 != glob.size() || !glob.ends_with(kBelow)) return std::nullopt;
  return glob.substr(0, glob.size() - kBelow.size());
}

}  // namespace

// Reads a list's elements in order. A list is how many there are, then of each its kind with its length, and its bytes;
// of an expression its place stands for the length.
class MatchPool::Reader {
 public:
  Reader(const MatchPool& pool, ListId list) : at_(pool.bytes_.data() + list), left_(index::take_varint(at_)) {}

  bool done() const { return left_ == 0; }
  Element next() {
    --left_;
    const std::uint32_t head = index::take_varint(at_);
    const auto kind = static_cast<Kind>(head & ((1U << kKindBits) - 1));
    const std::uint32_t number = head >> kKindBits;
    if (kind == Kind::regex) return {kind, {}, number};
    const std::string_view text(at_, number);
    at_ += number;
    return {kind, text, 0};
  }

 private:
  const char* at_;
  std::uint32_t left_;
};

bool MatchPool::covers(const Element& element, std::string_view text) const {
  switch (element.kind) {
    case Kind::literal:
      return element.text == text;
    case Kind::subtree:
      return text.starts_with(element.text) && (text.size() == element.text.size() || text[element.text.size()] == '/');
    case Kind::glob:
      return pattern::glob_matches(element.text, text);
    case Kind::regex:
      return expressions_[element.expression].matches(text);
    case Kind::any:
      return true;
  }
  return false;
}

bool MatchPool::matches(ListId list, std::string_view text) const {
  for (Reader reader(*this, list); !reader.done();) {
    if (covers(reader.next(), text)) return true;
  }
  return false;
}

bool MatchPool::matches(ListId list, std::string_view type, std::string_view id) const {
  for (Reader reader(*this, list); !reader.done();) {
    const Element of_type = reader.next();
    const Element of_id = reader.next();
    if (of_type.text == type && covers(of_id, id)) return true;
  }
  return false;
}

void MatchPool::Builder::begin(std::size_t elements) {
  list_.clear();
  index::append_varint(list_, static_cast<std::uint32_t>(elements));
}

void MatchPool::Builder::push(Kind kind, std::string_view text) {
  index::append_varint(list_, static_cast<std::uint32_t>(text.size() << kKindBits) | static_cast<std::uint32_t>(kind));
  list_.insert(list_.end(), text.begin(), text.end());
}

void MatchPool::Builder::push(const pattern::Pattern& pattern) {
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      push(Kind::literal, pattern.text());
      return;
    case pattern::PatternKind::glob:
      if (const auto directory = directory_of(pattern.text())) {
        push(Kind::subtree, *directory);
      } else {
        push(Kind::glob, pattern.text());
      }
      return;
    case pattern::PatternKind::regex: {
      const auto place = static_cast<std::uint32_t>(expressions_.size());
      const auto [known, added] = known_expressions_.emplace(pattern.text(), place);
      if (added) expressions_.push_back(pattern);
      index::append_varint(list_, known->second << kKindBits | static_cast<std::uint32_t>(Kind::regex));
      return;
    }
  }
}

ListId MatchPool::Builder::end() {
  CHECK(bytes_.size() + list_.size() <= std::numeric_limits<ListId>::max());
  const auto [known, added] = known_lists_.emplace(list_, static_cast<ListId>(bytes_.size()));
  if (added) bytes_.insert(bytes_.end(), list_.begin(), list_.end());
  return known->second;
}

ListId MatchPool::Builder::add(const std::vector<std::string>& texts) {
  begin(texts.size());
  for (const std::string& text : texts) push(Kind::literal, text);
  return end();
}

ListId MatchPool::Builder::add(const std::vector<pattern::Pattern>& patterns) {
  begin(patterns.size());
  for (const pattern::Pattern& pattern : patterns) push(pattern);
  return end();
}

ListId MatchPool::Builder::add(const std::vector<model::ResourceMatch>& resources) {
  begin(2 * resources.size());
  for (const model::ResourceMatch& resource : resources) {
    push(Kind::literal, resource.type);
    if (resource.id) {
      push(*resource.id);
    } else {
      push(Kind::any, {});
    }
  }
  return end();
}

MatchPool MatchPool::Builder::build() && {
  MatchPool out;
  out.bytes_ = FrozenArray(std::move(bytes_));
  expressions_.shrink_to_fit();
  out.expressions_ = std::move(expressions_);
  return out;
}

}  // namespace portreeve::compile
