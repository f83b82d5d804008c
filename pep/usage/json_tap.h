// Scalars of a JSON text by where they stand, read as it passes: for answers too large to hold. Internal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace portreeve::pep {

// Told of what a document holds. `path`: the keys down to it, each after a `/`; an array's elements are `[]`, as in
// `/output/[]/type`. It lives until the call returns.
class JsonSink {
 public:
  virtual ~JsonSink() = default;
  virtual void number(std::string_view path, std::int64_t value) = 0;
  // A number with a fraction, or beyond an int64.
  virtual void odd_number(std::string_view path) = 0;
  // A string's first limits::kUsageTextBytes + 1 bytes, unescaped, and how long it is in all.
  virtual void text(std::string_view path, std::string_view head, std::size_t size) = 0;
};

// Reads one JSON text (RFC 8259) in pieces. Memory: what the depth takes, whatever the size. One thread.
class JsonTap {
 public:
  explicit JsonTap(JsonSink& sink);  // `sink` outlives the tap
  ~JsonTap();
  JsonTap(const JsonTap&) = delete;
  JsonTap& operator=(const JsonTap&) = delete;

  // Begins another document.
  void reset();
  // False once the text is no JSON; what was told before stands.
  bool feed(std::string_view bytes);
  // True where all that was fed is one whole document: an object or array that is closed.
  bool whole() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace portreeve::pep
