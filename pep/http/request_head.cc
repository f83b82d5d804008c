#include "pep/http/request_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

// Fields whose repetition, or whose removal by a `Connection` nomination, would let two readers see two requests.
constexpr std::array<std::string_view, 5> kSingular = {"authorization", "content-length", "host", "proxy-authorization",
                                                       "transfer-encoding"};

bool is_singular(std::string_view name) {
  return std::find(kSingular.begin(), kSingular.end(), name) != kSingular.end();
}

HeadError field_error(FieldFault fault) {
  switch (fault) {
    case FieldFault::line_end:
      return {HeadFault::field, 400, "a line does not end in CR LF"};
    case FieldFault::section_end:
      return {HeadFault::field, 400, "the request head does not end in CR LF"};
    case FieldFault::folded:
      return {HeadFault::field, 400, "a header line is folded"};
    case FieldFault::too_many:
      return {HeadFault::too_large, 431, "the request has more than 100 header lines"};
    case FieldFault::name:
      return {HeadFault::field, 400, "a header name holds a byte that has no place there"};
    case FieldFault::value:
      return {HeadFault::field, 400, "a header value holds a byte that has no place there"};
  }
  return {HeadFault::field, 400, "a header line cannot be read"};
}

}  // namespace

HeadParser::State HeadParser::feed(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (state_ == State::need_more && consumed < bytes.size()) {
    if (size_ == limits::kHttpHeadBytes) {
      fail_with(HeadFault::too_large, "the request head is longer than 8192 bytes", 431);
      break;
    }
    ++size_;
    take(bytes[consumed++]);
  }
  return state_;
}

bool HeadParser::fail_with(HeadFault fault, std::string message, int status) {
  state_ = State::failed;
  error_ = HeadError{fault, status, std::move(message)};
  return false;
}

bool HeadParser::take(char c) { return place_ <= Place::version ? take_in_request_line(c) : take_in_fields(c); }

bool HeadParser::take_in_request_line(char c) {
  if (place_ == Place::method) {
    if (c == ' ' && !head_.method.empty()) {
      place_ = Place::target;
      return true;
    }
    if (!is_token_char(c)) return fail_with(HeadFault::request_line, "the request does not begin with an HTTP method");
    head_.method += c;
    return true;
  }
  if (place_ == Place::target) {
    if (c == ' ' && !head_.target.empty()) {
      place_ = Place::version;
      return true;
    }
    if (!is_visible(c))
      return fail_with(HeadFault::request_line, "the request target holds a byte that has no place there");
    head_.target += c;
    return true;
  }
  if (c == '\r') return finish_version();
  if (!is_visible(c) || word_.size() == 8)
    return fail_with(HeadFault::version, "the request line does not end in HTTP/1.1");
  word_ += c;
  return true;
}

bool HeadParser::finish_version() {
  if (word_ != "HTTP/1.1" && word_ != "HTTP/1.0") {
    return fail_with(HeadFault::version, "the request line does not end in HTTP/1.1");
  }
  head_.minor_version = word_.back() - '0';
  word_.clear();
  place_ = Place::line_end;
  return true;
}

bool HeadParser::take_in_fields(char c) {
  if (place_ == Place::line_end) {
    if (c != '\n') return fail_with(HeadFault::field, "a line does not end in CR LF");
    place_ = Place::fields;
    return true;
  }
  switch (fields_.take(c)) {
    case FieldReader::State::need_more:
      return true;
    case FieldReader::State::failed:
      state_ = State::failed;
      error_ = field_error(fields_.fault());
      return false;
    case FieldReader::State::complete:
      break;
  }
  head_.fields = fields_.release();
  if (!check()) return false;
  state_ = State::complete;
  return true;
}

bool HeadParser::check() {
  for (const std::string_view name : kSingular) {
    if (head_.count(name) < 2) continue;
    return fail_with(name == "host" ? HeadFault::host : HeadFault::framing,
                     "the header `" + std::string(name) + "` comes more than once");
  }
  return check_host() && check_connection() && check_framing();
}

bool HeadParser::check_host() {
  const std::string* host = head_.find("host");
  if (host == nullptr || host->empty()) return fail_with(HeadFault::host, "the request has no Host header");
  return true;
}

bool HeadParser::check_connection() {
  bool close = false;
  bool keep = false;
  for (const Field& field : head_.fields) {
    if (field.name != "connection") continue;
    for (const std::string_view element : list_elements(field.value)) {
      const std::string option = to_lower_ascii(element);
      if (is_singular(option)) {
        return fail_with(HeadFault::framing,
                         "the Connection header names `" + option + "`, which is not its to remove");
      }
      if (!std::all_of(option.begin(), option.end(), is_token_char)) {
        return fail_with(HeadFault::field, "the Connection header is not a list of names");
      }
      close = close || option == "close";
      keep = keep || option == "keep-alive";
    }
  }
  head_.keep_alive = !close && (keep || head_.minor_version == 1);
  return true;
}

bool HeadParser::check_framing() {
  const std::string* length = head_.find("content-length");
  const std::string* coding = head_.find("transfer-encoding");
  if (coding != nullptr) {
    if (length != nullptr) {
      return fail_with(HeadFault::framing, "the request has both Content-Length and Transfer-Encoding");
    }
    if (head_.minor_version == 0 || !equal_ignoring_ascii_case(*coding, "chunked")) {
      return fail_with(HeadFault::framing, "Transfer-Encoding can only be `chunked`, and only in HTTP/1.1");
    }
    head_.framing = Framing::chunked;
    return true;
  }
  if (length == nullptr) return true;
  const bool digits = std::all_of(length->begin(), length->end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || length->empty() || length->size() > 18) {
    return fail_with(HeadFault::framing, "Content-Length is no number of at most 18 digits");
  }
  head_.framing = Framing::length;
  for (const char c : *length) head_.content_length = head_.content_length * 10 + static_cast<std::uint64_t>(c - '0');
  return true;
}

}  // namespace portreeve::pep
