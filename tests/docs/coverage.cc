#include "tests/docs/coverage.h"

#include <algorithm>
#include <functional>

#include "engine/cel/cel.h"
#include "engine/cel/policy_environment.h"
#include "engine/load/schema.h"
#include "engine/load/yaml_tree.h"

namespace portreeve::docs {
namespace {

using load::Field;
using load::Node;
using load::Object;

const Node* value_of(const Node& mapping, std::string_view name) {
  if (mapping.kind != Node::Kind::mapping) return nullptr;
  for (const Node* key = mapping.first; key != nullptr; key = key->next->next) {
    if (key->text == name) return key->next;
  }
  return nullptr;
}

// Calls `use` for each value of a field: of a list for its elements, of names for what they name.
void for_each_value(const Node& value, const Field& field, const std::function<void(const Node&)>& use) {
  const bool names = field.type == load::Type::objects_by_name;
  if (value.kind == Node::Kind::sequence && field.type != load::Type::claim_path) {
    for (const Node* element = value.first; element != nullptr; element = element->next) use(*element);
  } else if (names) {
    for (const Node* key = value.first; key != nullptr; key = key->next->next) use(*key->next);
  } else {
    use(value);
  }
}

// Every field and word of an object, in the order of the table.
void list_fields(const Object& object, const std::string& path, std::vector<std::string>& stated,
                 std::vector<std::string>& left_out) {
  for (const Field& field : object.fields) {
    const std::string name = path + "." + std::string(field.key);
    const bool one_of = std::ranges::find(object.exactly_one, field.key) != object.exactly_one.end();
    stated.push_back(name);
    if (field.need == load::Need::optional && !one_of) left_out.push_back(name);
    for (const std::string_view word : field.choices) stated.push_back(name + " = " + std::string(word));
    if (field.object != nullptr) list_fields(*field.object, name, stated, left_out);
  }
}

void list_keys(const JsonValue& value, const std::string& path, std::set<std::string>& out) {
  const JsonValue::Object* members = value.as_object();
  if (members == nullptr) {
    out.insert(path);
    return;
  }
  for (const auto& [key, member] : *members) list_keys(member, path + "." + key, out);
}

constexpr std::string_view domain_of(const wire::Obligations& obligations) {
  constexpr std::string_view kDomains[] = {"none", "egress", "secrets", "execution"};
  return kDomains[obligations.index()];
}

void read_variables(const std::optional<model::Condition>& when, const cel::TypeEnv& environment,
                    std::set<std::string>& out) {
  if (!when) return;
  for (const cel::Read& read : when->program->reads()) out.insert(environment.name_of(read.attribute));
}

template <class Policies>
void read_conditions(const Policies& policies, const cel::TypeEnv& environment, std::set<std::string>& out) {
  for (const auto& policy : policies) {
    for (const auto& rule : policy.rules) read_variables(rule.when, environment, out);
  }
}

std::vector<std::string> all_attributes(const cel::TypeEnv& environment) {
  std::vector<std::string> out;
  for (const cel::TypeEnv::Variable& variable : environment.variables()) {
    const cel::TypeEnv::Object* object =
        variable.type.kind() == cel::TypeKind::object ? environment.object(variable.type.object_name()) : nullptr;
    if (object == nullptr) {
      out.push_back(variable.name);
      continue;
    }
    for (const cel::TypeEnv::Field& field : object->fields) out.push_back(variable.name + "." + field.name);
  }
  return out;
}

// One of each, with everything that it can hold.
std::vector<wire::Obligations> full_obligations() {
  wire::EgressObligations egress{
      {*net::IpAddress::parse("8.8.8.8")}, wire::EgressProtocol::tls, {1, 1, Seconds{1}, Seconds{1}, 1}};
  wire::SecretObligations secret{wire::SecretUse::inject, 1, Seconds{1}};
  wire::ExecObligations exec{{"PATH"}, {"/tmp/**"}, {Seconds{1}, Seconds{1}, 1, 1, 1}};
  return {egress, secret, exec};
}

class Walk {
 public:
  Walk(std::set<std::string>& stated, std::set<std::string>& left_out) : stated_(stated), left_out_(left_out) {}

  void object(const Node& mapping, const Object& object, const std::string& path) {
    for (const Field& field : object.fields) {
      const std::string name = path + "." + std::string(field.key);
      const Node* value = value_of(mapping, field.key);
      if (value == nullptr) {
        left_out_.insert(name);
        continue;
      }
      stated_.insert(name);
      for_each_value(*value, field, [&](const Node& one) {
        if (one.is_scalar()) stated_.insert(name + " = " + std::string(one.text));
        if (one.kind == Node::Kind::mapping && field.object != nullptr) this->object(one, *field.object, name);
      });
    }
  }

 private:
  std::set<std::string>& stated_;
  std::set<std::string>& left_out_;
};

std::vector<std::string> without(const std::vector<std::string>& wanted, const std::set<std::string>& found) {
  std::vector<std::string> out;
  std::ranges::copy_if(wanted, std::back_inserter(out), [&](const std::string& each) { return !found.contains(each); });
  return out;
}

}  // namespace

void Coverage::add_set(const std::vector<wire::PolicyFile>& files, const model::PolicySet& set) {
  load::Report report(files);
  std::size_t nodes_left = 1'000'000;
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    const load::YamlFile yaml = load::read_yaml(i, report, nodes_left);
    for (const Node* document : yaml.documents) {
      const Node* kind = value_of(*document, "kind");
      for (const load::KindSpec& spec : load::all_kinds()) {
        if (kind->text == spec.name)
          Walk(stated_, left_out_).object(*value_of(*document, "spec"), spec.spec, std::string(spec.name));
      }
    }
  }
  const cel::TypeEnv environment = cel::policy_environment();
  read_conditions(set.egress_policies, environment, variables_);
  read_conditions(set.secret_policies, environment, variables_);
  read_conditions(set.execution_policies, environment, variables_);
  read_conditions(set.access_policies, environment, variables_);
}

void Coverage::add_case(const model::TestCase& test_case, const wire::Decision& decision) {
  if (test_case.reason) reasons_.emplace(wire::code(*test_case.reason));
  if (!test_case.obligations.is_null())
    list_keys(test_case.obligations, std::string(domain_of(decision.obligations)), obligations_);
}

std::vector<std::string> Coverage::missing_fields() const {
  std::vector<std::string> stated, left_out;
  for (const load::KindSpec& spec : load::all_kinds()) list_fields(spec.spec, std::string(spec.name), stated, left_out);
  std::vector<std::string> missing = without(stated, stated_);
  for (const std::string& name : without(left_out, left_out_)) missing.push_back(name + " left out");
  return missing;
}

std::vector<std::string> Coverage::missing_obligations() const {
  std::set<std::string> keys;
  for (const wire::Obligations& full : full_obligations())
    list_keys(wire::obligations_to_json(full), std::string(domain_of(full)), keys);
  return without({keys.begin(), keys.end()}, obligations_);
}

std::vector<std::string> Coverage::missing_variables() const {
  return without(all_attributes(cel::policy_environment()), variables_);
}

std::vector<std::string> Coverage::missing_reasons(const std::vector<std::string>& codes) const {
  std::vector<std::string> out;
  std::ranges::copy_if(codes, std::back_inserter(out),
                       [&](const std::string& code) { return !reasons_.contains(code); });
  return out;
}

}  // namespace portreeve::docs
