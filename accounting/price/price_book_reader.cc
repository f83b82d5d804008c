#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "accounting/price/price_book.h"
#include "accounting/price/yaml_tree.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kApiVersion = "portreeve/v1";
constexpr std::string_view kKind = "PriceBook";
constexpr std::string_view kCounterKeys[kPricedCounters] = {"input",      "cacheRead", "cacheWrite5m", "cacheWrite1h",
                                                            "inputAudio", "output",    "reasoning",    "outputAudio"};

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(), nullptr);
  return "sha256:" + hex_encode(digest);
}

bool overlap(const PriceRow& a, const PriceRow& b) {
  const bool times = (!a.until || b.from < *a.until) && (!b.until || a.from < *b.until);
  const bool contexts = (!a.context_up_to || b.context_above < *a.context_up_to) &&
                        (!b.context_up_to || a.context_above < *b.context_up_to);
  const bool tiers = std::any_of(a.tiers.begin(), a.tiers.end(), [&b](const std::string& tier) {
    return std::find(b.tiers.begin(), b.tiers.end(), tier) != b.tiers.end();
  });
  return times && contexts && tiers;
}

}  // namespace

class PriceBookReader {
 public:
  using Reading = tl::expected<PriceBook, std::vector<Diagnostic>>;

  Reading read(std::string_view text, const std::string& file) {
    YamlTree tree = read_yaml(text, file);
    errors_ = std::move(tree.errors);
    if (errors_.empty()) document(tree.root);
    if (errors_.empty()) refuse_overlaps();
    if (!errors_.empty()) {
      errors_.resize(std::min(errors_.size(), limits::kDiagnostics));
      return tl::unexpected(std::move(errors_));
    }
    book_.text_ = text;
    book_.digest_ = sha256(text);
    book_.make_index();
    return std::move(book_);
  }

 private:
  void error(const SourcePlace& place, std::string message, std::string help = "") {
    errors_.push_back({Severity::error, place, std::move(message), std::move(help)});
  }

  // The member of that key; all keys beyond `keys` are errors, once.
  const YamlNode* find(const YamlNode& map, std::string_view key) {
    for (const auto& [name, value] : map.members) {
      if (name.scalar == key) return &value;
    }
    return nullptr;
  }
  bool expect_map(const YamlNode& node, std::string_view what, const std::vector<std::string_view>& keys) {
    if (node.kind != Kind::map) {
      error(node.place, fmt::format("{} is no mapping", what));
      return false;
    }
    for (const auto& [name, value] : node.members) {
      if (std::find(keys.begin(), keys.end(), name.scalar) != keys.end()) continue;
      const std::string_view near = closest(name.scalar, keys);
      error(name.place, fmt::format("unknown key `{}` of {}", printable(name.scalar), what),
            near.empty() ? fmt::format("it has {}", fmt::join(keys, ", ")) : fmt::format("did you mean `{}`?", near));
    }
    return true;
  }
  std::string text(const YamlNode& map, std::string_view key, std::string_view what) {
    const YamlNode* const node = find(map, key);
    if (node == nullptr) {
      error(map.place, fmt::format("{} has no `{}`", what, key));
      return {};
    }
    return scalar(*node, key);
  }
  std::string scalar(const YamlNode& node, std::string_view key) {
    if (node.kind != Kind::scalar || node.scalar.empty()) {
      error(node.place, fmt::format("`{}` is no text", key));
      return {};
    }
    if (node.scalar.size() > limits::kUsageTextBytes) {
      error(node.place, fmt::format("`{}` is longer than {} bytes", key, limits::kUsageTextBytes));
    }
    return node.scalar;
  }
  std::vector<std::string> texts(const YamlNode& map, std::string_view key) {
    std::vector<std::string> out;
    const YamlNode* const node = find(map, key);
    if (node == nullptr) return out;
    if (node->kind != Kind::list || node->items.empty()) {
      error(node->place, fmt::format("`{}` is no list of one or more", key));
      return out;
    }
    for (const YamlNode& item : node->items) {
      std::string one = scalar(item, key);
      if (std::find(out.begin(), out.end(), one) != out.end()) {
        error(item.place, fmt::format("`{}` stands twice in `{}`", printable(one), key));
      }
      out.push_back(std::move(one));
    }
    return out;
  }
  Timestamp time(const YamlNode& node, std::string_view key) {
    const auto parsed = Timestamp::parse(node.scalar);
    if (node.kind == Kind::scalar && parsed) return *parsed;
    error(node.place, fmt::format("`{}` is no time, like `2026-01-31T00:00:00Z`", key));
    return {};
  }
  std::int64_t count(const YamlNode& node, std::string_view key) {
    std::int64_t value = 0;
    const char* const end = node.scalar.data() + node.scalar.size();
    const auto [at, failed] = std::from_chars(node.scalar.data(), end, value);
    if (node.kind != Kind::scalar || failed != std::errc() || at != end || value < 0 || value > limits::kUsageCount) {
      error(node.place, fmt::format("`{}` is no number of tokens", key));
    }
    return value;
  }

  void document(const YamlNode& root) {
    if (!expect_map(root, "a PriceBook", {"apiVersion", "kind", "metadata", "spec"})) return;
    if (const std::string version = text(root, "apiVersion", "the document"); version != kApiVersion) {
      error(root.place, fmt::format("apiVersion `{}`", printable(version)), fmt::format("it is `{}`", kApiVersion));
    }
    if (const std::string kind = text(root, "kind", "the document"); kind != kKind) {
      error(root.place, fmt::format("kind `{}`", printable(kind)), fmt::format("it is `{}`", kKind));
    }
    if (const YamlNode* metadata = find(root, "metadata"); metadata == nullptr) {
      error(root.place, "the document has no `metadata`");
    } else if (expect_map(*metadata, "metadata", {"name"})) {
      book_.name_ = text(*metadata, "name", "metadata");
    }
    const YamlNode* const spec = find(root, "spec");
    if (spec == nullptr) return error(root.place, "the document has no `spec`");
    if (!expect_map(*spec, "spec", {"currency", "prices"})) return;
    if (const std::string currency = text(*spec, "currency", "spec"); currency != "USD") {
      error(spec->place, fmt::format("currency `{}`", printable(currency)), "prices are in USD");
    }
    const YamlNode* const prices = find(*spec, "prices");
    if (prices == nullptr || prices->kind != Kind::list || prices->items.empty()) {
      return error(spec->place, "`prices` is no list of one or more rows");
    }
    if (prices->items.size() > limits::kPriceRows) {
      return error(prices->place, fmt::format("more than {} rows", limits::kPriceRows));
    }
    for (const YamlNode& item : prices->items) row(item);
  }

  void row(const YamlNode& node) {
    if (!expect_map(node, "a price",
                    {"id", "provider", "models", "from", "until", "tiers", "contextAbove", "contextUpTo", "perMillion",
                     "perThousand", "source", "retrieved", "invented"})) {
      return;
    }
    PriceRow row;
    row.id = text(node, "id", "a price");
    row.provider = text(node, "provider", "a price");
    if (find(node, "models") == nullptr) error(node.place, "a price has no `models`");
    row.models = texts(node, "models");
    for (const std::string& model : row.models) {
      const std::size_t star = model.find('*');
      if (star != std::string::npos && (star + 1 != model.size() || star == 0)) {
        error(node.place, fmt::format("model `{}`", printable(model)), "one `*` may stand at the end of a name");
      }
    }
    if (const YamlNode* from = find(node, "from"); from == nullptr) {
      error(node.place, "a price has no `from`", "since when it holds, like `2026-01-31T00:00:00Z`");
    } else {
      row.from = time(*from, "from");
    }
    if (const YamlNode* until = find(node, "until"); until != nullptr) {
      row.until = time(*until, "until");
      if (*row.until <= row.from) error(until->place, "`until` is not after `from`");
    }
    row.tiers = texts(node, "tiers");
    for (std::string& tier : row.tiers) tier = normal_tier(tier);
    if (row.tiers.empty()) row.tiers = {"standard"};
    if (const YamlNode* above = find(node, "contextAbove"); above != nullptr) {
      row.context_above = count(*above, "contextAbove");
    }
    if (const YamlNode* up_to = find(node, "contextUpTo"); up_to != nullptr) {
      row.context_up_to = count(*up_to, "contextUpTo");
      if (*row.context_up_to <= row.context_above) error(up_to->place, "`contextUpTo` is not above `contextAbove`");
    }
    token_prices(node, row);
    tool_prices(node, row);
    origin(node);
    if (!ids_.insert(row.id).second) {
      error(node.place, fmt::format("id `{}` stands twice", printable(row.id)));
    }
    places_.push_back(node.place);
    book_.rows_.push_back(std::move(row));
  }

  void token_prices(const YamlNode& node, PriceRow& row) {
    const YamlNode* const prices = find(node, "perMillion");
    if (prices == nullptr) return error(node.place, "a price has no `perMillion`", "dollars for a million tokens");
    if (!expect_map(*prices, "perMillion", {std::begin(kCounterKeys), std::end(kCounterKeys)})) return;
    if (prices->members.empty()) error(prices->place, "`perMillion` is empty");
    for (std::size_t i = 0; i < kPricedCounters; ++i) {
      if (const YamlNode* value = find(*prices, kCounterKeys[i])) {
        row.token_prices[i] = price(*value, PriceUnit::million);
      }
    }
  }
  void tool_prices(const YamlNode& node, PriceRow& row) {
    const YamlNode* const prices = find(node, "perThousand");
    if (prices == nullptr) return;
    if (prices->kind != Kind::map || prices->members.empty() || prices->members.size() > limits::kUsageTools) {
      return error(prices->place, fmt::format("`perThousand` is no mapping of 1 to {} tools", limits::kUsageTools));
    }
    for (const auto& [tool, value] : prices->members) row.tool_prices[tool.scalar] = price(value, PriceUnit::thousand);
  }
  // The text of the number is read, exactly; that YAML would take it for a float is of no consequence.
  std::int64_t price(const YamlNode& node, PriceUnit unit) {
    const auto parsed = parse_price(node.kind == Kind::scalar ? std::string_view(node.scalar) : "", unit);
    if (parsed) return *parsed;
    error(node.place, parsed.error().message);
    return 0;
  }
  // A price says where it is from, or that it is made up.
  void origin(const YamlNode& node) {
    const YamlNode* const invented = find(node, "invented");
    if (invented != nullptr && (invented->kind != Kind::scalar || invented->scalar != "true")) {
      error(invented->place, "`invented` is `true`, or not there");
    }
    const YamlNode* const source = find(node, "source");
    const YamlNode* const retrieved = find(node, "retrieved");
    if (source != nullptr) scalar(*source, "source");
    if (retrieved != nullptr &&
        (retrieved->kind != Kind::scalar || !Timestamp::parse(retrieved->scalar + "T00:00:00Z"))) {
      error(retrieved->place, "`retrieved` is no date, like `2026-01-31`");
    }
    const bool sourced = source != nullptr && retrieved != nullptr;
    if (sourced == (invented != nullptr)) {
      error(node.place, "a price names its `source` and when it was `retrieved`, or is `invented: true`");
    }
  }

  void refuse_overlaps() {
    book_.make_index();
    for (const auto& [provider, patterns] : book_.index_) {
      for (const auto& [model, rows] : patterns) {
        if (rows.size() > limits::kPriceRowsOfModel) {
          error(places_[rows.front()], fmt::format("more than {} rows for `{}`", limits::kPriceRowsOfModel, model));
          continue;
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
          for (std::size_t j = i + 1; j < rows.size(); ++j) {
            if (!overlap(book_.rows_[rows[i]], book_.rows_[rows[j]])) continue;
            error(places_[rows[j]],
                  fmt::format("`{}` and `{}` both apply to `{}`", printable(book_.rows_[rows[i]].id),
                              printable(book_.rows_[rows[j]].id), printable(model)),
                  "part them by time, tier or context");
          }
        }
      }
    }
    book_.index_.clear();
  }

  PriceBook book_;
  std::set<std::string> ids_;
  std::vector<SourcePlace> places_;  // of the rows
  std::vector<Diagnostic> errors_;
};

tl::expected<PriceBook, std::vector<Diagnostic>> PriceBook::parse(std::string_view text, const std::string& file) {
  return PriceBookReader().read(text, file);
}

}  // namespace portreeve::accounting
