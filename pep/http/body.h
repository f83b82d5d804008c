// The body of a message: read out of its framing, and framed anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pep/http/field_section.h"
#include "pep/http/request_head.h"

namespace portreeve::pep {

// Reads the chunked coding (RFC 9112 §7.1), strictly: sizes are 1 to 8 hexadecimal digits, no chunk extensions, lines
// end in CR LF. Trailer fields are read by the rules of header lines, at most limits::kHttpHeadBytes of them, and
// dropped. One body per object; one thread.
class ChunkReader {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  // Takes from `rest` what belongs to the body, and returns the next piece of its data, a view into what `rest` viewed.
  // Empty where there is none: look at state(). What lies behind the body stays in `rest`.
  std::string_view next(std::string_view& rest);

  State state() const { return state_; }
  // Requires: state() is failed.
  std::string_view error() const { return error_; }

 private:
  enum class Place : std::uint8_t { size, size_end, data, data_cr, data_lf, trailers };
  void take(char c);
  void fail_with(std::string_view message);

  State state_ = State::need_more;
  Place place_ = Place::size;
  int digits_ = 0;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t trailer_bytes_ = 0;
  FieldReader trailers_{ObsText::keep};
  std::string_view error_;
};

// Reads a body in whatever framing its head states. One body per object; one thread.
class BodyReader {
 public:
  BodyReader(Framing framing, std::uint64_t length)
      : framing_(framing), left_(framing == Framing::length ? length : 0) {}

  // As ChunkReader::next().
  std::string_view next(std::string_view& rest);

  // True once the body is whole.
  bool complete() const;
  bool failed() const { return framing_ == Framing::chunked && chunks_.state() == ChunkReader::State::failed; }
  // The peer has ended the connection: true where that is the body's end.
  bool end() const { return complete() || framing_ == Framing::until_close; }

 private:
  const Framing framing_;
  std::uint64_t left_;
  ChunkReader chunks_;
};

// Appends `data` as one chunk. Nothing for no data, since that would be the last chunk.
void append_chunk(std::string& out, std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace portreeve::pep
