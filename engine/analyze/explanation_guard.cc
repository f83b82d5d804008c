#include <algorithm>

#include "engine/analyze/explanation_parts.h"
#include "engine/net/guard.h"
#include "engine/wire/program_path.h"

namespace portreeve::analyze {
namespace {

wire::Reason reason_of(std::string_view guard_code) {
  return wire::reason_from_code(guard_code).value_or(wire::Reason::internal_error);
}

std::vector<std::string> services_naming(const compile::Snapshot& snapshot, const net::HostName* name) {
  std::vector<std::string> out;
  if (name == nullptr) return out;
  for (const model::InternalService& service : snapshot.documents().internal_services) {
    const bool lists =
        std::ranges::any_of(service.hosts, [&](const net::HostPattern& pattern) { return pattern.matches(*name); });
    if (lists) out.push_back(service.name);
  }
  return out;
}

// Whether the rules in force open the address, which is a soft one: the guard lets a question about it alone pass.
// Where name or port already trip it, nothing is open.
bool is_opened(const Inquiry& inquiry, net::IpAddress address) {
  wire::Request alone = inquiry.request;
  std::get<wire::EgressQuestion>(alone.question).addresses = {address};
  return decide::decide(inquiry.snapshot, alone).reason > wire::Reason::guard_dynamic_loader;
}

void explain(const wire::EgressQuestion& question, const Inquiry& inquiry, Explanation& out) {
  const auto* const name = std::get_if<net::HostName>(&question.host);
  const std::vector<std::string> services = services_naming(inquiry.snapshot, name);
  if (const auto guarded = name == nullptr ? std::nullopt : net::classify_name(*name)) {
    out.guard.push_back({GuardFinding::What::name, std::string(name->view()), reason_of(net::guard_code(*guarded)),
                         false, !services.empty(), services});
  }
  if (net::is_forbidden_port(question.port)) {
    out.guard.push_back(
        {GuardFinding::What::port, std::to_string(question.port), wire::Reason::guard_forbidden_port, true, false, {}});
  }
  std::vector<net::IpAddress> addresses = question.addresses;
  std::ranges::sort(addresses);
  const auto repeated = std::ranges::unique(addresses);
  addresses.erase(repeated.begin(), repeated.end());
  for (const net::IpAddress address : addresses) {
    const net::SpecialRange range = net::classify(address, inquiry.snapshot.deployment().own_addresses);
    if (range == net::SpecialRange::none) continue;
    const bool hard = net::tier(range) == net::GuardTier::hard;
    GuardFinding finding{
        GuardFinding::What::address, address.to_string(), reason_of(net::guard_code(range)), hard, false, services};
    if (!hard) finding.opened = is_opened(inquiry, address);
    out.guard.push_back(std::move(finding));
  }
}

void explain(const wire::ExecQuestion& question, const Inquiry&, Explanation& out) {
  std::vector<std::string> loaders;
  const auto look = [&](const std::string& path) {
    if (wire::is_dynamic_loader(path) && std::ranges::find(loaders, path) == loaders.end()) loaders.push_back(path);
  };
  const auto look_at = [&](const wire::ProgramFile& program) {
    look(program.path);
    if (program.file) look(*program.file);
  };
  look_at(question.program);
  if (question.interpreter) look_at(*question.interpreter);
  for (std::string& path : loaders) {
    out.guard.push_back(
        {GuardFinding::What::program, std::move(path), wire::Reason::guard_dynamic_loader, true, false, {}});
  }
}

void explain(const wire::SecretQuestion&, const Inquiry&, Explanation&) {}
void explain(const wire::AccessQuestion&, const Inquiry&, Explanation&) {}

}  // namespace

void explain_guard(const Inquiry& inquiry, Explanation& out) {
  std::visit([&](const auto& question) { explain(question, inquiry, out); }, inquiry.request.question);
}

}  // namespace portreeve::analyze
