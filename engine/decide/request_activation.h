// What conditions may read of a request. Private to decide/.
#pragma once

#include <optional>

#include "engine/cel/cel.h"
#include "engine/compile/snapshot.h"
#include "engine/decide/scratch.h"
#include "engine/rbac/directory.h"
#include "engine/wire/request.h"

namespace portreeve::decide {

// A request's properties over those that Entities declare: where the request gives one, also null, it stands (SEMANTICS
// §8).
class LayeredProperties final : public cel::HostMap {
 public:
  // Either may be null. `unsaid`: addresses, sni, method and path cannot be said yet.
  LayeredProperties(const JsonValue* stated, const JsonValue* declared, bool unsaid = false)
      : stated_(stated), declared_(declared), unsaid_(unsaid) {}

  std::optional<cel::Value> find(std::string_view key) const override;
  std::size_t size() const override;
  cel::MapEntry entry(std::size_t i) const override;
  bool partly_unknown() const override { return unsaid_; }

 private:
  const JsonValue::Member* member(std::size_t i) const;
  const JsonValue* stated_;
  const JsonValue* declared_;
  bool unsaid_;
};

// Borrows everything; lives for one decision on one thread. Keeps groups and roles in the scratch. Looks up and makes
// only what a condition asks for.
class RequestActivation final : public cel::Activation {
 public:
  RequestActivation(const compile::Snapshot& snapshot, const wire::Request& request, Scratch& scratch);

  cel::Value attribute(cel::AttributeId id) const override;

 private:
  cel::Value subject(std::uint16_t field) const;
  cel::Value session(std::uint16_t field) const;
  const std::vector<std::string_view>& sorted_groups() const;
  const std::vector<std::string_view>& role_names() const;

  const LayeredProperties& subject_properties() const;
  const LayeredProperties& resource_properties() const;

  const compile::Snapshot& snapshot_;
  const wire::Request& request_;
  const rbac::Activation& subject_;
  mutable std::optional<LayeredProperties> subject_properties_;
  mutable std::optional<LayeredProperties> resource_properties_;
  // Sorted, made where a condition asks for them.
  std::vector<std::string_view>& groups_;
  std::vector<std::string_view>& roles_;
};

}  // namespace portreeve::decide
