#include "engine/load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/load/context.h"
#include "engine/load/fields.h"

namespace portreeve::load {
namespace {

constexpr std::array<std::string_view, 4> kDocumentKeys{"apiVersion", "kind", "metadata", "spec"};

constexpr Field kMetadataFields[] = {
    {.key = "name", .type = Type::text, .need = Need::required, .doc = "the document's name"}};
constexpr Object kMetadata{"metadata", kMetadataFields};

using Reader = void (*)(const Draft&, Context&);
constexpr std::array<Reader, kKinds> kReaders{
    read_identity_provider,
    read_role,
    read_role_binding,
    read_role_constraint,
    read_list,
    read_entities,
    read_internal_service,
    read_secret,
    read_egress_policy,
    read_secret_policy,
    read_execution_policy,
    read_access_policy,
    read_policy_test,
};

bool is_policy(Kind kind) {
  return kind == Kind::egress_policy || kind == Kind::secret_policy || kind == Kind::execution_policy ||
         kind == Kind::access_policy;
}

// Documents' outermost keys: read by hand, as which fields there are depends on the kind.
class HeadReader {
 public:
  HeadReader(const Node& root, Report& report, Names& names) : root_(root), report_(report), names_(names) {}

  // Declares the document's name. Nullopt where kind or name cannot be told.
  std::optional<Draft> read() {
    if (root_.kind != Node::Kind::mapping) {
      report_.error(root_.at, fmt::format("a document is a mapping, not {}", describe(root_)),
                    "begin with `apiVersion: portreeve/v1`");
      return incomplete();
    }
    read_keys();
    check_api_version();
    const auto kind = read_kind();
    const auto name = kind ? read_name(*kind) : std::nullopt;
    if (!name) return incomplete();
    return finish(*kind, *name);
  }

 private:
  std::optional<Draft> incomplete() {
    names_.set_incomplete();
    return std::nullopt;
  }

  const Node* value(std::size_t key) const { return values_[key]; }

  void read_keys() {
    for (const Node* key = root_.first; key != nullptr; key = key->next->next) {
      if (key->refused) continue;
      const auto known = std::ranges::find(kDocumentKeys, key->text);
      if (known != kDocumentKeys.end()) {
        values_[static_cast<std::size_t>(known - kDocumentKeys.begin())] = key->next;
        continue;
      }
      report_.error(key->at, fmt::format("unknown key `{}`", printable(key->text)),
                    suggestion(key->text, {kDocumentKeys.begin(), kDocumentKeys.end()},
                               "a document has `apiVersion`, `kind`, `metadata` and `spec`"));
    }
  }

  void check_api_version() {
    const Node* node = value(0);
    if (node == nullptr) {
      report_.error(root_.at, "`apiVersion` is missing", fmt::format("write `apiVersion: {}`", kApiVersion));
    } else if (!node->is_scalar() || node->text != kApiVersion) {
      report_.error(node->at,
                    fmt::format("unknown apiVersion `{}`", node->is_scalar() ? printable(node->text) : describe(*node)),
                    fmt::format("this release reads `{}`", kApiVersion));
    }
  }

  std::optional<Kind> read_kind() {
    const Node* node = value(1);
    std::vector<std::string_view> names;
    for (const KindSpec& spec : all_kinds()) names.push_back(spec.name);
    if (node == nullptr || !node->is_scalar()) {
      report_.error(node == nullptr ? root_.at : node->at, node == nullptr ? "`kind` is missing" : "`kind` is no text",
                    fmt::format("one of {}", fmt::join(names, ", ")));
      return std::nullopt;
    }
    for (const KindSpec& spec : all_kinds()) {
      if (spec.name == node->text) return spec.kind;
    }
    report_.error(node->at, fmt::format("unknown kind `{}`", printable(node->text)),
                  suggestion(node->text, names, fmt::format("one of {}", fmt::join(names, ", "))));
    return std::nullopt;
  }

  std::optional<const Node*> read_name(Kind kind) {
    const Node* metadata = value(2);
    if (metadata == nullptr || metadata->kind != Node::Kind::mapping) {
      report_.error(metadata == nullptr ? root_.at : metadata->at,
                    metadata == nullptr ? "`metadata` is missing"
                                        : fmt::format("`metadata` takes a mapping, not {}", describe(*metadata)),
                    "write `metadata: { name: … }`");
      return std::nullopt;
    }
    const Fields fields(*metadata, kMetadata, report_);
    const Node* name = fields.find("name");
    const Type type = kind == Kind::secret ? Type::secret_name : Type::name;
    if (name == nullptr || !check_name(name->text, name->at, type, report_)) return std::nullopt;
    return name;
  }

  std::optional<Draft> finish(Kind kind, const Node* name) {
    Draft draft{kind, std::string(name->text), name->at, value(3)};
    if (const auto other = names_.declare(kind, name->text, name->at)) {
      report_.error(name->at, fmt::format("a second {} `{}`", spec_of(kind).name, name->text),
                    fmt::format("the first is at {}", report_.where(*other)));
    }
    const std::string help = fmt::format("a {} has {}", spec_of(kind).name, alternatives(keys_of(spec_of(kind).spec)));
    if (draft.spec == nullptr || draft.spec->kind != Node::Kind::mapping) {
      report_.error(draft.spec == nullptr ? root_.at : draft.spec->at,
                    draft.spec == nullptr ? "`spec` is missing"
                                          : fmt::format("`spec` takes a mapping, not {}", describe(*draft.spec)),
                    help);
      return std::nullopt;
    }
    if (draft.spec->count == 0 && !spec_of(kind).spec.may_be_empty) {
      report_.error(draft.spec->at, "`spec` is empty", help);
      return std::nullopt;
    }
    return draft;
  }

  const Node& root_;
  Report& report_;
  Names& names_;
  std::array<const Node*, kDocumentKeys.size()> values_{};
};

// `policy/rule` names one rule, whatever its kind.
void check_policy_names(const std::vector<Draft>& drafts, Report& report) {
  std::map<std::string_view, const Draft*> seen;
  for (const Draft& draft : drafts) {
    if (!is_policy(draft.kind)) continue;
    const auto [other, added] = seen.try_emplace(draft.name, &draft);
    if (added || other->second->kind == draft.kind) continue;
    report.error(
        draft.at,
        fmt::format("a policy of kind {} has the name `{}` already", spec_of(other->second->kind).name, draft.name),
        fmt::format("names of policies are unique across kinds; the first is at {}", report.where(other->second->at)));
  }
}

template <class Documents>
void sort_by_name(Documents& documents) {
  std::ranges::sort(documents, {}, [](const auto& document) -> const std::string& { return document.name; });
}

void sort_set(model::PolicySet& set) {
  sort_by_name(set.identity_providers);
  sort_by_name(set.roles);
  sort_by_name(set.role_bindings);
  sort_by_name(set.role_constraints);
  sort_by_name(set.lists);
  sort_by_name(set.entities);
  sort_by_name(set.internal_services);
  sort_by_name(set.egress_policies);
  sort_by_name(set.secrets);
  sort_by_name(set.secret_policies);
  sort_by_name(set.execution_policies);
  sort_by_name(set.access_policies);
  sort_by_name(set.policy_tests);
}

}  // namespace

// The one that makes a CheckedPolicySet.
class Loader {
 public:
  Loader(const std::vector<wire::PolicyFile>& files, const LoadOptions& options)
      : files_(files), report_(files), conditions_(report_, options) {}

  LoadResult run() {
    read_files();
    read_drafts();
    if (drafts_.empty() && !report_.has_errors()) {
      report_.set_error("the policy set holds no document",
                        "an empty set is no policy: nothing could be allowed by it");
    }
    LoadResult result;
    result.revision = revision_of(files_, conditions_.zones());
    if (!report_.has_errors()) {
      sort_set(set_);
      result.set =
          std::shared_ptr<const model::CheckedPolicySet>(new model::CheckedPolicySet(std::move(set_), result.revision));
    }
    result.diagnostics = report_.take();
    return result;
  }

 private:
  void read_files() {
    std::size_t bytes = 0;
    for (const wire::PolicyFile& file : files_) bytes += file.bytes.size();
    if (bytes > limits::kPolicySetBytes || files_.size() > limits::kPolicyFiles) {
      report_.set_error(
          fmt::format("the policy set has {} bytes in {} files", bytes, files_.size()),
          fmt::format("at most {} bytes in {} files are read", limits::kPolicySetBytes, limits::kPolicyFiles));
      return;
    }
    std::size_t nodes_left = limits::kYamlNodes;
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      YamlFile& file = yaml_.emplace_back(read_yaml(i, report_, nodes_left));
      if (!file.well_formed) names_.set_incomplete();
    }
  }

  void read_drafts() {
    for (const YamlFile& file : yaml_) {
      for (const Node* root : file.documents) {
        if (auto draft = HeadReader(*root, report_, names_).read()) drafts_.push_back(*std::move(draft));
      }
    }
    check_policy_names(drafts_, report_);
    std::ranges::stable_sort(drafts_, {}, &Draft::kind);
    Context context(report_, names_, conditions_, set_);
    for (const Draft& draft : drafts_) kReaders[static_cast<std::size_t>(draft.kind)](draft, context);
    check_roles(context);
    check_entities(context);
    check_routes(context);
    check_tenants(context);
    check_tcp_denies(context);
    check_shadowed_egress(context);
    check_shadowed(context);
    check_writable_programs(context);
  }

  const std::vector<wire::PolicyFile>& files_;
  Report report_;
  Names names_;
  Conditions conditions_;
  std::deque<YamlFile> yaml_;
  std::vector<Draft> drafts_;
  model::PolicySet set_;
};

LoadResult load(const std::vector<wire::PolicyFile>& files, const LoadOptions& options) {
  return Loader(files, options).run();
}

}  // namespace portreeve::load
