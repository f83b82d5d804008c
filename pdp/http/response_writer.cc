#include "pdp/http/response_writer.h"

#include <fmt/format.h>

#include <boost/beast/http/status.hpp>
#include <charconv>
#include <ctime>
#include <iterator>

namespace portreeve::pdp {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_field_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
}

void append_reason(std::string& out, int status) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  out.append(reason.data(), reason.size());
}

}  // namespace

void append_response(std::string& out, const HttpResponse& response, const ResponseFraming& framing) {
  const bool never_has_body = response.status == 204 || response.status == 304;
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  append_reason(out, response.status);
  out += "\r\nDate: ";
  out += framing.date;
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    append_field_text(out, name);
    out += ": ";
    append_field_text(out, value);
  }
  if (!never_has_body && !response.stream) {
    out += "\r\nContent-Length: ";
    append_number(out, response.body.size());
  }
  if (framing.after == ConnectionAfter::closed) out += "\r\nConnection: close";
  if (framing.after == ConnectionAfter::kept_and_said) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
  if (!never_has_body && !framing.body_left_out) out += response.body;
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = unix_seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace portreeve::pdp
