#include "pep/client/strict_json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;
using Code = json::error_code;

// The DOM keeps the last of two equal keys and tells nobody; the events show both.
struct KeyWatch {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::vector<std::set<std::string, std::less<>>> open;
  std::string key;
  bool twice = false;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) {
    open.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    open.pop_back();
    return true;
  }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, Code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Code&) {
    key.append(part.data(), part.size());
    twice = twice || !open.back().insert(key).second;
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, Code&) { return true; }
  bool on_string(json::string_view, std::size_t, Code&) { return true; }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Code&) { return true; }
  bool on_double(double, json::string_view, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }
};

}  // namespace

Result<json::value> read_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = limits::kJsonDepth;
  json::basic_parser<KeyWatch> watch(options);
  Code error;
  const std::size_t read = watch.write_some(false, text.data(), text.size(), error);
  if (error || read != text.size()) return fail("no JSON text");
  if (watch.handler().twice) return fail("an object has a key twice");
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, json::storage_ptr(), options);
  if (error) return fail("no JSON text");
  return value;
}

std::optional<std::string> as_identifier(const json::value& value) {
  constexpr std::size_t kMostBytes = 128;
  const json::string* text = value.if_string();
  if (text == nullptr || text->empty() || text->size() > kMostBytes) return std::nullopt;
  if (!std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7f; })) return std::nullopt;
  return std::string(text->data(), text->size());
}

const json::object* object_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

std::optional<std::string> identifier_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains({name.data(), name.size()});
  return found == nullptr ? std::nullopt : as_identifier(*found);
}

std::optional<std::int64_t> count_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return std::nullopt;
  return found->get_int64();
}

}  // namespace portreeve::pep
