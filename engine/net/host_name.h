// A DNS host name in its one form: A-labels, lower case, no trailing dot; never an address.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"

namespace portreeve::net {

inline constexpr std::size_t kMaxLabelBytes = 63;
inline constexpr std::size_t kMaxHostNameBytes = 253;

// Walks the labels of a name from the right, top-level label first: `com`, `example`, `api`. Views into the name.
// Requires: `name` is a HostName's text or a suffix of it, and outlives the walk.
class LabelsFromRight {
 public:
  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest), at_end_(rest.empty()) { find(); }
    std::string_view operator*() const { return label_; }
    Iterator& operator++();
    Iterator operator++(int);
    // Two iterators of one walk.
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.at_end_ == b.at_end_ && (a.at_end_ || a.rest_.size() == b.rest_.size());
    }

   private:
    void find();
    std::string_view rest_;  // what is not yet passed, `label_` included
    std::string_view label_;
    bool at_end_ = true;
  };
  explicit LabelsFromRight(std::string_view name) : name_(name) {}
  Iterator begin() const { return Iterator(name_); }
  Iterator end() const { return Iterator(); }

 private:
  std::string_view name_;
};

// A host name. A value. Labels are 1 to 63 of `a-z 0-9 - _`, without a hyphen at either end; 253 bytes in all; two
// hyphens in places three and four mark an A-label alone, whose Punycode decodes to something that is not ASCII. No
// name is an address in any spelling, nor ends in a number. Whether a name exists or may be asked for is not this
// type's business.
class HostName {
 public:
  // Parses what a peer sent: folds ASCII case, drops one trailing dot. Fails for everything that is not ASCII.
  static Result<HostName> parse_wire(std::string_view text);
  // Parses what a policy says, after UTS 46: folds ASCII case, refuses a trailing dot.
  static Result<HostName> parse(std::string_view text);

  std::string_view view() const noexcept { return text_; }
  const std::string& str() const noexcept { return text_; }
  bool is_single_label() const noexcept { return text_.find('.') == std::string::npos; }
  LabelsFromRight labels() const noexcept { return LabelsFromRight(text_); }

  // True for `suffix` itself and for names below it, at label boundaries. `suffix` in canonical form.
  bool is_at_or_below(std::string_view suffix) const noexcept;

  friend auto operator<=>(const HostName&, const HostName&) = default;
  friend bool operator==(const HostName&, const HostName&) = default;

 private:
  explicit HostName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace portreeve::net

template <>
struct std::hash<portreeve::net::HostName> {
  std::size_t operator()(const portreeve::net::HostName& name) const noexcept {
    return std::hash<std::string_view>{}(name.view());
  }
};
