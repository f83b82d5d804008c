#include "engine/net/host_pattern.h"

#include <fmt/format.h>

#include "engine/base/check.h"
#include "engine/base/text.h"

namespace portreeve::net {
namespace {

std::string_view wildcard_of(HostPattern::Kind kind) {
  switch (kind) {
    case HostPattern::Kind::exact:
      return "";
    case HostPattern::Kind::one_label:
      return "*.";
    case HostPattern::Kind::any_depth:
      return "**.";
  }
  return "";
}

}  // namespace

Result<HostPattern> HostPattern::parse(std::string_view text) {
  if (text == "*" || text == "**") {
    return fail(fmt::format(
        "host pattern `{}` covers every name; name a domain, like `*.example.com`, or say `internet: true`", text));
  }
  Kind kind = Kind::exact;
  for (const Kind wildcard : {Kind::one_label, Kind::any_depth}) {
    if (text.starts_with(wildcard_of(wildcard))) kind = wildcard;
  }
  const std::string_view suffix_text = text.substr(wildcard_of(kind).size());
  if (suffix_text.find('*') != std::string_view::npos) {
    return fail(
        fmt::format("host pattern `{}` has a wildcard in the wrong place; only the whole first label may be `*` (one "
                    "label) or `**` (one or more), like `*.example.com`",
                    printable(text)));
  }
  auto suffix = HostName::parse(suffix_text);
  if (!suffix) return fail(fmt::format("host pattern `{}`: {}", printable(text), suffix.error().message));
  // The shortest name below is a label of one byte and a dot.
  if (kind != Kind::exact && suffix->view().size() + 2 > kMaxHostNameBytes) {
    return fail(fmt::format("host pattern `{}` leaves no room for a label before its suffix", printable(text)));
  }
  return HostPattern(kind, *std::move(suffix));
}

bool HostPattern::matches(const HostName& name) const noexcept {
  const std::string_view text = name.view();
  const std::string_view suffix = suffix_.view();
  if (kind_ == Kind::exact) return text == suffix;
  if (text.size() == suffix.size() || !name.is_at_or_below(suffix)) return false;
  if (kind_ == Kind::any_depth) return true;
  return text.substr(0, text.size() - suffix.size() - 1).find('.') == std::string_view::npos;
}

std::string HostPattern::to_string() const { return fmt::format("{}{}", wildcard_of(kind_), suffix_.view()); }

bool HostPattern::covers(const HostPattern& other) const noexcept {
  if (other.kind_ == Kind::exact) return matches(other.suffix_);
  switch (kind_) {
    case Kind::exact:
      return false;
    case Kind::one_label:
      return other.kind_ == Kind::one_label && other.suffix_ == suffix_;
    case Kind::any_depth:
      return other.suffix_.is_at_or_below(suffix_.view());
  }
  return false;
}

bool HostPattern::overlaps(const HostPattern& other) const noexcept {
  if (kind_ == Kind::exact) return other.matches(suffix_);
  if (other.kind_ == Kind::exact) return matches(other.suffix_);
  if (kind_ == Kind::one_label && other.kind_ == Kind::one_label) return suffix_ == other.suffix_;
  return (kind_ == Kind::any_depth && other.suffix_.is_at_or_below(suffix_.view())) ||
         (other.kind_ == Kind::any_depth && suffix_.is_at_or_below(other.suffix_.view()));
}

}  // namespace portreeve::net
