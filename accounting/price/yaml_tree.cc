#include "accounting/price/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

// Thrown through yaml-cpp once there is no use in reading on.
struct Enough {};

// Events and not nodes: yaml-cpp's nodes keep duplicate keys, and follow aliases in circles.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, YamlTree& tree) : file_(std::move(file)), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    error(place(mark), "an alias", "write the value out");
    add({YamlNode::Kind::null, place(mark), {}, {}, {}});
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    // yaml-cpp marks a null at the next line: the key's place is the right one.
    const bool has_key = !open_.empty() && open_.back().key;
    add({YamlNode::Kind::null, has_key ? open_.back().key->place : place(mark), {}, {}, {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse(mark, tag, anchor);
    if (value.size() > limits::kYamlScalarBytes) error(place(mark), "the value is too long", "");
    add({YamlNode::Kind::scalar, place(mark), value, {}, {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map: it waits for its value
    std::set<std::string> seen;
  };

  SourcePlace place(const YAML::Mark& mark) const {
    return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }
  void error(SourcePlace where, std::string message, std::string help) {
    tree_.errors.push_back({Severity::error, std::move(where), std::move(message), std::move(help)});
    if (tree_.errors.size() >= limits::kDiagnostics) throw Enough();
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) error(place(mark), "an anchor", "write the value out where it is used");
  }
  // Plain values come with `?` or nothing, quoted ones with `!`.
  void refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    if (tag.size() > 1) error(place(mark), fmt::format("the tag `{}`", printable(tag)), "write the value without it");
  }
  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse(mark, tag, anchor);
    if (open_.size() >= limits::kYamlDepth) {
      error(place(mark), fmt::format("nested deeper than {} levels", limits::kYamlDepth), "");
      throw Enough();
    }
    open_.push_back({{kind, place(mark), {}, {}, {}}, {}, {}});
  }
  void end() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }
  void add(YamlNode node) {
    if (++nodes_ > limits::kPriceBookNodes) {
      error(node.place, fmt::format("more than {} values", limits::kPriceBookNodes), "");
      throw Enough();
    }
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    if (parent.key) {
      parent.node.members.emplace_back(std::move(*parent.key), std::move(node));
      parent.key.reset();
      return;
    }
    if (node.kind != YamlNode::Kind::scalar) error(node.place, "a key is no plain word", "");
    if (!parent.seen.insert(node.scalar).second) {
      error(node.place, fmt::format("`{}` stands twice", printable(node.scalar)), "keep one of the two");
    }
    parent.key = std::move(node);
  }

  const std::string file_;
  YamlTree& tree_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
};

}  // namespace

YamlTree read_yaml(std::string_view text, const std::string& file) {
  YamlTree tree;
  const auto whole = [&](std::string message) {
    tree.errors.push_back({Severity::error, {file, 0, 0}, std::move(message), ""});
  };
  if (text.size() > limits::kPriceBookBytes) {
    whole(fmt::format("{} bytes; {} are allowed", text.size(), limits::kPriceBookBytes));
    return tree;
  }
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    whole("not UTF-8 text");
    return tree;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(file, tree);
    if (!parser.HandleNextDocument(builder)) {
      whole("an empty document");
    } else if (parser) {
      YamlTree second;
      Builder rest(file, second);
      if (parser.HandleNextDocument(rest)) whole("more than one document");
    }
  } catch (const Enough&) {
    if (tree.errors.empty()) whole("too large");
  } catch (const YAML::Exception& thrown) {
    tree.errors.push_back(
        {Severity::error,
         {file, static_cast<std::uint32_t>(thrown.mark.line + 1), static_cast<std::uint32_t>(thrown.mark.column + 1)},
         thrown.msg,
         ""});
  }
  return tree;
}

}  // namespace portreeve::accounting
