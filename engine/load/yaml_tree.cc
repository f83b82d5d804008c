#include "engine/load/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <streambuf>
#include <unordered_set>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/load/yaml_fault.h"

namespace portreeve::load {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Below this many entries a walk finds a repeated key sooner than a hash set.
constexpr std::uint32_t kFewEntries = 16;

class BytesStream : public std::streambuf {
 public:
  explicit BytesStream(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // NOLINT: streambuf's get area is never written
    setg(begin, begin, begin + bytes.size());
  }
};

// Ends the reading of a file; derived from yaml-cpp's, so that it passes through it as its own do.
class Refusal : public YAML::ParserException {
 public:
  Refusal(const YAML::Mark& at, const std::string& what, std::string help)
      : YAML::ParserException(at, what), help_(std::move(help)) {}
  const std::string& help() const { return help_; }

 private:
  std::string help_;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::uint32_t file, std::string_view bytes, Report& report, std::size_t& nodes_left, YamlFile& out)
      : file_(file), bytes_(bytes), report_(report), nodes_left_(nodes_left), out_(out) {}

  void OnDocumentStart(const YAML::Mark&) override {
    stack_.clear();
    root_ = nullptr;
  }
  void OnDocumentEnd() override {
    if (root_ != nullptr && root_->kind != Node::Kind::null) out_.documents.push_back(root_);
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = add(mark, Node::Kind::null);
    refuse_decorations(node, {}, anchor);
    node.at = place_of_null(node);
    place(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node& node = add(mark, Node::Kind::null);
    report_.error(node.at, "aliases are not part of the language",
                  "write the value again, or in quotes if it begins with `*`");
    node.refused = true;
    place(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = add(mark, Node::Kind::plain);
    refuse_decorations(node, tag, anchor);
    if (tag == "!" && byte_at(node.offset) != '!') node.kind = Node::Kind::quoted;
    node.text = keep(node, value);
    if (node.kind == Node::Kind::quoted && !is_closed(node))
      throw Refusal(mark, "the quote is never closed", "close it on the same line, or write the text without quotes");
    if (value.size() > limits::kYamlScalarBytes) {
      report_.error(node.at,
                    fmt::format("a value of {} bytes; at most {} are read", value.size(), limits::kYamlScalarBytes));
      node.refused = true;
    }
    place(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { stack_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::mapping);
  }
  void OnMapEnd() override { stack_.pop_back(); }

 private:
  struct Frame {
    Node* container = nullptr;
    Node* last = nullptr;
    Node* key = nullptr;                                         // of a mapping: the key whose value comes next
    std::unique_ptr<std::unordered_set<std::string_view>> keys;  // once there are many
  };

  char byte_at(std::size_t offset) const { return offset < bytes_.size() ? bytes_[offset] : '\0'; }

  Node& add(const YAML::Mark& mark, Node::Kind kind) {
    if (nodes_left_ == 0) {
      throw Refusal(mark, "the policy set is too large", fmt::format("at most {} values are read", limits::kYamlNodes));
    }
    --nodes_left_;
    Node& node = out_.nodes.emplace_back();
    node.kind = kind;
    node.offset = static_cast<std::uint32_t>(std::max(mark.pos, 0));
    node.at = At{file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
    return node;
  }

  // A null that is not written stands where its key or dash does: yaml-cpp marks whatever comes next.
  At place_of_null(const Node& node) const {
    if (byte_at(node.offset) == '~' || to_lower_ascii(byte_at(node.offset)) == 'n') return node.at;
    if (!stack_.empty() && stack_.back().key != nullptr) return stack_.back().key->at;
    std::size_t offset = std::min<std::size_t>(node.offset, bytes_.size());
    std::uint32_t line = node.at.line;
    while (offset > 0) {
      const char c = bytes_[--offset];
      if (c == '\n') --line;
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
    }
    const std::size_t line_start = offset == 0 ? 0 : bytes_.rfind('\n', offset - 1) + 1;
    return At{file_, std::max(line, 1u), static_cast<std::uint32_t>(offset - line_start + 1)};
  }

  std::string_view keep(const Node& node, const std::string& value) {
    for (const std::size_t skipped : {std::size_t{0}, std::size_t{1}}) {
      const std::size_t at = node.offset + skipped;
      if (at <= bytes_.size() && bytes_.substr(at, value.size()) == value) return bytes_.substr(at, value.size());
    }
    return out_.texts.emplace_back(value);
  }

  // yaml-cpp takes the end of the file for a closing quote.
  bool is_closed(const Node& node) const {
    const char quote = byte_at(node.offset);
    if (quote != '"' && quote != '\'') return true;
    for (std::size_t i = node.offset + 1; i < bytes_.size(); ++i) {
      if (quote == '"' && bytes_[i] == '\\') {
        ++i;
      } else if (bytes_[i] == quote) {
        if (quote == '"' || byte_at(i + 1) != quote) return true;
        ++i;
      }
    }
    return false;
  }

  void refuse_decorations(Node& node, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0)
      report_.error(node.at, "anchors are not part of the language", "write the value where it is needed");
    const bool tagged = tag != "?" && !tag.empty() && (tag != "!" || byte_at(node.offset) == '!');
    if (tagged) {
      report_.error(node.at, fmt::format("the tag `{}` is not part of the language", printable(tag)),
                    "write the value alone");
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    Node& node = add(mark, kind);
    refuse_decorations(node, tag, anchor);
    if (stack_.size() >= limits::kYamlDepth) {
      throw Refusal(mark, "nested too deep", fmt::format("at most {} levels are read", limits::kYamlDepth));
    }
    place(node);
    stack_.push_back(Frame{&node, nullptr, nullptr, nullptr});
  }

  // Hangs the node into the container that is open.
  void place(Node& node) {
    if (stack_.empty()) {
      root_ = &node;
      return;
    }
    Frame& frame = stack_.back();
    (frame.last == nullptr ? frame.container->first : frame.last->next) = &node;
    frame.last = &node;
    if (frame.container->kind == Node::Kind::sequence) {
      ++frame.container->count;
    } else if (frame.key != nullptr) {
      frame.key = nullptr;
    } else {
      check_key(frame, node);
      frame.key = &node;
      ++frame.container->count;
    }
  }

  void check_key(Frame& frame, Node& key) {
    if (!key.is_scalar()) {
      if (key.refused) throw Refusal(mark_of(key), "", "");
      throw Refusal(mark_of(key), "a key must be plain text", "write `key: value`");
    }
    if (key.refused) return;
    if (key.text == "<<" && key.kind == Node::Kind::plain) {
      report_.error(key.at, "merge keys are not part of the language", "write the keys where they are needed");
      key.refused = true;
      return;
    }
    if (is_repeated(frame, key)) {
      report_.error(key.at, fmt::format("the key `{}` stands twice in one mapping", printable(key.text)),
                    "keep one of them");
      key.refused = true;
    }
  }

  static bool is_repeated(Frame& frame, const Node& key) {
    if (frame.container->count < kFewEntries) {
      for (const Node* other = frame.container->first; other != &key; other = other->next->next) {
        if (other->text == key.text) return true;
      }
      return false;
    }
    if (frame.keys == nullptr) {
      frame.keys = std::make_unique<std::unordered_set<std::string_view>>();
      for (const Node* other = frame.container->first; other != &key; other = other->next->next) {
        frame.keys->insert(other->text);
      }
    }
    return !frame.keys->insert(key.text).second;
  }

  static YAML::Mark mark_of(const Node& node) {
    YAML::Mark mark;
    mark.pos = static_cast<int>(node.offset);
    mark.line = static_cast<int>(node.at.line) - 1;
    mark.column = static_cast<int>(node.at.column) - 1;
    return mark;
  }

  const std::uint32_t file_;
  const std::string_view bytes_;
  Report& report_;
  std::size_t& nodes_left_;
  YamlFile& out_;
  std::vector<Frame> stack_;
  const Node* root_ = nullptr;
};

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// Reports the first byte that no policy file may hold. True if there is none.
bool check_bytes(std::uint32_t file, std::string_view bytes, Report& report) {
  if (bytes.size() > limits::kPolicyFileBytes) {
    report.error({file, 0, 0}, fmt::format("the file has {} bytes", bytes.size()),
                 fmt::format("at most {} are read", limits::kPolicyFileBytes));
    return false;
  }
  std::uint32_t line_number = 1;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    const std::string_view line = bytes.substr(0, end);
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool stray_return = line[i] == '\r' && i + 1 < line.size() && line[i + 1] != '\n';
      if (!is_control(line[i]) && !stray_return) continue;
      report.error({file, line_number, static_cast<std::uint32_t>(i + 1)},
                   fmt::format("the control character `{}`", printable(line.substr(i, 1))),
                   "policies are plain UTF-8 text");
      return false;
    }
    if (!is_valid_utf8(line)) {
      std::size_t good = 0;
      for (std::size_t length = 1; length <= line.size(); ++length) {
        if (is_valid_utf8(line.substr(good, length - good))) good = length;
        if (length - good >= 4) break;
      }
      report.error({file, line_number, static_cast<std::uint32_t>(good + 1)}, "ill-formed UTF-8",
                   "save the file as UTF-8");
      return false;
    }
    bytes.remove_prefix(end);
    ++line_number;
  }
  return true;
}

void report_fault(std::uint32_t file, std::string_view bytes, const YAML::Exception& fault, Report& report) {
  const At at{file, static_cast<std::uint32_t>(std::max(fault.mark.line, 0) + 1),
              static_cast<std::uint32_t>(std::max(fault.mark.column, 0) + 1)};
  YamlFault words = explain_yaml_fault(bytes, static_cast<std::size_t>(std::max(fault.mark.pos, 0)), fault.msg);
  report.error(at, std::move(words.message), std::move(words.help));
}

}  // namespace

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::plain:
    case Node::Kind::quoted:
      return "a value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

YamlFile read_yaml(std::uint32_t file, Report& report, std::size_t& nodes_left) {
  YamlFile out;
  std::string_view bytes = report.bytes(file);
  if (!check_bytes(file, bytes, report)) return out;
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  BytesStream buffer(bytes);
  std::istream stream(&buffer);
  TreeBuilder builder(file, bytes, report, nodes_left, out);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    out.well_formed = true;
  } catch (const Refusal& refusal) {
    const At at{file, static_cast<std::uint32_t>(std::max(refusal.mark.line, 0) + 1),
                static_cast<std::uint32_t>(std::max(refusal.mark.column, 0) + 1)};
    if (!refusal.msg.empty()) report.error(at, refusal.msg, refusal.help());
  } catch (const YAML::Exception& fault) {
    report_fault(file, bytes, fault, report);
  }
  return out;
}

namespace {

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// How many bytes of the file the next unit of a double-quoted scalar takes, and how many of its text.
struct Unit {
  std::size_t written = 1;
  std::size_t decoded = 1;
  bool white = false;
};

std::size_t utf8_bytes(std::uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

Unit escape_at(std::string_view rest) {
  const char kind = rest.size() > 1 ? rest[1] : '\0';
  const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) {
    const bool wide = kind == 'N' || kind == '_';
    const bool wider = kind == 'L' || kind == 'P';
    return {2,
            wide    ? std::size_t{2}
            : wider ? std::size_t{3}
                    : std::size_t{1},
            kind == 'n' || kind == 't' || kind == 'r' || kind == ' ' || kind == '\n' || kind == '\t'};
  }
  std::uint32_t code = 0;
  for (const char c : rest.substr(2, digits)) {
    const char lower = to_lower_ascii(c);
    code = code * 16 + static_cast<std::uint32_t>(lower >= 'a' ? lower - 'a' + 10 : lower - '0');
  }
  return {2 + digits, utf8_bytes(code), code == ' ' || code == '\t' || code == '\n' || code == '\r'};
}

Unit unit_at(std::string_view rest, char style) {
  if (style == '"' && rest.front() == '\\') return escape_at(rest);
  if (style == '\'' && rest.starts_with("''")) return {2, 1, false};
  return {1, 1, is_white(rest.front())};
}

}  // namespace

At place_within(const Node& scalar, std::size_t offset, std::string_view file_bytes) {
  if (file_bytes.starts_with(kByteOrderMark)) file_bytes.remove_prefix(kByteOrderMark.size());
  offset = std::min(offset, scalar.text.size());
  std::size_t dark = static_cast<std::size_t>(
      std::ranges::count_if(scalar.text.substr(0, offset), [](char c) { return !is_white(c); }));
  const bool at_white = offset == scalar.text.size() || is_white(scalar.text[offset]);
  std::size_t blanks = 0;  // white space just before the place
  while (blanks < offset && is_white(scalar.text[offset - 1 - blanks])) ++blanks;

  std::size_t at = scalar.offset;
  std::uint32_t line = scalar.at.line;
  const char style = at < file_bytes.size() && scalar.kind == Node::Kind::quoted ? file_bytes[at] : '\0';
  if (style == '"' || style == '\'') ++at;
  if (style == '|' || style == '>') {
    at = std::min(file_bytes.find('\n', at), file_bytes.size());
  }
  std::size_t line_start = at;
  while (line_start > 0 && file_bytes[line_start - 1] != '\n') --line_start;
  while (at < file_bytes.size()) {
    const Unit unit = unit_at(file_bytes.substr(at), style);
    if (dark == 0 && (!unit.white || (at_white && blanks == 0))) break;
    if (dark == 0 && blanks > 0) --blanks;
    if (!unit.white) dark -= std::min(dark, unit.decoded);
    for (std::size_t i = at; i < std::min(at + unit.written, file_bytes.size()); ++i) {
      if (file_bytes[i] != '\n') continue;
      ++line;
      line_start = i + 1;
    }
    at += unit.written;
  }
  return {scalar.at.file, line, static_cast<std::uint32_t>(at - line_start + 1)};
}

}  // namespace portreeve::load
