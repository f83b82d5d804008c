#include "engine/net/host_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/net/ip_address.h"
#include "engine/net/punycode.h"

namespace portreeve::net {
namespace {

bool is_label_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

// What is wrong with one lower-case label; empty where nothing is.
std::string_view label_defect(std::string_view label) {
  if (label.empty()) return "has an empty label";
  if (label.size() > kMaxLabelBytes) return "has a label of more than 63 bytes";
  if (!std::all_of(label.begin(), label.end(), is_label_char)) {
    return "has a character other than letters, digits, `-`, `_` and `.`";
  }
  if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with `-`";
  if (label.size() >= 4 && label[2] == '-' && label[3] == '-') {
    if (!label.starts_with("xn--")) return "has a label with `--` in third place that is no `xn--` label";
    if (!is_punycode_of_non_ascii(label.substr(4))) return "has an `xn--` label that encodes nothing";
  }
  return {};
}

// Folds and checks; `original` is for the message.
Result<std::string> checked_name(std::string_view name, std::string_view original) {
  const auto refuse = [original](std::string_view defect) {
    return fail(fmt::format("host name `{}` {}", printable(original), defect));
  };
  if (name.empty()) return fail("the host name is empty");
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::all_of(name.begin(), name.end(), is_ascii)) return refuse("is not ASCII; write its `xn--` form");
  switch (address_spelling(name)) {
    case AddressSpelling::canonical:
      return fail(fmt::format("`{}` is an address, not a host name", name));
    case AddressSpelling::hostile:
      return fail(fmt::format("`{}` is neither a host name nor the plain spelling of an address", printable(original)));
    case AddressSpelling::none:
      break;
  }
  if (name.size() > kMaxHostNameBytes) return refuse("is longer than 253 bytes");
  std::string lower = to_lower_ascii(name);
  for (std::string_view rest = lower;;) {
    const std::size_t dot = rest.find('.');
    if (const auto defect = label_defect(rest.substr(0, dot)); !defect.empty()) return refuse(defect);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return lower;
}

}  // namespace

LabelsFromRight::Iterator& LabelsFromRight::Iterator::operator++() {
  const std::size_t passed = label_.size();
  at_end_ = passed == rest_.size();
  rest_ = at_end_ ? std::string_view() : rest_.substr(0, rest_.size() - passed - 1);
  find();
  return *this;
}

LabelsFromRight::Iterator LabelsFromRight::Iterator::operator++(int) {
  Iterator before = *this;
  ++*this;
  return before;
}

void LabelsFromRight::Iterator::find() { label_ = rest_.substr(rest_.rfind('.') + 1); }

Result<HostName> HostName::parse_wire(std::string_view text) {
  std::string_view name = text;
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  TRY_ASSIGN(std::string checked, checked_name(name, text));
  return HostName(std::move(checked));
}

Result<HostName> HostName::parse(std::string_view text) {
  TRY_ASSIGN(std::string checked, checked_name(text, text));
  return HostName(std::move(checked));
}

bool HostName::is_at_or_below(std::string_view suffix) const noexcept {
  const std::string_view name = text_;
  if (!name.ends_with(suffix)) return false;
  return name.size() == suffix.size() || name[name.size() - suffix.size() - 1] == '.';
}

}  // namespace portreeve::net
