#include "tools/substrate/iptables.h"

#include <fmt/format.h>

#include <vector>

#include "engine/net/guard_prefixes.h"

namespace portreeve::substrate {
namespace {

enum class Family { v4, v6 };

std::string pattern_text(const InterfacePattern& pattern) { return pattern.stem() + (pattern.is_prefix() ? "+" : ""); }

// The rules of one family, in the form of iptables-restore.
class Chains {
 public:
  Chains(const HostLayer& layer, Family family) : layer_(layer), family_(family) {}

  std::string text() {
    source();
    guard();
    from_sandbox();
    control();
    to_sandbox();
    gate();
    input();
    forward();
    output();
    return fmt::format("{}{}", fmt::join(rules_, "\n"), "\n");
  }

 private:
  bool is_ours(const net::IpAddress& address) const { return address.is_v4() == (family_ == Family::v4); }
  const Control& controlled() const { return layer_.deployment->control; }

  template <class... Arguments>
  void add(std::string_view chain, fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    rules_.push_back(
        fmt::format("-A PORTREEVE-{} {}", chain, fmt::format(form, std::forward<Arguments>(arguments)...)));
  }

  template <class Add>
  void for_each_sandbox(Add each) {
    for (const Sandbox& sandbox : layer_.deployment->sandboxes) {
      const auto& address = family_ == Family::v4 ? sandbox.ipv4 : sandbox.ipv6;
      if (address) each(sandbox, address->to_string());
    }
  }
  template <class Add>
  void for_each_controller(Add each) {
    for (const net::IpPrefix& prefix : controlled().controllers) {
      if (is_ours(prefix.network())) each(prefix.to_string());
    }
  }

  void source() {
    for_each_sandbox([&](const Sandbox& sandbox, const std::string& address) {
      add("SOURCE", "-i {} -s {} -m mac --mac-source {} -j RETURN", sandbox.interface->text(), address,
          sandbox.mac->to_string());
    });
    if (family_ == Family::v6) {
      for (const Sandbox& sandbox : layer_.deployment->sandboxes) {
        for (const std::string_view type : kNeighbours) {
          add("SOURCE",
              "-i {} -s fe80::/10 -m mac --mac-source {} -p ipv6-icmp -m icmp6 --icmpv6-type {} -m hl --hl-eq 255 -j "
              "RETURN",
              sandbox.interface->text(), sandbox.mac->to_string(), type);
        }
      }
    }
    add("SOURCE", "-j DROP");
  }

  void guard() {
    for (const net::IpPrefix& prefix :
         family_ == Family::v4 ? net::guarded_v4_prefixes() : net::guarded_v6_prefixes()) {
      add("GUARD", "-d {} -j DROP", prefix.to_string());
    }
    if (family_ == Family::v6) add("GUARD", "-d ::5efe:0:0/::fcff:ffff:0:0 -j DROP");  // ISATAP
  }

  void from_sandbox() {
    add("FROM", "-j PORTREEVE-SOURCE");
    for (const std::string_view protocol : {"tcp", "udp"}) {
      add("FROM", "-p {} --dport {} -j DROP", protocol, controlled().port);
    }
    add("FROM", "-m conntrack --ctstate INVALID -j DROP");
    for (const SocketAddress& gate : layer_.gates) {
      if (is_ours(gate.address)) add("FROM", "-d {} -p tcp --dport {} -j ACCEPT", gate.address.to_string(), gate.port);
    }
    for (const SocketAddress& server : layer_.name_servers) {
      if (is_ours(server.address))
        add("FROM", "-d {} -p udp --dport {} -j ACCEPT", server.address.to_string(), server.port);
    }
    for_each_controller([&](const std::string& prefix) {
      add("FROM", "-d {} -p tcp --sport {} -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT", prefix,
          controlled().port);
    });
    add("FROM", "-j PORTREEVE-GUARD");
    add("FROM", "-j DROP");
  }

  void control() {
    for_each_sandbox([&](const Sandbox& sandbox, const std::string& address) {
      for_each_controller([&](const std::string& prefix) {
        add("CONTROL", "-o {} -s {} -d {} -p tcp --dport {} -j ACCEPT", sandbox.interface->text(), prefix, address,
            controlled().port);
      });
    });
  }

  void to_sandbox() {
    constexpr std::string_view kReply = "-m conntrack --ctstate ESTABLISHED --ctdir REPLY";
    for_each_sandbox([&](const Sandbox& sandbox, const std::string& address) {
      add("TO", "-o {} -d {} {} -j PORTREEVE-REPLY", sandbox.interface->text(), address, kReply);
    });
    for (const SocketAddress& gate : layer_.gates) {
      if (is_ours(gate.address)) add("REPLY", "-s {} -p tcp --sport {} -j ACCEPT", gate.address.to_string(), gate.port);
    }
    for (const SocketAddress& server : layer_.name_servers) {
      if (is_ours(server.address))
        add("REPLY", "-s {} -p udp --sport {} -j ACCEPT", server.address.to_string(), server.port);
    }
    add("TO", "-j DROP");
  }

  void gate() {
    add("GATE", "-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j RETURN");
    for (const std::string_view protocol : {"tcp", "udp"}) {
      add("GATE", "-p {} --dport {} -j DROP", protocol, controlled().port);
    }
    for (const SocketAddress& reached : layer_.reaches) {
      if (!is_ours(reached.address)) continue;
      for (const std::string_view protocol : {"tcp", "udp"}) {
        add("GATE", "-d {} -p {} --dport {} -j RETURN", reached.address.to_string(), protocol, reached.port);
      }
    }
    for (const PrefixAndPorts& service : layer_.services) {
      if (!is_ours(service.prefix.network())) continue;
      add("GATE", "-d {} -p tcp --dport {}:{} -j RETURN", service.prefix.to_string(), service.ports.first,
          service.ports.last);
    }
    add("GATE", "-j PORTREEVE-GUARD");
    add("GATE", "-p tcp -j RETURN");
    add("GATE", "-j DROP");
  }

  void input() {
    add("INPUT", "-i lo -j RETURN");
    for (const InterfacePattern& uplink : layer_.deployment->uplinks) {
      add("INPUT", "-i {} -j RETURN", pattern_text(uplink));
    }
    if (family_ == Family::v6) {
      for (const std::string_view type : kNeighbours) {
        add("INPUT", "-p ipv6-icmp -m icmp6 --icmpv6-type {} -m hl --hl-eq 255 -j PORTREEVE-NEIGHBOUR", type);
      }
      add("NEIGHBOUR", "-j PORTREEVE-SOURCE");
      add("NEIGHBOUR", "-j ACCEPT");
    }
    add("INPUT", "-j PORTREEVE-FROM");
  }

  void forward() {
    for (const InterfacePattern& uplink : layer_.deployment->uplinks) {
      add("FORWARD", "-i {} -g PORTREEVE-UPLINK", pattern_text(uplink));
      add("UPLINK", "-o {} -j RETURN", pattern_text(uplink));
    }
    add("FORWARD", "-j PORTREEVE-FROM");
    if (controlled().interface) add("UPLINK", "-i {} -j PORTREEVE-CONTROL", controlled().interface->text());
    add("UPLINK", "-j PORTREEVE-TO");
  }

  void output() {
    for (const std::string& user : layer_.users) {
      add("OUTPUT", "-m owner --uid-owner {} -j PORTREEVE-GATE", user);
    }
    add("OUTPUT", "-o lo -j RETURN");
    for (const InterfacePattern& uplink : layer_.deployment->uplinks) {
      add("OUTPUT", "-o {} -j RETURN", pattern_text(uplink));
    }
    if (family_ == Family::v6) {
      for (const std::string_view type : kNeighbours) {
        add("OUTPUT", "-p ipv6-icmp -m icmp6 --icmpv6-type {} -m hl --hl-eq 255 -j ACCEPT", type);
      }
    }
    add("OUTPUT", "{}-j PORTREEVE-CONTROL",
        controlled().user ? fmt::format("-m owner --uid-owner {} ", *controlled().user) : std::string());
    add("OUTPUT", "-j PORTREEVE-TO");
  }

  static constexpr std::string_view kNeighbours[] = {"neighbour-solicitation", "neighbour-advertisement"};

  const HostLayer& layer_;
  Family family_;
  std::vector<std::string> rules_;
};

// What is the same in every script.
constexpr std::string_view kScriptHead = R"(set -eu
PATH=$PATH:/usr/sbin:/sbin
for command in iptables iptables-restore ip6tables ip6tables-restore; do
  command -v "$command" >/dev/null || { echo "$command is missing: nothing was loaded" >&2; exit 1; }
done

# Unhooks what an earlier run hooked in, and hooks in at the head, in the transaction that brings the chains.
hooks() {
  for pair in INPUT:INPUT FORWARD:FORWARD OUTPUT:OUTPUT DOCKER-USER:FORWARD; do
    from=${pair%:*} to=PORTREEVE-${pair#*:}
    "$1" -w -n -L "$from" >/dev/null 2>&1 || continue
    if "$1" -w -C "$from" -j "$to" 2>/dev/null; then echo "-D $from -j $to"; fi
    echo "-I $from 1 -j $to"
  done
}
load() {
  hooked=$(hooks "$1")  # before: the older iptables-restore locks out every other from its start
  { echo '*filter'
    for chain in INPUT FORWARD OUTPUT SOURCE NEIGHBOUR GUARD FROM CONTROL TO REPLY GATE UPLINK; do
      echo ":PORTREEVE-$chain - [0:0]"
    done
    cat
    echo "$hooked"
    echo COMMIT
  } | "$1-restore" -w --noflush ${2:-}
}
)";

constexpr std::string_view kScriptEnd = R"(
rules6 | load ip6tables --test
rules4 | load iptables --test
rules6 | load ip6tables
rules4 | load iptables
)";

}  // namespace

std::string to_iptables(const HostLayer& layer, std::string_view revision) {
  std::string out = "#!/bin/sh\n";
  for (const std::string& line : origin_lines("iptables", revision)) out += fmt::format("# {}\n", line);
  out += "# Run it as root, again after each change. Both families are tried before either is loaded.\n";
  out += kScriptHead;
  out += fmt::format("\nrules6() {{\n  cat <<'RULES'\n{}RULES\n}}\n", Chains(layer, Family::v6).text());
  out += fmt::format("\nrules4() {{\n  cat <<'RULES'\n{}RULES\n}}\n", Chains(layer, Family::v4).text());
  out += kScriptEnd;
  return out;
}

}  // namespace portreeve::substrate
