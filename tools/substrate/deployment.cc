#include "tools/substrate/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/load/fields.h"
#include "engine/load/yaml_tree.h"
#include "engine/net/endpoint.h"
#include "engine/net/guard.h"
#include "tools/substrate/deployment_fields.h"
#include "tools/substrate/kubernetes_names.h"

namespace portreeve::substrate {
namespace {

using load::At;
using load::Fields;
using load::Node;

constexpr std::uint16_t kControlPort = 2024;

// The name or number of a user, as nftables and iptables take it.
Result<std::string> parse_user(std::string_view text) {
  const bool is_number = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  const bool is_name = !text.empty() && text.size() <= 32 && std::ranges::all_of(text, is_plain) &&
                       ((text[0] >= 'a' && text[0] <= 'z') || text[0] == '_');
  if (is_name || (is_number && text.size() <= 9 && (text == "0" || text[0] != '0'))) return std::string(text);
  return fail(fmt::format("`{}` is not the name or number of a user", printable(text)));
}

Result<std::string> parse_mesh_tag(std::string_view text) {
  if (is_mesh_tag(text)) return std::string(text);
  return fail(fmt::format("`{}` is not a tag of a mesh, like `tag:portreeve-egress`", printable(text)));
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  const auto endpoint = net::Endpoint::parse(text);
  if (endpoint) {
    if (const auto* address = std::get_if<net::IpAddress>(&endpoint->host))
      return SocketAddress{*address, endpoint->port};
  }
  return fail(fmt::format("`{}` is not an address and a port, like `10.0.0.1:53` or `[fd00::1]:53`", printable(text)));
}

// Reads one file; reports all that is wrong with it.
class Reader {
 public:
  explicit Reader(load::Report& report) : report_(report) {}

  Deployment read(const Node& root) {
    Deployment out;
    const Fields fields(root, deployment_object(), report_);
    if (root.kind != Node::Kind::mapping) {
      report_.error(root.at, fmt::format("a deployment file holds one mapping, not {}", load::describe(root)));
      return out;
    }
    for (const Node* node : fields.list("uplinks")) {
      if (auto uplink = parsed(*node, InterfacePattern::parse)) out.uplinks.push_back(*std::move(uplink));
    }
    if (const auto gates = fields.nested("gates")) {
      out.proxy = read_gate(*gates, "proxy");
      out.broker = read_gate(*gates, "broker");
      out.pdp = read_gate(*gates, "pdp");
      out.dns = read_gate(*gates, "dns");
    }
    read_control(fields, out);
    check_gate_ports(out);
    if (const auto kubernetes = fields.nested("kubernetes")) out.name_space = read_namespace(*kubernetes);
    read_sandboxes(fields, out);
    return out;
  }

 private:
  // The value, or reported.
  template <class Parse>
  auto parsed(const Node& node, Parse parse) -> std::optional<typename decltype(parse(node.text))::value_type> {
    auto result = parse(node.text);
    if (result) return *std::move(result);
    report_.error(node.at, result.error().message);
    return std::nullopt;
  }
  template <class Parse>
  auto parsed(const Fields& fields, std::string_view key, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
    const Node* node = fields.find(key);
    if (node == nullptr) return std::nullopt;
    return parsed(*node, parse);
  }

  std::uint16_t read_port(const Fields& fields, std::uint16_t otherwise) {
    return parsed(fields, "port", net::parse_port).value_or(otherwise);
  }

  Labels read_labels(const Fields& fields) {
    Labels labels;
    const Node* node = fields.find("labels");
    if (node == nullptr) return labels;
    if (node->count == 0) report_.error(node->at, "`labels` is empty", "no label would select every pod");
    for (const Node* key = node->first; key != nullptr; key = key->next->next) {
      const Node& value = *key->next;
      if (key->refused) continue;
      if (!is_label_key(key->text)) {
        report_.error(key->at, fmt::format("`{}` is not the key of a label", printable(key->text)));
      } else if (!value.is_scalar() || !is_label_value(value.text)) {
        report_.error(value.at, fmt::format("the label `{}` has no value that Kubernetes takes", key->text),
                      "at most 63 of letters, digits, `.`, `_`, `-`");
      } else {
        labels.emplace_back(key->text, value.text);
      }
    }
    std::ranges::sort(labels);
    return labels;
  }

  std::string read_namespace(const Fields& fields) {
    const Node* node = fields.find("namespace");
    if (node == nullptr) return {};
    if (!is_dns_label(node->text)) {
      report_.error(node->at, fmt::format("`{}` is not the name of a namespace", printable(node->text)));
    }
    return std::string(node->text);
  }

  std::optional<Pods> read_pods(const Fields& fields) {
    const auto pods = fields.nested("pods");
    if (!pods) return std::nullopt;
    return Pods{read_namespace(*pods), read_labels(*pods)};
  }

  // An address that packets can be sent to, and no range that nobody opens.
  std::optional<net::IpAddress> read_address(const Node& node) {
    const auto address = parsed(node, net::IpAddress::parse);
    if (!address) return std::nullopt;
    const net::SpecialRange range = net::classify(*address);
    if (net::tier(range) != net::GuardTier::hard) return address;
    report_.error(node.at, fmt::format("`{}` lies in a range that nothing opens ({})", address->to_string(),
                                       net::guard_code(range)));
    return std::nullopt;
  }

  std::optional<Gate> read_gate(const Fields& gates, std::string_view which) {
    const auto fields = gates.nested(which);
    if (!fields) return std::nullopt;
    Gate gate;
    gate.place = report_.place(gates.at(which));
    gate.port = read_port(*fields, 0);
    for (const Node* node : fields->list("addresses")) {
      const auto address = read_address(*node);
      if (!address) continue;
      gate.addresses.push_back(*address);
      gate_addresses_.emplace(*address, node->at);
    }
    for (const Node* node : fields->list("reaches")) {
      if (const auto reached = parsed(*node, parse_socket_address)) gate.reaches.push_back(*reached);
    }
    gate.pods = read_pods(*fields);
    gate.user = parsed(*fields, "user", parse_user);
    gate.mesh_tag = parsed(*fields, "tag", parse_mesh_tag);
    if (!fields->has("addresses") && !fields->has("pods")) {
      report_.error(fields->at(), fmt::format("the {} is nowhere", which),
                    "state its `addresses`, its `pods`, or both");
    }
    if (gate.user == "0") {
      report_.error(fields->at("user"), fmt::format("the {} runs as root", which),
                    "a user of its own, so that the rules can tell what it sends");
    }
    std::ranges::sort(gate.addresses);
    std::ranges::sort(gate.reaches);
    return gate;
  }

  void read_control(const Fields& fields, Deployment& out) {
    out.control.port = kControlPort;
    const auto control = fields.nested("control");
    if (!control) return;
    out.control.port = read_port(*control, kControlPort);
    out.control.interface = parsed(*control, "interface", InterfaceName::parse);
    out.control.user = parsed(*control, "user", parse_user);
    out.control.pods = read_pods(*control);
    for (const Node* node : control->list("controllers")) {
      const auto prefix = parsed(*node, net::IpPrefix::parse);
      if (!prefix) continue;
      out.control.controllers.push_back(*prefix);
      controllers_.emplace_back(*prefix, node->at);
    }
    if (out.control.interface && !is_uplink(*out.control.interface, out)) {
      report_.error(control->at("interface"),
                    fmt::format("`{}` is none of the `uplinks`", out.control.interface->text()),
                    "an interface that is not one is taken for a sandbox's");
    }
  }

  void check_gate_ports(const Deployment& out) {
    for (const auto* gate : {&out.proxy, &out.broker, &out.pdp, &out.dns}) {
      if (*gate && (*gate)->port == out.control.port) {
        report_.error((*gate)->place, fmt::format("the gate has the control port {}", out.control.port),
                      "a sandbox never reaches that port, wherever it is");
      }
    }
  }

  static bool is_uplink(const InterfaceName& name, const Deployment& deployment) {
    return std::ranges::any_of(deployment.uplinks,
                               [&](const InterfacePattern& uplink) { return uplink.matches(name); });
  }

  void read_sandboxes(const Fields& fields, Deployment& out) {
    for (const Node* node : fields.list("sandboxes")) {
      const Fields entry(*node, *load_object_of_sandboxes(), report_);
      Sandbox sandbox = read_sandbox(entry, out);
      if (!sandbox.name.empty()) out.sandboxes.push_back(std::move(sandbox));
    }
    std::ranges::sort(out.sandboxes, {}, &Sandbox::name);
  }

  static const load::Object* load_object_of_sandboxes() {
    const auto fields = deployment_object().fields;
    return std::ranges::find(fields, "sandboxes", &load::Field::key)->object;
  }

  Sandbox read_sandbox(const Fields& fields, const Deployment& deployment) {
    Sandbox sandbox;
    sandbox.name = fields.text("name").value_or("");
    sandbox.place = report_.place(fields.at("name"));
    once(fields, "name", sandbox.name);
    sandbox.interface = parsed(fields, "interface", InterfaceName::parse);
    if (sandbox.interface) {
      once(fields, "interface", sandbox.interface->text());
      if (sandbox.interface->text() == "lo" || is_uplink(*sandbox.interface, deployment)) {
        report_.error(fields.find("interface")->at,
                      fmt::format("`{}` is an interface of the host's own", sandbox.interface->text()),
                      "what it carries would not be judged: take it out of `uplinks`");
      }
    }
    sandbox.mac = parsed(fields, "mac", MacAddress::parse);
    if (sandbox.mac) once(fields, "mac", sandbox.mac->to_string());
    sandbox.ipv4 = read_own_address(fields, "ipv4", true);
    sandbox.ipv6 = read_own_address(fields, "ipv6", false);
    sandbox.labels = read_labels(fields);
    if (!sandbox.labels.empty()) once(fields, "labels", fmt::format("{}", fmt::join(label_texts(sandbox.labels), ",")));
    return sandbox;
  }

  static std::vector<std::string> label_texts(const Labels& labels) {
    std::vector<std::string> out;
    for (const auto& [key, value] : labels) out.push_back(fmt::format("{}={}", key, value));
    return out;
  }

  std::optional<net::IpAddress> read_own_address(const Fields& fields, std::string_view key, bool v4) {
    const Node* node = fields.find(key);
    if (node == nullptr) return std::nullopt;
    const auto address = read_address(*node);
    if (!address) return std::nullopt;
    if (address->is_v4() != v4) {
      report_.error(node->at, fmt::format("`{}` is not an {} address", address->to_string(), v4 ? "IPv4" : "IPv6"));
      return std::nullopt;
    }
    once(fields, key, address->to_string());
    if (const auto gate = gate_addresses_.find(*address); gate != gate_addresses_.end()) {
      report_.error(node->at, fmt::format("`{}` is a gate's address", address->to_string()),
                    fmt::format("the gate's stands at {}", report_.where(gate->second)));
    }
    for (const auto& [prefix, at] : controllers_) {
      if (!prefix.contains(*address)) continue;
      report_.error(
          node->at, fmt::format("`{}` is a controller's address", address->to_string()),
          fmt::format("the sandbox could drive others: `{}` at {} holds it", prefix.to_string(), report_.where(at)));
    }
    return address;
  }

  // Reports a value that another sandbox has.
  void once(const Fields& fields, std::string_view key, const std::string& value) {
    const Node* node = fields.find(key);
    if (node == nullptr) return;
    const auto [other, added] = seen_.try_emplace({std::string(key), value}, node->at);
    if (added) return;
    report_.error(node->at, fmt::format("two sandboxes have the {} `{}`", key, value),
                  fmt::format("the first is at {}", report_.where(other->second)));
  }

  load::Report& report_;
  std::map<net::IpAddress, At> gate_addresses_;
  std::vector<std::pair<net::IpPrefix, At>> controllers_;
  std::map<std::pair<std::string, std::string>, At> seen_;
};

}  // namespace

DeploymentResult read_deployment(const wire::PolicyFile& file) {
  const std::vector<wire::PolicyFile> files{file};
  load::Report report(files);
  DeploymentResult result;
  std::size_t nodes_left = limits::kYamlNodes;
  const load::YamlFile yaml = load::read_yaml(0, report, nodes_left);
  Deployment deployment;
  if (yaml.documents.size() > 1) {
    report.error(yaml.documents[1]->at, "a deployment file holds one document");
  } else if (!yaml.documents.empty()) {
    deployment = Reader(report).read(*yaml.documents[0]);
  }
  if (!report.has_errors()) result.deployment = std::move(deployment);
  result.diagnostics = report.take();
  return result;
}

std::string deployment_json_schema() {
  return load::json_schema_of(deployment_object(), "urn:portreeve:schema:deployment", "A Portreeve deployment file");
}

std::string deployment_reference() { return load::field_reference_of(deployment_object(), "the file"); }

}  // namespace portreeve::substrate
