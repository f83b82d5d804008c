// The head of an HTTP/1.1 response, read strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pep/http/field_section.h"
#include "pep/http/request_head.h"

namespace portreeve::pep {

// What was asked, as far as it decides how the answer's body is framed (RFC 9112 §6.3).
enum class AskedMethod : std::uint8_t { head, other };

// A head that passed every check of ResponseHeadParser.
struct ResponseHead {
  int status = 0;  // 100 to 599, never 101
  int minor_version = 1;
  std::vector<Field> fields;  // values may hold bytes from 0x80 on
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // where framing is length
  bool keep_alive = true;

  const std::string* find(std::string_view name) const { return find_field(fields, name); }
  bool is_interim() const { return status < 200; }
};

// Reads one head from bytes as they arrive: at most limits::kResponseHeadBytes, with the strictness of HeadParser. An
// answer that two readers could frame differently is refused: both Content-Length and Transfer-Encoding, either twice,
// a coding but `chunked`, a switch of protocols. The reason phrase is passed over. One object per head; one thread.
class ResponseHeadParser {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  explicit ResponseHeadParser(AskedMethod method) : method_(method) {}

  // Takes bytes up to the end of the head; `consumed` is how many. After complete or failed it takes none.
  State feed(std::string_view bytes, std::size_t& consumed);

  State state() const { return state_; }
  bool started() const { return size_ > 0; }
  // Requires: state() is complete.
  const ResponseHead& head() const { return head_; }
  // Requires: state() is failed. Says nothing of the bytes themselves.
  const std::string& error() const { return error_; }

 private:
  bool take(char c);
  bool take_in_status_line(char c);
  bool fail_with(std::string message);
  bool check();
  bool check_framing();

  const AskedMethod method_;
  State state_ = State::need_more;
  std::size_t size_ = 0;
  bool in_fields_ = false;
  std::string line_;  // the status line
  FieldReader fields_{ObsText::keep};
  ResponseHead head_;
  std::string error_;
};

}  // namespace portreeve::pep
