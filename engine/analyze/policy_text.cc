#include "engine/analyze/policy_text.h"

#include <algorithm>

#include "engine/base/json_value.h"
#include "engine/load/report.h"
#include "engine/load/yaml_tree.h"

namespace portreeve::analyze {
namespace {

using load::Node;

// A document of some thousand rules: read in some tens of milliseconds.
constexpr std::size_t kMostDocumentBytes = 1u << 20;
constexpr std::size_t kMostNodes = 200'000;
constexpr std::size_t kMostText = 400;
constexpr std::size_t kMostItems = 1000;

// The document that holds the line, and the line of the file that it begins with.
struct Slice {
  std::string_view text;
  std::uint32_t first_line = 1;
};

Slice document_at(std::string_view bytes, std::uint32_t line) {
  Slice slice{{}, 1};
  std::size_t begin = 0;
  std::uint32_t number = 1;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size() - 1) + 1;
    if (bytes.substr(at).starts_with("---")) {
      if (number > line) break;
      begin = end;
      slice.first_line = number + 1;
    }
    at = end;
    ++number;
  }
  slice.text = bytes.substr(begin, at - begin);
  return slice;
}

void render(const Node& node, std::string& out) {
  if (out.size() > kMostText) return;
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::plain:
      out += node.text;
      return;
    case Node::Kind::quoted:
      append_json_string(out, node.text);
      return;
    case Node::Kind::sequence: {
      out += "[";
      for (const Node* item = node.first; item != nullptr; item = item->next) {
        if (item != node.first) out += ", ";
        render(*item, out);
      }
      out += "]";
      return;
    }
    case Node::Kind::mapping: {
      out += "{ ";
      for (const Node* key = node.first; key != nullptr && key->next != nullptr; key = key->next->next) {
        if (key != node.first) out += ", ";
        out += key->text;
        out += ": ";
        render(*key->next, out);
      }
      out += " }";
      return;
    }
  }
}

std::string rendered(const Node& node) {
  // A condition is shown as it reads, not as YAML quotes it.
  std::string out;
  if (node.kind == Node::Kind::quoted) {
    out = node.text;
  } else {
    render(node, out);
  }
  if (out.size() <= kMostText) return out;
  std::size_t cut = kMostText;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) --cut;
  return out.substr(0, cut) + "…";
}

const Node* key_of(const Node& mapping, std::string_view name) {
  if (mapping.kind != Node::Kind::mapping) return nullptr;
  for (const Node* key = mapping.first; key != nullptr && key->next != nullptr; key = key->next->next) {
    if (key->text == name) return key;
  }
  return nullptr;
}

const Node* member(const Node& mapping, std::string_view name) {
  const Node* const key = key_of(mapping, name);
  return key == nullptr ? nullptr : key->next;
}

const Node* at_path(const Node& node, std::string_view path) {
  const Node* at = &node;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = member(*at, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

}  // namespace

struct PolicyText::Document {
  std::string file;
  std::uint32_t first_line = 1;
  std::uint32_t lines = 0;
  std::vector<wire::PolicyFile> bytes;  // the one slice, whose text the nodes borrow
  load::YamlFile yaml;

  bool holds(const SourcePlace& place) const {
    return place.file == file && place.line >= first_line && place.line < first_line + lines;
  }
  const Node* spec() const { return yaml.documents.empty() ? nullptr : member(*yaml.documents.front(), "spec"); }
  const Node* rule_at(const SourcePlace& place) const {
    const Node* const body = spec();
    const Node* const rules = body == nullptr ? nullptr : member(*body, "rules");
    if (rules == nullptr || rules->kind != Node::Kind::sequence) return nullptr;
    for (const Node* rule = rules->first; rule != nullptr; rule = rule->next) {
      const Node* const id = key_of(*rule, "id");
      if (id != nullptr && id->at.line + first_line - 1 == place.line && id->at.column == place.column) return rule;
    }
    return nullptr;
  }
  Written written(const Node& node) const {
    Written out{rendered(node), {}, {file, node.at.line + first_line - 1, node.at.column}};
    if (node.kind != Node::Kind::sequence) return out;
    for (const Node* item = node.first; item != nullptr && out.items.size() < kMostItems; item = item->next) {
      render(*item, out.items.emplace_back());
    }
    return out;
  }
};

PolicyText::PolicyText(const std::vector<wire::PolicyFile>* files) : files_(files) {}
PolicyText::~PolicyText() = default;

const PolicyText::Document* PolicyText::document_of(const SourcePlace& rule) {
  if (last_ != nullptr && last_->holds(rule)) return last_.get();
  if (files_ == nullptr || rule.line == 0) return nullptr;
  const auto file = std::ranges::find(*files_, rule.file, &wire::PolicyFile::path);
  if (file == files_->end()) return nullptr;
  const Slice slice = document_at(file->bytes, rule.line);
  if (slice.text.size() > kMostDocumentBytes) return nullptr;
  auto made = std::make_unique<Document>();
  made->file = rule.file;
  made->first_line = slice.first_line;
  made->lines = static_cast<std::uint32_t>(std::ranges::count(slice.text, '\n')) + 1;
  made->bytes.push_back({rule.file, std::string(slice.text)});
  load::Report report(made->bytes);
  std::size_t nodes = kMostNodes;
  made->yaml = load::read_yaml(0, report, nodes);
  last_ = std::move(made);
  return last_.get();
}

std::optional<Written> PolicyText::of_rule(const SourcePlace& rule, std::string_view field) {
  const Document* const document = document_of(rule);
  const Node* const node = document == nullptr ? nullptr : document->rule_at(rule);
  const Node* const value = node == nullptr ? nullptr : at_path(*node, field);
  return value == nullptr ? std::nullopt : std::optional(document->written(*value));
}

std::optional<Written> PolicyText::of_policy(const SourcePlace& rule, std::string_view field) {
  const Document* const document = document_of(rule);
  const Node* const spec = document == nullptr ? nullptr : document->spec();
  const Node* const value = spec == nullptr ? nullptr : at_path(*spec, field);
  return value == nullptr ? std::nullopt : std::optional(document->written(*value));
}

}  // namespace portreeve::analyze
