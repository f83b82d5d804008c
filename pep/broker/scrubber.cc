#include "pep/broker/scrubber.h"

#include <algorithm>

namespace portreeve::pep {
namespace {

// What a begun escape is.
constexpr int kMore = -1;
constexpr int kNone = -2;
constexpr char kNotAscii = '\x80';  // stands for all that no needle has

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The number that hexadecimal `digits` spell, of which `count` are needed.
int decode_hex(std::string_view digits, std::size_t count) {
  int value = 0;
  for (const char c : digits) {
    if (hex_digit(c) < 0) return kNone;
    value = value * 16 + hex_digit(c);
  }
  if (digits.size() < count) return kMore;
  return value < 0x80 ? value : static_cast<unsigned char>(kNotAscii);
}

int decode_percent(std::string_view escape) { return decode_hex(escape.substr(1), 2); }

int decode_json(std::string_view escape) {
  if (escape.size() == 1) return kMore;
  switch (escape[1]) {
    case 'u':
      return decode_hex(escape.substr(2), 4);
    case '"':
    case '\\':
    case '/':
      return escape[1];
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return '\n';  // no needle has one of them
    default:
      return kNone;
  }
}

}  // namespace

void Scrubber::feed(std::string_view bytes, std::string& out) {
  const std::size_t begin = out.size();
  base_ = position_ - window_.size();
  out += window_;
  out += bytes;
  std::size_t i = out.size() - bytes.size();
  const std::size_t end = out.size();
  while (i < end) {
    if (diverged_) {
      slow_step(out[i], out, begin);
      ++i;
      continue;
    }
    const char c = out[i];
    if (c == '%' || c == '\\') {
      diverge();
      continue;
    }
    ++i;
    ++position_;
    if (state_ == Needles::kStart && !needles_->begins(c)) continue;
    state_ = needles_->next(state_, c);
    const std::size_t match = needles_->match(state_);
    if (match > 0) mask(position_ - match, position_, out, begin);
  }
  const std::size_t clear = begin + static_cast<std::size_t>(first_held() - base_);
  window_.assign(out, clear);
  out.resize(clear);
}

void Scrubber::finish(std::string& out) {
  out += window_;
  window_.clear();
}

// The readings part: the others stand where the plain one stands.
void Scrubber::diverge() {
  diverged_ = true;
  const std::size_t depth = needles_->depth(state_);
  for (Reading* reading : {&percent_, &json_}) {
    reading->starts.resize(needles_->longest() + 1);
    reading->state = state_;
    reading->symbols = position_;
    for (std::uint64_t at = position_ - depth; at < position_; ++at) {
      reading->starts[at % reading->starts.size()] = at;
    }
  }
}

void Scrubber::slow_step(char c, std::string& out, std::size_t begin) {
  ++position_;
  state_ = needles_->next(state_, c);
  const std::size_t match = needles_->match(state_);
  if (match > 0) mask(position_ - match, position_, out, begin);
  percent_step(c, out, begin);
  json_step(c, out, begin);
  diverged_ = !percent_.escape.empty() || !json_.escape.empty() || percent_.state != state_ || json_.state != state_;
}

void Scrubber::percent_step(char c, std::string& out, std::size_t begin) {
  escape_step(percent_, decode_percent, '%', c, out, begin);
}

void Scrubber::json_step(char c, std::string& out, std::size_t begin) {
  escape_step(json_, decode_json, '\\', c, out, begin);
}

// The byte at position_ - 1 as this reading takes it.
void Scrubber::escape_step(Reading& reading, int (*decode)(std::string_view), char opener, char c, std::string& out,
                           std::size_t begin) {
  const std::uint64_t start = position_ - 1;
  if (reading.escape.empty()) {
    if (c != opener) return take(reading, c, start, position_, out, begin);
    reading.escape.assign(1, c);
    reading.escape_start = start;
    return;
  }
  reading.escape += c;
  const int symbol = decode(reading.escape);
  if (symbol == kMore) return;
  const std::string text = reading.escape;
  reading.escape.clear();
  if (symbol != kNone) {
    return take(reading, static_cast<char>(symbol), reading.escape_start, position_, out, begin);
  }
  // It was none: what came before stands for itself, and the last byte may open the next.
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    take(reading, text[i], reading.escape_start + i, reading.escape_start + i + 1, out, begin);
  }
  escape_step(reading, decode, opener, c, out, begin);
}

void Scrubber::take(Reading& reading, char symbol, std::uint64_t start, std::uint64_t end, std::string& out,
                    std::size_t begin) {
  const std::size_t size = reading.starts.size();
  reading.starts[reading.symbols % size] = start;
  ++reading.symbols;
  reading.state = needles_->next(reading.state, symbol);
  const std::size_t match = needles_->match(reading.state);
  if (match > 0) mask(reading.starts[(reading.symbols - match) % size], end, out, begin);
}

void Scrubber::mask(std::uint64_t from, std::uint64_t to, std::string& out, std::size_t begin) {
  ++found_;
  const auto first = out.begin() + static_cast<std::ptrdiff_t>(begin + static_cast<std::size_t>(from - base_));
  std::fill(first, first + static_cast<std::ptrdiff_t>(to - from), needles_->mask());
}

// The first position that may still become part of a find.
std::uint64_t Scrubber::first_held() const {
  std::uint64_t first = position_ - needles_->depth(state_);
  if (!diverged_) return first;
  for (const Reading* reading : {&percent_, &json_}) {
    if (!reading->escape.empty()) first = std::min(first, reading->escape_start);
    const std::size_t depth = needles_->depth(reading->state);
    if (depth > 0) first = std::min(first, reading->starts[(reading->symbols - depth) % reading->starts.size()]);
  }
  return first;
}

std::string scrub(const std::shared_ptr<const Needles>& needles, std::string_view text) {
  Scrubber scrubber(needles);
  std::string out;
  scrubber.feed(text, out);
  scrubber.finish(out);
  return out;
}

}  // namespace portreeve::pep
