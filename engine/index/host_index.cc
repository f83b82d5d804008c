#include "engine/index/host_index.h"

namespace portreeve::index {

void HostIndex::add(const net::HostPattern& pattern, EntryId id) {
  using Kind = net::HostPattern::Kind;
  switch (pattern.kind()) {
    case Kind::exact:
      exact_.add(pattern.suffix().view(), id);
      return;
    case Kind::one_label:
      one_label_.add(pattern.suffix().view(), id);
      return;
    case Kind::any_depth:
      any_depth_.add(pattern.suffix().view(), id);
      return;
  }
}

void HostIndex::compact() {
  exact_.compact();
  one_label_.compact();
  any_depth_.compact();
}

void HostIndex::find(const net::HostName& name, std::vector<EntryId>& out) const {
  exact_.find(name.view(), out);
  if (one_label_.empty() && any_depth_.empty()) return;
  bool parent = true;
  for (std::size_t dot = name.view().find('.'); dot != std::string_view::npos; dot = name.view().find('.', dot + 1)) {
    const std::string_view suffix = name.view().substr(dot + 1);
    if (parent) one_label_.find(suffix, out);
    any_depth_.find(suffix, out);
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
