#include "pep/broker/model_request.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/client/strict_json.h"
#include "pep/http/field_section.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;
using Code = json::error_code;

constexpr std::size_t kDepth = 128;             // tool schemas nest deeper than questions do
constexpr std::size_t kObjectMembers = 16'384;  // bounds what the search for equal keys remembers
constexpr std::array<std::string_view, 5> kRead = {"model", "models", "fallbacks", "stream", "stream_options"};
constexpr std::string_view kUsageIncluded = R"({"include_usage":true})";

// Gathers the few members that matter, and finds keys that come twice anywhere.
struct Gatherer {
  static constexpr std::size_t max_object_size = kObjectMembers;
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = 64u << 10;
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  ModelRequest request;
  std::string fault;
  bool has_model = false;

  // The innermost object that is open has its keys at the back; arrays have an empty set that is never looked at.
  std::vector<std::set<std::string, std::less<>>> open;
  std::size_t members = 0;  // of the outermost object
  std::string key;
  std::string top;     // the key of the outermost object that is being read
  std::string option;  // the key within `stream_options`
  std::string text;

  bool refuse(std::string why) {
    if (fault.empty()) fault = std::move(why);
    return true;
  }
  bool at_top() const { return open.size() == 1; }
  bool in_stream_options() const { return open.size() == 2 && top == "stream_options"; }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) {
    value_begins(Kind::object);
    open.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    open.pop_back();
    return true;
  }
  bool on_array_begin(Code&) {
    value_begins(Kind::other);
    if (open.empty()) refuse("the body is no JSON object");
    open.emplace_back();
    return true;
  }
  bool on_array_end(std::size_t, Code&) {
    open.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, Code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Code&) {
    key.append(part.data(), part.size());
    const std::string name = std::exchange(key, {});
    if (!open.back().insert(name).second) return refuse("an object in the body has a key twice");
    if (in_stream_options()) option = name;
    if (!at_top()) return true;
    top = name;
    ++members;
    for (const std::string_view known : kRead) {
      if (name != known && equal_ignoring_ascii_case(name, known)) {
        return refuse("the body has a key that is `" + std::string(known) + "` but for its case");
      }
    }
    if (name == "models" || name == "fallbacks") refuse("the body has `" + name + "`; it names one `model`");
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Code&) {
    if (at_top() && top == "model" && text.size() <= limits::kModelNameBytes) text.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, Code&) {
    if (at_top() && top == "model") {
      if (text.size() <= limits::kModelNameBytes) text.append(part.data(), part.size());
      has_model = true;
      request.model = std::exchange(text, {});
      if (request.model.empty() || request.model.size() > limits::kModelNameBytes) {
        refuse("`model` is a text of 1 to 256 bytes");
      }
      return true;
    }
    value_begins(Kind::other);
    return true;
  }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Code&) { return value_begins(Kind::other); }
  bool on_uint64(std::uint64_t, json::string_view, Code&) { return value_begins(Kind::other); }
  bool on_double(double, json::string_view, Code&) { return value_begins(Kind::other); }
  bool on_bool(bool value, Code&) { return value_begins(value ? Kind::yes : Kind::no); }
  bool on_null(Code&) { return value_begins(Kind::null); }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

 private:
  enum class Kind : std::uint8_t { object, yes, no, null, other };

  // A value that is no string, or a string that is not `model`.
  bool value_begins(Kind kind) {
    using IncludeUsage = ModelRequest::IncludeUsage;
    if (open.empty() && kind != Kind::object) return refuse("the body is no JSON object");
    if (in_stream_options() && option == "include_usage") {
      request.include_usage = kind == Kind::yes ? IncludeUsage::yes : IncludeUsage::no;
      return true;
    }
    if (!at_top()) return true;
    if (top == "model") return refuse("`model` is a text");
    if (top == "stream") {
      request.stream = kind == Kind::yes;
      if (kind != Kind::yes && kind != Kind::no && kind != Kind::null) return refuse("`stream` is true or false");
    }
    if (top == "stream_options") {
      request.stream_options_member = members - 1;
      request.include_usage = kind == Kind::object || kind == Kind::null ? IncludeUsage::no : IncludeUsage::unreadable;
    }
    return true;
  }
};

// Where the value of the outermost object's `member`-th member stands. Requires: well-formed JSON, an object.
std::pair<std::size_t, std::size_t> value_range(std::string_view body, std::size_t member) {
  std::size_t depth = 0;
  std::size_t seen = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '"') {
      for (++i; body[i] != '"'; ++i) {
        if (body[i] == '\\') ++i;
      }
      continue;
    }
    const bool ends = depth == 1 && (c == ',' || c == '}');
    if (ends && begin != 0) return {begin, i};
    if (ends && c == ',') ++seen;
    if (depth == 1 && c == ':' && seen == member) begin = i + 1;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return {body.size(), body.size()};
}

// The data of a server-sent event; of a few lines one after the other.
std::string data_of(std::string_view event) {
  std::string data;
  while (!event.empty()) {
    const std::size_t end = std::min(event.find('\n'), event.size());
    std::string_view line = event.substr(0, end);
    event.remove_prefix(std::min(end + 1, event.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("data:")) continue;
    line.remove_prefix(5);
    if (line.starts_with(' ')) line.remove_prefix(1);
    data += line;
  }
  return data;
}

bool is_usage_chunk(std::string_view event) {
  if (event.find("\"usage\"") == std::string_view::npos) return false;
  const auto value = read_json(data_of(event));
  const json::object* root = value ? value->if_object() : nullptr;
  if (root == nullptr) return false;
  const json::value* choices = root->if_contains("choices");
  const json::value* usage = root->if_contains("usage");
  return choices != nullptr && choices->is_array() && choices->get_array().empty() && usage != nullptr &&
         usage->is_object();
}

}  // namespace

Result<ModelRequest> read_model_request(std::string_view body) {
  json::parse_options options;
  options.max_depth = kDepth;
  json::basic_parser<Gatherer> parser(options);
  Code error;
  const std::size_t read = parser.write_some(false, body.data(), body.size(), error);
  Gatherer& found = parser.handler();
  if (!found.fault.empty()) return fail(found.fault);
  if (error || read != body.size()) return fail("the body is no JSON text");
  if (!found.has_model) return fail("the body has no `model`");
  return std::move(found.request);
}

std::optional<std::string> with_usage_included(std::string_view body, const ModelRequest& request) {
  using IncludeUsage = ModelRequest::IncludeUsage;
  if (request.include_usage == IncludeUsage::unreadable) return std::nullopt;
  std::string out;
  out.reserve(body.size() + 64);
  if (request.include_usage == IncludeUsage::absent) {
    const std::size_t brace = body.find('{');
    out += body.substr(0, brace + 1);
    out += R"("stream_options":)";
    out += kUsageIncluded;
    out += ',';  // there is a member behind it: `model`
    out += body.substr(brace + 1);
    return out;
  }
  const auto [begin, end] = value_range(body, request.stream_options_member);
  auto value = read_json(trim_blanks(body.substr(begin, end - begin)));
  if (!value) return std::nullopt;
  out += body.substr(0, begin);
  if (json::object* options = value->if_object()) {
    (*options)["include_usage"] = true;
    out += json::serialize(*options);
  } else {
    out += kUsageIncluded;
  }
  out += body.substr(end);
  return out;
}

void UsageChunkFilter::feed(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    event_ += c;
    const bool event_ends = c == '\n' && line_empty_;
    if (c != '\r') line_empty_ = c == '\n';
    if (event_ends) {
      if (passing_ || !is_usage_chunk(event_)) out += event_;
      event_.clear();
      passing_ = false;
      line_empty_ = true;
    } else if (event_.size() > limits::kUsageChunkBytes) {
      out += event_;
      event_.clear();
      passing_ = true;
    }
  }
  if (passing_) {
    out += event_;
    event_.clear();
  }
}

void UsageChunkFilter::finish(std::string& out) {
  if (passing_ || !is_usage_chunk(event_)) out += event_;
  event_.clear();
}

}  // namespace portreeve::pep
