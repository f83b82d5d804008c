// Takes a credential out of what an upstream sends back, while it passes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pep/broker/needles.h"

namespace portreeve::pep {

// Searches one stream of bytes, however it is split, for the needles: as they are, and with any of their characters
// percent-escaped (RFC 3986) or JSON-escaped (RFC 8259 §7, `\u` forms included). What is found is masked byte by byte,
// so that the length stays; what is left holds no needle in any reading. Holds back only what could be the beginning of
// a needle, at most six times the longest. The fast path looks at each byte once; no allocation but for the output,
// until the first escape comes. One thread.
class Scrubber {
 public:
  explicit Scrubber(std::shared_ptr<const Needles> needles) : needles_(std::move(needles)) {}

  // Appends to `out` what of the stream is clear by now.
  void feed(std::string_view bytes, std::string& out);
  // The stream is over: appends what was held back.
  void finish(std::string& out);

  std::uint64_t found() const { return found_; }

 private:
  // One way to read the stream: as it is, or with its escapes taken for what they stand for. `starts` are the positions
  // where the last symbols began, by their number modulo its size.
  struct Reading {
    Needles::State state = Needles::kStart;
    std::uint64_t symbols = 0;
    std::vector<std::uint64_t> starts;
    std::string escape;  // begun, not whole
    std::uint64_t escape_start = 0;
  };

  void plain_step(char c);
  void slow_step(char c);
  void escape_step(Reading& reading, int (*decode)(std::string_view), char opener, char c);
  void take(Reading& reading, char symbol, std::uint64_t start);
  void diverge();
  void mask(char* text);
  std::uint64_t first_held() const;

  const std::shared_ptr<const Needles> needles_;
  std::string window_;      // held back
  std::uint64_t base_ = 0;  // the position of the window's first byte
  std::uint64_t position_ = 0;
  std::uint64_t found_ = 0;
  std::optional<std::uint64_t> find_;       // where a needle begins that ends here
  Needles::State state_ = Needles::kStart;  // of the stream as it is
  bool diverged_ = false;                   // the other readings stand elsewhere
  Reading percent_;
  Reading json_;
};

// A whole text scrubbed, such as a header's value.
std::string scrub(const std::shared_ptr<const Needles>& needles, std::string_view text);

}  // namespace portreeve::pep
