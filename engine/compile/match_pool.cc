#include "engine/compile/match_pool.h"

#include <cstring>

#include "engine/pattern/glob.h"

namespace portreeve::compile {

// Reads a list's elements in order. A list is its count, then each element's kind, length and bytes.
class MatchPool::Reader {
 public:
  Reader(const MatchPool& pool, ListId list) : at_(pool.bytes_.data() + list), left_(number()) {}

  bool done() const { return left_ == 0; }
  Element next() {
    --left_;
    const auto kind = static_cast<Kind>(*at_++);
    const std::uint32_t length = number();
    const std::string_view text(at_, length);
    at_ += length;
    return {kind, text};
  }

 private:
  std::uint32_t number() {
    std::uint32_t out = 0;
    std::memcpy(&out, at_, sizeof out);
    at_ += sizeof out;
    return out;
  }
  const char* at_;
  std::uint32_t left_;
};

void MatchPool::push_number(std::size_t number) {
  const auto narrow = static_cast<std::uint32_t>(number);
  char bytes[sizeof narrow];
  std::memcpy(bytes, &narrow, sizeof narrow);
  bytes_.insert(bytes_.end(), bytes, bytes + sizeof bytes);
}

ListId MatchPool::begin(std::size_t elements) {
  const auto list = static_cast<ListId>(bytes_.size());
  push_number(elements);
  return list;
}

void MatchPool::push(Kind kind, std::string_view text) {
  bytes_.push_back(static_cast<char>(kind));
  push_number(text.size());
  bytes_.insert(bytes_.end(), text.begin(), text.end());
}

void MatchPool::push(const pattern::Pattern& pattern) {
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      push(Kind::literal, pattern.text());
      return;
    case pattern::PatternKind::glob:
      push(Kind::glob, pattern.text());
      return;
    case pattern::PatternKind::regex: {
      const auto place = static_cast<std::uint32_t>(expressions_.size());
      expressions_.push_back(&pattern);
      char bytes[sizeof place];
      std::memcpy(bytes, &place, sizeof place);
      push(Kind::regex, {bytes, sizeof bytes});
      return;
    }
  }
}

ListId MatchPool::add(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) return kNoList;
  const ListId list = begin(texts->size());
  for (const std::string& text : *texts) push(Kind::literal, text);
  return list;
}

ListId MatchPool::add(const std::optional<std::vector<model::Reference>>& names) {
  if (!names) return kNoList;
  const ListId list = begin(names->size());
  for (const model::Reference& name : *names) push(Kind::literal, name.name);
  return list;
}

ListId MatchPool::add(const std::optional<std::vector<pattern::Pattern>>& patterns) {
  if (!patterns) return kNoList;
  const ListId list = begin(patterns->size());
  for (const pattern::Pattern& pattern : *patterns) push(pattern);
  return list;
}

ListId MatchPool::add(const std::optional<std::vector<model::ResourceMatch>>& resources) {
  if (!resources) return kNoList;
  const ListId list = begin(2 * resources->size());
  for (const model::ResourceMatch& resource : *resources) {
    push(Kind::literal, resource.type);
    if (resource.id) {
      push(*resource.id);
    } else {
      push(Kind::any, {});
    }
  }
  return list;
}

bool MatchPool::covers(const Element& element, std::string_view text) const {
  switch (element.kind) {
    case Kind::literal:
      return element.text == text;
    case Kind::glob:
      return pattern::glob_matches(element.text, text);
    case Kind::regex: {
      std::uint32_t place = 0;
      std::memcpy(&place, element.text.data(), sizeof place);
      return expressions_[place]->matches(text);
    }
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

}  // namespace portreeve::compile
