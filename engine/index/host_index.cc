#include "engine/index/host_index.h"

namespace portreeve::index {
namespace {

void append(const TextMap<std::vector<EntryId>>& map, std::string_view key, std::vector<EntryId>& out) {
  const auto at = map.find(key);
  if (at != map.end()) out.insert(out.end(), at->second.begin(), at->second.end());
}

}  // namespace

void HostIndex::add(const net::HostPattern& pattern, EntryId id) {
  using Kind = net::HostPattern::Kind;
  switch (pattern.kind()) {
    case Kind::exact:
      exact_[pattern.suffix().str()].push_back(id);
      return;
    case Kind::one_label:
      one_label_[pattern.suffix().str()].push_back(id);
      return;
    case Kind::any_depth:
      any_depth_[pattern.suffix().str()].push_back(id);
      return;
  }
}

void HostIndex::find(const net::HostName& name, std::vector<EntryId>& out) const {
  append(exact_, name.view(), out);
  bool parent = true;
  for (std::size_t dot = name.view().find('.'); dot != std::string_view::npos; dot = name.view().find('.', dot + 1)) {
    const std::string_view suffix = name.view().substr(dot + 1);
    if (parent) append(one_label_, suffix, out);
    append(any_depth_, suffix, out);
    parent = false;
  }
}

bool HostIndex::contains(const net::HostName& name) const {
  if (exact_.contains(name.view())) return true;
  bool parent = true;
  for (std::size_t dot = name.view().find('.'); dot != std::string_view::npos; dot = name.view().find('.', dot + 1)) {
    const std::string_view suffix = name.view().substr(dot + 1);
    if (any_depth_.contains(suffix) || (parent && one_label_.contains(suffix))) return true;
    parent = false;
  }
  return false;
}

}  // namespace portreeve::index
