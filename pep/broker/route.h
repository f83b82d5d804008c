// What the broker serves where: the Secret documents as the PDP gives them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::pep {

enum class ModelApi : std::uint8_t { anthropic, openai, none };
std::string_view to_text(ModelApi api);

// How a credential is put into a request (SEMANTICS §4).
struct InjectHeader {
  std::string name;  // lower case
  friend bool operator==(const InjectHeader&, const InjectHeader&) = default;
};
struct InjectBearer {
  friend bool operator==(const InjectBearer&, const InjectBearer&) = default;
};
struct InjectBasic {
  std::string user;
  friend bool operator==(const InjectBasic&, const InjectBasic&) = default;
};
struct InjectQuery {
  std::string name;
  friend bool operator==(const InjectQuery&, const InjectQuery&) = default;
};
using Inject = std::variant<InjectHeader, InjectBearer, InjectBasic, InjectQuery>;

// One Secret that has a route. A value.
struct Route {
  std::string secret;
  std::string prefix;  // canonical: `/anthropic`, or `/`
  ModelApi api = ModelApi::none;
  std::string file;  // one name under the secret folder
  Inject inject;
  std::vector<wire::UpstreamUrl> upstreams;  // at least one
  friend bool operator==(const Route&, const Route&) = default;
};

// All routes of one policy revision. Immutable; any thread.
class RouteTable {
 public:
  // Reads the body of `GET /v1/secrets`. A Secret without route is passed over. One that is not wholly understood (a
  // route that is not canonical, a header that frames or is hop by hop, an upstream that is not https, a file that is
  // more than a name, `sigv4`) is left out, and refused() says why. Fails as a whole for what is no list of secrets,
  // and where a route is, or stands within, another's.
  static Result<RouteTable> read(std::string_view body);

  // The route at or above `path` (normalised), or nullptr.
  const Route* find(std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }
  const std::vector<std::string>& refused() const { return refused_; }
  const std::string& revision() const { return revision_; }

 private:
  const Route* exactly(std::string_view prefix) const;
  const Route* find_above(std::string_view path) const;

  std::vector<Route> routes_;  // sorted by prefix
  std::vector<std::string> refused_;
  std::string revision_;
};

}  // namespace portreeve::pep
