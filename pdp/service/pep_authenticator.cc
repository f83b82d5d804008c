#include "pdp/service/pep_authenticator.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kSecretPrefix = "pep_";

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  if (!equal_ignoring_ascii_case(authorization.substr(0, kBearer.size()), kBearer)) return std::nullopt;
  std::string_view token = authorization.substr(kBearer.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return token;
}

}  // namespace

Result<SocketPeer> SocketPeer::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(
        fmt::format("`{}` is no socket peer: {}; write it like `990=egress-1:egress,secrets`", printable(text), why));
  };
  const std::size_t equals = text.find('=');
  const std::size_t colon = equals == std::string_view::npos ? equals : text.find(':', equals);
  if (colon == std::string_view::npos) return bad("it needs a user id, a name and domains");
  SocketPeer peer;
  const auto [end, error] = std::from_chars(text.data(), text.data() + equals, peer.uid);
  if (error != std::errc() || end != text.data() + equals) return bad("the user id is a number");
  peer.caller.name = std::string(text.substr(equals + 1, colon - equals - 1));
  if (peer.caller.name.empty()) return bad("the name is empty");
  for (std::string_view rest = text.substr(colon + 1);;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto domain = storage::pep_domain_from_text(rest.substr(0, comma));
    if (!domain) return bad("a domain is one of `egress`, `secrets`, `execution`, `access`, `sessions`");
    peer.caller.domains.add(*domain);
    if (comma == rest.size()) return peer;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<Caller> PepAuthenticator::by_token(std::string_view token, Timestamp now) const {
  if (token.starts_with(kSecretPrefix)) {
    const auto credential = peps_.find_by_secret(token);
    if (!credential || *credential == nullptr) return std::nullopt;
    return Caller{(*credential)->name, (*credential)->domains};
  }
  // Whether the session lives is a judged question: its supervisor still reports what became of the processes.
  const SessionTokenVerdict verdict = tokens_.verify(token, TokenBearer::supervisor, now);
  if (!verdict) return std::nullopt;
  const SessionTokenClaims& claims = *verdict.claims();
  return Caller{"supervisor:" + claims.sid, {storage::PepDomain::execution}, claims.sid, claims.expires};
}

std::optional<Caller> PepAuthenticator::authenticate(std::optional<std::string_view> authorization,
                                                     const PeerCredentials& peer, Timestamp now) const {
  if (authorization) {
    const auto token = bearer_token(*authorization);
    return token ? by_token(*token, now) : std::nullopt;
  }
  if (peer.unix_uid) {
    const auto known = std::ranges::find(options_.socket_peers, *peer.unix_uid, &SocketPeer::uid);
    if (known != options_.socket_peers.end()) return known->caller;
    return std::nullopt;
  }
  if (!options_.trust_loopback) return std::nullopt;
  Caller dev{"dev", {}};
  for (const storage::PepDomain domain : storage::kAllPepDomains) dev.domains.add(domain);
  return dev;
}

}  // namespace portreeve::pdp
