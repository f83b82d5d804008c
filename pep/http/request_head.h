// The head of an HTTP/1.1 request, read strictly: one parser for both proxies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pep/http/field_section.h"

namespace portreeve::pep {

// How the body that follows the head is framed (RFC 9112 §6); until_close is for responses only.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

// A head that passed every check of HeadParser.
struct RequestHead {
  std::string method;
  std::string target;  // as sent
  int minor_version = 1;
  std::vector<Field> fields;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // where framing is length
  bool keep_alive = true;            // RFC 9112 §9.3, `Proxy-Connection` taken no notice of

  // The value of the first field of that (lower-case) name, or nullptr.
  const std::string* find(std::string_view name) const { return find_field(fields, name); }
  std::size_t count(std::string_view name) const { return count_fields(fields, name); }
};

// What kind of rule a head broke.
enum class HeadFault : std::uint8_t {
  request_line,  // method, target or the blanks between them
  version,
  field,    // the grammar of a header line
  framing,  // anything two parsers could read as two different bodies
  host,     // Host missing, twice, empty, or not the target's
  target,   // the request-target is not of the form its method needs
  body,     // a body where there can be none
  too_large,
};

// A refusal: the answer's status, what was wrong, and one sentence for a person. The reason code is always
// `bad-request`.
struct HeadError {
  HeadFault fault = HeadFault::request_line;
  int status = 400;
  std::string message;
};

// Reads one head from bytes as they arrive. Stricter than RFC 9112 asks where leniency is what smuggling lives on:
// lines end in CR LF and nothing else, no folding, no blanks before the colon, no empty line before the request line,
// field values are printable ASCII, blanks and tabs, framing fields never come twice, `Connection` names no field that
// frames or authenticates. At most limits::kHttpHeadBytes in all. A wrong byte is refused when it arrives, not at the
// end of the head. One object per head; not thread-safe; costs one pass over the bytes.
class HeadParser {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  // Takes bytes up to the end of the head; `consumed` is how many. After complete or failed it takes none.
  State feed(std::string_view bytes, std::size_t& consumed);

  State state() const { return state_; }
  // True once a byte of the head has come.
  bool started() const { return size_ > 0; }
  // Requires: state() is complete.
  const RequestHead& head() const { return head_; }
  // Requires: state() is failed.
  const HeadError& error() const { return error_; }

 private:
  enum class Place : std::uint8_t { method, target, version, line_end, fields };

  bool take(char c);
  bool take_in_request_line(char c);
  bool take_in_fields(char c);
  bool fail_with(HeadFault fault, std::string message, int status = 400);
  bool finish_version();
  bool check();
  bool check_host();
  bool check_framing();
  bool check_connection();

  State state_ = State::need_more;
  Place place_ = Place::method;
  std::size_t size_ = 0;
  std::string word_;  // the version being read
  FieldReader fields_;
  RequestHead head_;
  HeadError error_;
};

}  // namespace portreeve::pep
