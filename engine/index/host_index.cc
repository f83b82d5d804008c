#include "engine/index/host_index.h"

#include <utility>

namespace portreeve::index {

void HostIndex::Builder::add(const net::HostPattern& pattern, EntryId id) {
  using Kind = net::HostPattern::Kind;
  const std::uint32_t bits = Hit(id, Hit::Certainty::certain).bits();
  switch (pattern.kind()) {
    case Kind::exact:
      exact_.add(pattern.suffix().view(), bits);
      return;
    case Kind::one_label:
      one_label_.add(pattern.suffix().view(), bits);
      return;
    case Kind::any_depth:
      any_depth_.add(pattern.suffix().view(), bits);
      depths_.add(count_of('.', pattern.suffix().view()));
      return;
  }
}

HostIndex HostIndex::Builder::build() && {
  HostIndex out;
  out.exact_ = std::move(exact_).build();
  out.one_label_ = std::move(one_label_).build();
  out.any_depth_ = std::move(any_depth_).build();
  out.depths_ = depths_;
  return out;
}

void HostIndex::find(const net::HostName& name, std::vector<Hit>& out) const {
  const auto append = [&](std::uint32_t bits) { out.push_back(Hit::from_bits(bits)); };
  exact_.for_each(name.view(), append);
  if (one_label_.empty() && any_depth_.empty()) return;
  std::size_t dots = count_of('.', name.view());
  std::string_view suffix = name.view();
  for (bool parent = true; dots > 0; parent = false) {
    suffix.remove_prefix(suffix.find('.') + 1);
    --dots;
    if (parent) one_label_.for_each(suffix, append);
    if (depths_.contains(dots)) any_depth_.for_each(suffix, append);
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
