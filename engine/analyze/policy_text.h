// What a rule says in its own file: its fields as they are written, and where.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/wire/policy_file.h"

namespace portreeve::analyze {

// A field's value on one line of YAML in flow style, cut where it is longer than anyone reads.
struct Written {
  std::string text;
  std::vector<std::string> items;  // of a list: each element
  SourcePlace place;               // of the value
};

// Looks rules up by the place where they begin. Reads the document that holds the rule, and keeps the last one read:
// ask for rules of one document together. One thread at a time.
class PolicyText {
 public:
  // `files` outlive this; null: nothing is found.
  explicit PolicyText(const std::vector<wire::PolicyFile>* files);
  ~PolicyText();
  PolicyText(const PolicyText&) = delete;
  PolicyText& operator=(const PolicyText&) = delete;

  // A field of the rule, dotted where it is nested: `ports`, `limits.idle`. Nothing where the rule does not state it,
  // where the file is not at hand, or where its document is too long to be read once more for this.
  std::optional<Written> of_rule(const SourcePlace& rule, std::string_view field);
  // A field of `spec` of the document that holds the rule: `roles`, `tenants`.
  std::optional<Written> of_policy(const SourcePlace& rule, std::string_view field);

 private:
  struct Document;
  const Document* document_of(const SourcePlace& rule);

  const std::vector<wire::PolicyFile>* files_;
  std::unique_ptr<Document> last_;
};

}  // namespace portreeve::analyze
