#include "pep/http/response_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

constexpr std::array<std::string_view, 2> kSingular = {"content-length", "transfer-encoding"};
constexpr std::size_t kStatusLineBytes = 512;  // a reason phrase is a few words

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

ResponseHeadParser::State ResponseHeadParser::feed(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (state_ == State::need_more && consumed < bytes.size()) {
    if (size_ == limits::kResponseHeadBytes) {
      fail_with("the response head is longer than 32768 bytes");
      break;
    }
    ++size_;
    take(bytes[consumed++]);
  }
  return state_;
}

bool ResponseHeadParser::fail_with(std::string message) {
  state_ = State::failed;
  error_ = std::move(message);
  return false;
}

bool ResponseHeadParser::take(char c) {
  if (!in_fields_) return take_in_status_line(c);
  switch (fields_.take(c)) {
    case FieldReader::State::need_more:
      return true;
    case FieldReader::State::failed:
      return fail_with("the response has a header line that cannot be read");
    case FieldReader::State::complete:
      break;
  }
  head_.fields = fields_.release();
  if (!check()) return false;
  state_ = State::complete;
  return true;
}

// `HTTP/1.1 200 OK`, the phrase optional; the bytes before it are checked as they come.
bool ResponseHeadParser::take_in_status_line(char c) {
  constexpr std::string_view kShape = "HTTP/1.n ddd";
  const std::size_t at = line_.size();
  if (at < kShape.size()) {
    const char want = kShape[at];
    const bool right = want == 'n' ? c == '0' || c == '1' : want == 'd' ? is_digit(c) : c == want;
    if (!right) return fail_with("the response does not begin with an HTTP/1.1 status line");
    line_ += c;
    return true;
  }
  if (c == '\n' && line_.back() == '\r') {
    head_.minor_version = line_[7] - '0';
    head_.status = (line_[9] - '0') * 100 + (line_[10] - '0') * 10 + (line_[11] - '0');
    in_fields_ = true;
    return true;
  }
  const bool phrase = is_visible(c) || is_blank(c) || static_cast<unsigned char>(c) >= 0x80;
  const bool begins = at > kShape.size() || c == ' ' || c == '\r';
  if (line_.back() == '\r' || (!phrase && c != '\r') || !begins || at == kStatusLineBytes) {
    return fail_with("the response's status line cannot be read");
  }
  line_ += c;
  return true;
}

bool ResponseHeadParser::check() {
  if (head_.status < 100 || head_.status > 599) return fail_with("the response's status is none of HTTP's");
  if (head_.status == 101) return fail_with("the response switches protocols");
  for (const std::string_view name : kSingular) {
    if (count_fields(head_.fields, name) > 1) {
      return fail_with("the response has the header `" + std::string(name) + "` more than once");
    }
  }
  bool close = false;
  bool keep = false;
  for (const Field& field : head_.fields) {
    if (field.name != "connection") continue;
    for (const std::string_view option : list_elements(field.value)) {
      close = close || equal_ignoring_ascii_case(option, "close");
      keep = keep || equal_ignoring_ascii_case(option, "keep-alive");
    }
  }
  head_.keep_alive = !close && (keep || head_.minor_version == 1);
  return check_framing();
}

bool ResponseHeadParser::check_framing() {
  const std::string* length = head_.find("content-length");
  const std::string* coding = head_.find("transfer-encoding");
  if (coding != nullptr) {
    if (length != nullptr) return fail_with("the response has both Content-Length and Transfer-Encoding");
    if (head_.minor_version == 0 || !equal_ignoring_ascii_case(*coding, "chunked")) {
      return fail_with("the response has a Transfer-Encoding that is not `chunked`");
    }
  }
  if (length != nullptr) {
    if (length->empty() || length->size() > 18 || !std::all_of(length->begin(), length->end(), is_digit)) {
      return fail_with("the response's Content-Length is no number of at most 18 digits");
    }
    for (const char c : *length) head_.content_length = head_.content_length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  const bool bodiless =
      head_.is_interim() || head_.status == 204 || head_.status == 304 || method_ == AskedMethod::head;
  if (bodiless) {
    head_.framing = Framing::none;
  } else if (coding != nullptr) {
    head_.framing = Framing::chunked;
  } else {
    head_.framing = length != nullptr ? Framing::length : Framing::until_close;
  }
  if (head_.framing == Framing::until_close) head_.keep_alive = false;
  return true;
}

}  // namespace portreeve::pep
