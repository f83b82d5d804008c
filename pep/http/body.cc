#include "pep/http/body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr int kSizeDigits = 8;

}  // namespace

std::string_view ChunkReader::next(std::string_view& rest) {
  while (state_ == State::need_more && !rest.empty()) {
    if (place_ == Place::data) {
      const std::size_t size = std::min<std::uint64_t>(left_, rest.size());
      const std::string_view piece = rest.substr(0, size);
      rest.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) place_ = Place::data_cr;
      return piece;
    }
    take(rest.front());
    if (state_ != State::failed) rest.remove_prefix(1);
  }
  return {};
}

void ChunkReader::take(char c) {
  switch (place_) {
    case Place::size: {
      const int digit = hex_digit(c);
      if (digit >= 0 && digits_ < kSizeDigits) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        ++digits_;
        return;
      }
      if (c != '\r' || digits_ == 0) return fail_with("a chunk does not begin with its size");
      place_ = Place::size_end;
      return;
    }
    case Place::size_end:
      if (c != '\n') return fail_with("a chunk's size does not end in CR LF");
      digits_ = 0;
      place_ = left_ == 0 ? Place::trailers : Place::data;
      return;
    case Place::data_cr:
      if (c != '\r') return fail_with("a chunk is longer than its size");
      place_ = Place::data_lf;
      return;
    case Place::data_lf:
      if (c != '\n') return fail_with("a chunk does not end in CR LF");
      place_ = Place::size;
      return;
    case Place::trailers:
      if (++trailer_bytes_ > limits::kHttpHeadBytes) return fail_with("the trailers are longer than 8192 bytes");
      switch (trailers_.take(c)) {
        case FieldReader::State::need_more:
          return;
        case FieldReader::State::failed:
          return fail_with("a trailer cannot be read");
        case FieldReader::State::complete:
          state_ = State::complete;
          return;
      }
      return;
    case Place::data:
      return;
  }
}

void ChunkReader::fail_with(std::string_view message) {
  state_ = State::failed;
  error_ = message;
}

std::string_view BodyReader::next(std::string_view& rest) {
  switch (framing_) {
    case Framing::none:
      return {};
    case Framing::chunked:
      return chunks_.next(rest);
    case Framing::length: {
      const std::size_t size = std::min<std::uint64_t>(left_, rest.size());
      const std::string_view piece = rest.substr(0, size);
      rest.remove_prefix(size);
      left_ -= size;
      return piece;
    }
    case Framing::until_close:
      return std::exchange(rest, {});
  }
  return {};
}

bool BodyReader::complete() const {
  switch (framing_) {
    case Framing::none:
      return true;
    case Framing::length:
      return left_ == 0;
    case Framing::chunked:
      return chunks_.state() == ChunkReader::State::complete;
    case Framing::until_close:
      return false;
  }
  return false;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  char size[16];
  const auto end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
  out.append(size, end);
  out += "\r\n";
  out += data;
  out += "\r\n";
}

}  // namespace portreeve::pep
