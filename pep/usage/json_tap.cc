#include "pep/usage/json_tap.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;
using Code = json::error_code;

// A longer key is none that anyone looks for, nor one that looks like a path; `~` keeps it from being taken for one.
constexpr std::size_t kMostKey = 64;

struct Places {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  JsonSink* sink = nullptr;
  std::string path;
  std::vector<std::size_t> above;  // the path's size before each container that is open
  std::string key;
  std::string head;

  void clear() {
    path.clear();
    above.clear();
    key.clear();
    head.clear();
  }
  bool open() {
    above.push_back(path.size());
    return true;
  }
  bool close() {
    path.resize(above.back());
    above.pop_back();
    return true;
  }
  void add_key(json::string_view part) {
    key.append(part.data(), std::min(part.size(), kMostKey + 1 - std::min(key.size(), kMostKey + 1)));
  }
  void add_text(json::string_view part) {
    constexpr std::size_t kMost = limits::kUsageTextBytes + 1;
    head.append(part.data(), std::min(part.size(), kMost - std::min(head.size(), kMost)));
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return open(); }
  bool on_object_end(std::size_t, Code&) { return close(); }
  bool on_array_begin(Code&) {
    open();
    path += "/[]";
    return true;
  }
  bool on_array_end(std::size_t, Code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, Code&) {
    add_key(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Code&) {
    add_key(part);
    path.resize(above.back());
    path += '/';
    path.append(key, 0, kMostKey);
    if (key.size() > kMostKey || key.find_first_of("/[") != std::string::npos) path += '~';
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Code&) {
    add_text(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t size, Code&) {
    add_text(part);
    sink->text(path, head, size);
    head.clear();
    return true;
  }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, Code&) {
    sink->number(path, value);
    return true;
  }
  bool on_uint64(std::uint64_t, json::string_view, Code&) {
    sink->odd_number(path);
    return true;
  }
  // A whole number may be written `12.0`.
  bool on_double(double value, json::string_view, Code&) {
    constexpr double kMostExact = 9007199254740992.0;  // 2^53
    if (value == std::trunc(value) && std::abs(value) < kMostExact) {
      sink->number(path, static_cast<std::int64_t>(value));
    } else {
      sink->odd_number(path);
    }
    return true;
  }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }
};

json::parse_options bounded() {
  json::parse_options options;
  options.max_depth = limits::kAnswerJsonDepth;
  return options;
}

}  // namespace

struct JsonTap::Parser {
  json::basic_parser<Places> parser{bounded()};
  bool sound = true;
};

JsonTap::JsonTap(JsonSink& sink) : parser_(std::make_unique<Parser>()) { parser_->parser.handler().sink = &sink; }
JsonTap::~JsonTap() = default;

void JsonTap::reset() {
  parser_->parser.reset();
  parser_->parser.handler().clear();
  parser_->sound = true;
}

bool JsonTap::feed(std::string_view bytes) {
  if (!parser_->sound || bytes.empty()) return parser_->sound;
  Code error;
  const std::size_t read = parser_->parser.write_some(true, bytes.data(), bytes.size(), error);
  parser_->sound = !error && read == bytes.size();
  return parser_->sound;
}

bool JsonTap::whole() const { return parser_->sound && parser_->parser.done(); }

}  // namespace portreeve::pep
