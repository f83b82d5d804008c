// URLs that policies name, upstreams and issuers: one normal form, and nothing that two readers could take apart
// differently.
#include "engine/wire/upstream_url.h"

#include "engine/base/text.h"
#include "engine/load/urls.h"
#include "tests/fuzz/input.h"

// What stands between `://` and the path.
static std::string_view authority_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return url.substr(0, url.find('/'));
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const std::string_view text = as_text(data, size);
  const auto issuer = load::check_issuer_url(text);
  if (issuer) {
    CHECK(text.starts_with("https://") || text.starts_with("http://"));
    CHECK(authority_of(text).find('@') == std::string_view::npos);
    CHECK(text.find_first_of("?#\\ \r\n\t") == std::string_view::npos);
  }
  const auto url = wire::UpstreamUrl::parse(text);
  if (!url) {
    CHECK(!url.error().message.empty());
    return 0;
  }
  CHECK(equal_ignoring_ascii_case(text.substr(0, 8), "https://"));
  CHECK(text.find_first_of("?#\\ \r\n\t*") == std::string_view::npos);
  CHECK(authority_of(text).find('@') == std::string_view::npos);
  CHECK(wire::UpstreamUrl::parse(url->to_string()) == *url);
  CHECK(net::Endpoint::parse(url->origin.to_string()) == url->origin);
  CHECK(url->path.empty() || (wire::normalise_http_path(url->path) == url->path && !url->path.ends_with('/')));
  CHECK(load::check_issuer_url(url->to_string()));
  return 0;
}
