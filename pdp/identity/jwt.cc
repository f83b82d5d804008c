#include "pdp/identity/jwt.h"

#include <fmt/format.h>

#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::pdp {
namespace {

struct Parts {
  std::string_view header, payload, signature;
  std::string_view signing_input;  // header, dot, payload
};

Result<Parts> split(std::string_view compact) {
  const std::size_t first = compact.find('.');
  const std::size_t second = first == std::string_view::npos ? first : compact.find('.', first + 1);
  if (second == std::string_view::npos || compact.find('.', second + 1) != std::string_view::npos) {
    return fail("not three parts with dots between them");
  }
  const Parts parts{compact.substr(0, first), compact.substr(first + 1, second - first - 1), compact.substr(second + 1),
                    compact.substr(0, second)};
  if (parts.header.empty() || parts.payload.empty() || parts.signature.empty()) return fail("an empty part");
  return parts;
}

Result<JsonValue> read_object(std::string_view part, std::string_view what) {
  const auto decoded = base64url_decode(part);
  if (!decoded) return fail(fmt::format("the {} is not canonical base64url", what));
  auto value = reader::parse_json(*decoded, {.bytes = limits::kTokenBytes});
  if (!value) return fail(fmt::format("the {} is not JSON we take: {}", what, value.error().message));
  if (value->as_object() == nullptr) return fail(fmt::format("the {} is no JSON object", what));
  return value;
}

// Null where the header has no such member.
Result<const std::string*> header_text(const JsonValue& header, std::string_view name) {
  const JsonValue* member = header.find(name);
  if (member == nullptr) return static_cast<const std::string*>(nullptr);
  if (member->as_string() == nullptr) return fail(fmt::format("the header's `{}` is no string", name));
  return member->as_string();
}

std::string normalised_typ(std::string_view typ) {
  std::string lower = to_lower_ascii(typ);
  constexpr std::string_view kPrefix = "application/";
  // RFC 7515 §4.1.9: the prefix may be left out only where no other `/` stands.
  if (lower.starts_with(kPrefix) && lower.find('/', kPrefix.size()) == std::string::npos) {
    lower.erase(0, kPrefix.size());
  }
  return lower;
}

}  // namespace

Result<UnverifiedToken> UnverifiedToken::parse(std::string_view compact) {
  if (compact.size() > limits::kTokenBytes) return fail(fmt::format("longer than {} bytes", limits::kTokenBytes));
  TRY_ASSIGN(const Parts parts, split(compact));
  TRY_ASSIGN(const JsonValue header, read_object(parts.header, "header"));
  for (const std::string_view extension : {"crit", "b64"}) {
    if (header.find(extension) != nullptr) {
      return fail(fmt::format("the header has `{}`; no extension is understood", extension));
    }
  }
  TRY_ASSIGN(const std::string* const alg, header_text(header, "alg"));
  if (alg == nullptr) return fail("the header has no `alg`");
  const auto algorithm = algorithm_from_name(*alg);
  if (!algorithm) return fail("the header's `alg` is none of RS256, PS256, ES256, EdDSA");
  TRY_ASSIGN(const std::string* const kid, header_text(header, "kid"));
  TRY_ASSIGN(const std::string* const typ, header_text(header, "typ"));

  UnverifiedToken token;
  token.algorithm_ = *algorithm;
  if (kid != nullptr) token.kid_ = *kid;
  if (typ != nullptr) {
    token.typ_ = normalised_typ(*typ);
    if (token.typ_.empty()) return fail("the header's `typ` is empty");
  }
  auto signature = base64url_decode(parts.signature);
  if (!signature) return fail("the signature is not canonical base64url");
  token.signature_ = std::move(*signature);
  token.signing_input_ = parts.signing_input;
  TRY_ASSIGN(token.payload_, read_object(parts.payload, "payload"));
  return token;
}

std::string_view UnverifiedToken::unverified_issuer() const {
  const JsonValue* issuer = payload_.find("iss");
  if (issuer == nullptr || issuer->as_string() == nullptr) return {};
  return *issuer->as_string();
}

const JsonValue* UnverifiedToken::open(const PublicKey& key) const {
  return key.verifies(algorithm_, signing_input_, signature_) ? &payload_ : nullptr;
}

}  // namespace portreeve::pdp
