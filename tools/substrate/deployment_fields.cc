#include "tools/substrate/deployment_fields.h"

namespace portreeve::substrate {
namespace {

using load::Field;
using load::Need;
using load::Object;
using load::Shape;
using enum load::Type;

constexpr Field kPodsFields[] = {
    {.key = "namespace", .type = name, .need = Need::required, .doc = "the namespace that the pods are in"},
    {.key = "labels", .type = json_object, .need = Need::required, .doc = "labels that the pods have, all of them"},
};
constexpr Object kPods{"pods", kPodsFields};

constexpr Field kSandboxFields[] = {
    {.key = "name", .type = name, .need = Need::required, .doc = "what comments and messages call it"},
    {.key = "interface", .doc = "the host's end of its interface pair; nftables and iptables need it"},
    {.key = "mac", .doc = "the hardware address of the sandbox's end; nftables and iptables need it"},
    {.key = "ipv4", .doc = "its IPv4 address", .absent = "no IPv4 leaves it"},
    {.key = "ipv6", .doc = "its IPv6 address", .absent = "no IPv6 leaves it"},
    {.key = "labels", .type = json_object, .doc = "labels of its pod; NetworkPolicy needs them"},
};
constexpr Object kSandbox{"sandboxes", kSandboxFields};

constexpr Field kGateFields[] = {
    {.key = "addresses", .shape = Shape::list, .doc = "IPv4 and IPv6 addresses that it listens on"},
    {.key = "port", .type = integer, .need = Need::required, .doc = "the port that it listens on"},
    {.key = "user",
     .type = scalar,
     .doc = "the user of this host that it runs as, by name or number: the guard is repeated for it"},
    {.key = "reaches",
     .shape = Shape::list,
     .doc = "`ADDRESS:PORT` that the guard closes and this gate needs, like the PDP's and a name server's"},
    {.key = "pods", .type = object, .doc = "where it runs in Kubernetes", .object = &kPods},
    {.key = "tag", .doc = "the proxy's tag on the mesh, like `tag:portreeve-egress`"},
};
constexpr Object kGate{"gates.*", kGateFields};

constexpr Field kGatesFields[] = {
    {.key = "proxy", .type = object, .doc = "the egress proxy", .object = &kGate},
    {.key = "broker", .type = object, .doc = "the secret broker", .object = &kGate},
    {.key = "pdp",
     .type = object,
     .doc = "the decision listener, where a sandbox's supervisor asks it over the sandbox's network",
     .object = &kGate},
    {.key = "dns", .type = object, .doc = "a name server opened to the sandboxes; a channel outward", .object = &kGate},
};
constexpr Object kGates{"gates", kGatesFields};

constexpr Field kControlFields[] = {
    {.key = "port", .type = integer, .doc = "the supervisors' port", .absent = "2024"},
    {.key = "interface", .doc = "through which controllers on other hosts come", .absent = "only this host is one"},
    {.key = "controllers", .type = prefix, .shape = Shape::list, .doc = "prefixes of controllers", .absent = "nobody"},
    {.key = "user", .type = scalar, .doc = "the user of this host whose programs are controllers", .absent = "any"},
    {.key = "pods", .type = object, .doc = "where controllers run in Kubernetes", .object = &kPods},
};
constexpr Object kControl{"control", kControlFields};

constexpr Field kKubernetesFields[] = {
    {.key = "namespace", .type = name, .need = Need::required, .doc = "the sandboxes' namespace, and nothing else's"},
};
constexpr Object kKubernetes{"kubernetes", kKubernetesFields};

constexpr Field kDeploymentFields[] = {
    {.key = "uplinks",
     .shape = Shape::list,
     .doc = "the host's own interfaces, like `eth0` or `br-*`; every other one is taken for a sandbox's"},
    {.key = "sandboxes",
     .type = object,
     .shape = Shape::list,
     .doc = "the sandboxes, one entry each",
     .object = &kSandbox},
    {.key = "gates", .type = object, .doc = "what sandboxes may reach; nothing else", .object = &kGates},
    {.key = "control", .type = object, .doc = "who may reach the sandboxes' supervisors", .object = &kControl},
    {.key = "kubernetes", .type = object, .doc = "for NetworkPolicy", .object = &kKubernetes},
};
constexpr Object kDeployment{"deployment", kDeploymentFields, {}, true};

}  // namespace

const load::Object& deployment_object() { return kDeployment; }

}  // namespace portreeve::substrate
