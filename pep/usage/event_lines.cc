#include "pep/usage/event_lines.h"

namespace portreeve::pep {
namespace {

constexpr std::string_view kData = "data";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void EventLines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    if (after_cr_) {
      after_cr_ = false;
      if (c == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    if (c == '\n' || c == '\r') {
      after_cr_ = c == '\r';
      bytes.remove_prefix(1);
      line_end();
      continue;
    }
    line_empty_ = false;
    switch (place_) {
      case Place::field:
        bytes.remove_prefix(1);
        if (c != ':') {
          // Five bytes tell every other field from this one.
          if (field_.size() <= kData.size()) field_ += c;
          if (at_head_ && field_ == kByteOrderMark) field_.clear(), line_empty_ = true, at_head_ = false;
          break;
        }
        at_head_ = false;
        if (field_ == kData) {
          if (has_data_) sink_->data("\n");
          has_data_ = true;
          place_ = Place::value_start;
        } else {
          place_ = Place::skip;
        }
        break;
      case Place::value_start:
        place_ = Place::data;
        if (c == ' ') bytes.remove_prefix(1);
        break;
      case Place::data: {
        const std::string_view piece = bytes.substr(0, bytes.find_first_of("\r\n"));
        sink_->data(piece);
        bytes.remove_prefix(piece.size());
        break;
      }
      case Place::skip:
        bytes.remove_prefix(std::min(bytes.find_first_of("\r\n"), bytes.size()));
        break;
    }
  }
}

void EventLines::line_end() {
  if (line_empty_) {
    if (has_data_) sink_->end_event();
    has_data_ = false;
  } else if (place_ == Place::field && field_ == kData) {
    has_data_ = true;  // a line that is only `data` is an empty value
  }
  place_ = Place::field;
  field_.clear();
  line_empty_ = true;
  at_head_ = false;
}

}  // namespace portreeve::pep
