#include "daemon/config_file.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

constexpr std::size_t kMostDepth = 8;

// Events and not nodes: yaml-cpp's nodes keep duplicate keys, and follow aliases in circles.
class Reader final : public YAML::EventHandler {
 public:
  Reader(std::string file, SettingsFile& result) : file_(std::move(file)), result_(result) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    error(place(mark), "an alias", "write the value out");
    value_done();
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    // yaml-cpp marks a null at the next line: the key's place is the right one.
    if (frames_.empty()) return;
    if (at_key()) return begin_key(mark, "");
    error(frames_.back().place, fmt::format("`{}` has no value", printable(frames_.back().name)),
          "give one, or leave the key out");
    value_done();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (frames_.empty()) return error(place(mark), "the file is no mapping", "write `KEY: VALUE` lines");
    if (at_key()) return begin_key(mark, value);
    if (!frames_.back().is_list && value.empty()) {
      error(frames_.back().place, fmt::format("`{}` has no value", printable(frames_.back().name)),
            "give one, or leave the key out");
    } else if (!skipping()) {
      setting().values.push_back(value);
    }
    value_done();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (frames_.empty() || frames_.back().is_list || at_key()) {
      error(place(mark), "a list stands here", "only a key's value may be a list, and only of plain values");
      push_skipped(true);
      return;
    }
    Frame list = frames_.back();
    list.is_list = true;
    frames_.push_back(list);
    if (!skipping()) {
      setting().is_list = true;
    }
  }
  void OnSequenceEnd() override {
    const Frame list = frames_.back();
    frames_.pop_back();
    if (!list.skipped && !skipping() && setting().values.empty()) {
      error(list.place, fmt::format("`{}` is an empty list", printable(list.name)),
            "name something, or leave the key out");
    }
    value_done();
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (!frames_.empty() && (frames_.back().is_list || at_key() || frames_.size() >= kMostDepth)) {
      error(place(mark), "a mapping stands here", "lists hold plain values only, and keys nest eight deep at most");
      push_skipped(false);
      return;
    }
    Frame map;
    if (!frames_.empty()) {
      map.prefix = frames_.back().name + ".";
      map.skipped = skipping();
      drop_pending();
    }
    frames_.push_back(std::move(map));
  }
  void OnMapEnd() override {
    frames_.pop_back();
    value_done();
  }

 private:
  struct Frame {
    std::string prefix;             // of the keys in here
    std::string name;               // of the current key, dotted
    SourcePlace place;              // of the current key
    std::vector<std::string> seen;  // keys so far
    bool has_key = false;           // a key stands and waits for its value
    bool is_list = false;
    bool skipped = false;  // in error already: read on without meaning
  };

  SourcePlace place(const YAML::Mark& mark) const {
    return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }
  void error(SourcePlace where, std::string message, std::string help) {
    result_.errors.push_back({Severity::error, std::move(where), std::move(message), std::move(help)});
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) error(place(mark), "an anchor", "write the value out where it is used");
  }
  // Plain values come with `?` or nothing, quoted ones with `!`.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1) error(place(mark), fmt::format("the tag `{}`", printable(tag)), "write the value without it");
  }
  bool at_key() const { return !frames_.empty() && !frames_.back().is_list && !frames_.back().has_key; }
  bool skipping() const {
    return std::any_of(frames_.begin(), frames_.end(), [](const Frame& frame) { return frame.skipped; });
  }
  void push_skipped(bool is_list) {
    Frame frame;
    frame.is_list = is_list;
    frame.skipped = true;
    frames_.push_back(std::move(frame));
  }
  void begin_key(const YAML::Mark& mark, const std::string& key) {
    Frame& map = frames_.back();
    map.has_key = true;
    map.name = map.prefix + key;
    map.place = place(mark);
    if (skipping()) return;
    if (std::find(map.seen.begin(), map.seen.end(), key) != map.seen.end()) {
      error(map.place, fmt::format("`{}` stands twice", printable(map.name)), "keep one of the two");
    }
    if (key.empty() || key.find('.') != std::string::npos) {
      error(map.place, fmt::format("the key `{}`", printable(key)), "nest the keys: `log: { level: info }`");
    }
    map.seen.push_back(key);
    pending_ = {map.name, {}, false, map.place};
  }
  Setting& setting() { return pending_; }
  void drop_pending() { pending_ = {}; }
  void value_done() {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    if (frame.is_list) return;
    if (frame.has_key && !skipping() && !pending_.values.empty()) result_.settings.push_back(pending_);
    drop_pending();
    frame.has_key = false;
  }

  const std::string file_;
  SettingsFile& result_;
  std::vector<Frame> frames_;
  Setting pending_;
};

}  // namespace

SettingsFile parse_settings(std::string_view text, const std::string& file) {
  SettingsFile result;
  if (!is_valid_utf8(text)) {
    result.errors.push_back({Severity::error, {file, 0, 0}, "the file is not UTF-8 text", "save it as UTF-8"});
    return result;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Reader reader(file, result);
    if (!parser.HandleNextDocument(reader)) return result;
    SettingsFile ignored;
    Reader second(file, ignored);
    if (parser.HandleNextDocument(second)) {
      result.errors.push_back({Severity::error, {file, 0, 0}, "the file has several documents", "keep one"});
    }
  } catch (const YAML::Exception& e) {
    const SourcePlace place{file, static_cast<std::uint32_t>(e.mark.line + 1),
                            static_cast<std::uint32_t>(e.mark.column + 1)};
    result.errors.push_back({Severity::error, place, "this is no YAML: " + printable(e.msg), ""});
  }
  return result;
}

}  // namespace portreeve::daemon
