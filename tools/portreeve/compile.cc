// `portreeve compile`: the coarse layer, for the packet filter, cluster or mesh around the sandboxes.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "engine/base/limits.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/policy_folder.h"
#include "tools/substrate/deployment.h"
#include "tools/substrate/headscale.h"
#include "tools/substrate/iptables.h"
#include "tools/substrate/network_policy.h"
#include "tools/substrate/nftables.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string target;
  std::string policies = "policies";
  std::string deployment;
  std::string output;
};

constexpr std::array kTargets = {"nftables", "iptables", "networkpolicy", "headscale"};

Result<std::string> compile_for(const std::string& target, const model::CheckedPolicySet& set,
                                const substrate::Deployment& deployment) {
  if (target == "networkpolicy") return substrate::to_network_policies(set.documents(), deployment, set.revision());
  if (target == "headscale") return substrate::to_headscale(set.documents(), deployment, set.revision());
  TRY_ASSIGN(const substrate::HostLayer layer, substrate::host_layer(set.documents(), deployment));
  return target == "nftables" ? substrate::to_nftables(layer, set.revision())
                              : substrate::to_iptables(layer, set.revision());
}

// Whole or not at all: what reads the file never sees half of it.
Status write_file(const std::string& path, const std::string& text) {
  const std::string aside = path + ".new";
  {
    std::ofstream file(aside, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) return fail(fmt::format("cannot write `{}`", aside));
  }
  std::error_code fault;
  std::filesystem::rename(aside, path, fault);
  if (fault) return fail(fmt::format("cannot write `{}`: {}", path, fault.message()));
  return {};
}

// What a person who loads these rules on a host should hear before.
void warn_of_closed_host(const Options& options, const substrate::Deployment& deployment, Terminal& terminal) {
  const bool is_host = options.target == "nftables" || options.target == "iptables";
  if (!is_host || !deployment.uplinks.empty()) return;
  terminal.err.write(
      fmt::format("{}: warning: no `uplinks`: these rules close every interface of the host but the loopback one\n",
                  options.deployment));
}

ExitCode compile(const Options& options, Terminal& terminal) {
  const auto policies = load_policies({options.policies});
  if (!policies) return failed(terminal, policies.error().message);
  print_diagnostics(*policies, terminal.err);
  const auto bytes = read_input(options.deployment, limits::kPolicyFileBytes);
  if (!bytes) return failed(terminal, bytes.error().message);
  const auto read = substrate::read_deployment({options.deployment, *bytes});
  for (const Diagnostic& diagnostic : read.diagnostics) {
    terminal.err.write(terminal.err.coloured(Colour::red, to_text(diagnostic)) + "\n");
  }
  if (policies->result.set == nullptr || !read.deployment) return failed(terminal, "nothing was compiled");
  const auto text = compile_for(options.target, *policies->result.set, *read.deployment);
  if (!text) return failed(terminal, text.error().message);
  warn_of_closed_host(options, *read.deployment, terminal);
  if (options.output.empty()) {
    terminal.out.write(*text);
    return ExitCode::ok;
  }
  const auto written = write_file(options.output, *text);
  return written ? ExitCode::ok : failed(terminal, written.error().message);
}

}  // namespace

Run declare_compile(CLI::App& program) {
  CLI::App& app = add_subcommand(
      program, "compile", "Write the rules that make the gates the only way out of the sandboxes.",
      "portreeve compile --target nftables --policies policies --deployment deployment.yaml --output portreeve.nft");
  const auto options = std::make_shared<Options>();
  app.add_option("--target", options->target, "nftables, iptables, networkpolicy or headscale")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(kTargets.begin(), kTargets.end())));
  app.add_option("--policies", options->policies, "The folder of policies (default: policies)");
  app.add_option("--deployment", options->deployment, "Where sandboxes and gates are; `-` is standard input")
      ->required();
  app.add_option("--output", options->output, "Write to this file, whole or not at all (default: standard output)");
  return [options](Terminal& terminal) { return compile(*options, terminal); };
}

}  // namespace portreeve::cli
