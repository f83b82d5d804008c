#include "pep/broker/scrubber.h"

#include <algorithm>
#include <utility>

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
  const std::uint64_t end = position_ + bytes.size();
  char* const text = out.data() + begin;  // of base_
  while (position_ < end) {
    const char c = text[position_ - base_];
    if (!diverged_ && (c == '%' || c == '\\')) diverge();
    ++position_;
    if (diverged_) {
      slow_step(c);
    } else if (state_ != Needles::kStart || needles_->begins(c)) {
      plain_step(c);
    }
    if (find_) mask(text);
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

void Scrubber::plain_step(char c) {
  state_ = needles_->next(state_, c);
  const std::size_t match = needles_->match(state_);
  if (match > 0) find_ = position_ - match;
}

void Scrubber::slow_step(char c) {
  plain_step(c);
  escape_step(percent_, decode_percent, '%', c);
  escape_step(json_, decode_json, '\\', c);
  diverged_ = !percent_.escape.empty() || !json_.escape.empty() || percent_.state != state_ || json_.state != state_;
}

// The byte at position_ - 1 as this reading takes it.
void Scrubber::escape_step(Reading& reading, int (*decode)(std::string_view), char opener, char c) {
  if (find_) return;  // what comes of it is read anew
  const std::uint64_t start = position_ - 1;
  if (reading.escape.empty()) {
    if (c != opener) return take(reading, c, start);
    reading.escape.assign(1, c);
    reading.escape_start = start;
    return;
  }
  reading.escape += c;
  const int symbol = decode(reading.escape);
  if (symbol == kMore) return;
  const std::string text = std::exchange(reading.escape, {});
  if (symbol != kNone) return take(reading, static_cast<char>(symbol), reading.escape_start);
  // It was none: what came before stands for itself, and the last byte may open the next.
  for (std::size_t i = 0; i + 1 < text.size() && !find_; ++i) take(reading, text[i], reading.escape_start + i);
  escape_step(reading, decode, opener, c);
}

void Scrubber::take(Reading& reading, char symbol, std::uint64_t start) {
  const std::size_t size = reading.starts.size();
  reading.starts[reading.symbols % size] = start;
  ++reading.symbols;
  reading.state = needles_->next(reading.state, symbol);
  const std::size_t match = needles_->match(reading.state);
  if (match > 0) find_ = reading.starts[(reading.symbols - match) % size];
}

// Masks the find, and goes back to read what is held as it now stands: a masked byte may have opened an escape, so that
// what follows means something else. No find holds a masked byte, so this comes to an end.
void Scrubber::mask(char* text) {
  ++found_;
  const std::uint64_t from = std::min(*find_, first_held());
  std::fill(text + (*find_ - base_), text + (position_ - base_), needles_->mask());
  find_.reset();
  position_ = from;
  state_ = Needles::kStart;
  diverged_ = false;
  percent_.escape.clear();
  json_.escape.clear();
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
