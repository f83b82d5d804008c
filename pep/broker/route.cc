#include "pep/broker/route.h"

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/client/strict_json.h"
#include "pep/http/field_section.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

// Headers that no credential goes into: framing, routing, hop by hop.
constexpr auto kNeverInjected = std::to_array<std::string_view>(
    {"accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive",
     "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"});

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

std::optional<std::string> text_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains(json::string_view(name.data(), name.size()));
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string(view(*text));
}

bool is_printable(std::string_view text) { return std::all_of(text.begin(), text.end(), is_visible); }

// True for one folder entry's name: no separators, no way up, nothing hidden.
bool is_file_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '.' && is_printable(text) &&
         text.find('/') == std::string_view::npos;
}

Status check_prefix(std::string_view prefix) {
  const auto normal = wire::normalise_http_path(prefix);
  if (!normal || *normal != prefix || prefix.find("//") != std::string_view::npos) return fail("is not canonical");
  if (prefix != "/" && prefix.ends_with('/')) return fail("ends in `/`");
  return {};
}

// Nothing: a form that this broker does not know.
Result<std::optional<Inject>> read_inject(const json::object& secret) {
  const json::value* found = secret.if_contains("inject");
  const json::object* inject = found == nullptr ? nullptr : found->if_object();
  if (inject == nullptr || inject->size() != 1) return fail("`inject` is no object with one member");
  const auto& form = *inject->begin();
  if (form.key() == "bearer") return std::optional<Inject>(InjectBearer{});
  if (form.key() == "sigv4") return std::optional<Inject>();
  if (form.key() == "header" || form.key() == "query") {
    auto name = text_in(*inject, view(json::string(form.key())));
    if (!name || name->empty() || name->size() > 256) return fail("`inject` names nothing");
    if (!std::all_of(name->begin(), name->end(), is_token_char)) return fail("`inject` names what cannot be a name");
    if (form.key() == "query") return std::optional<Inject>(InjectQuery{*std::move(name)});
    const std::string lower = to_lower_ascii(*name);
    if (std::find(kNeverInjected.begin(), kNeverInjected.end(), lower) != kNeverInjected.end()) {
      return fail("no credential goes into the header `" + lower + "`");
    }
    return std::optional<Inject>(InjectHeader{lower});
  }
  if (form.key() == "basic" && form.value().is_object()) {
    auto user = text_in(form.value().get_object(), "user");
    const bool fits = user && user->size() <= 256 && is_printable(*user) && user->find(':') == std::string::npos;
    if (!fits) return fail("`inject.basic` has no `user`");
    return std::optional<Inject>(InjectBasic{*std::move(user)});
  }
  return fail("`inject` has a form that is none");
}

Result<Route> read_route(const json::object& secret, const std::string& name, std::string prefix, Inject inject) {
  Route route;
  route.secret = name;
  route.inject = std::move(inject);
  if (auto status = check_prefix(prefix); !status) return fail("its route " + status.error().message);
  route.prefix = std::move(prefix);
  const auto api = text_in(secret, "api");
  if (api == "anthropic") {
    route.api = ModelApi::anthropic;
  } else if (api == "openai") {
    route.api = ModelApi::openai;
  } else if (api && api != "none") {
    return fail("its `api` is none that this broker knows");
  }
  const json::value* source = secret.if_contains("source");
  const auto file =
      source != nullptr && source->is_object() ? text_in(source->get_object(), "file") : std::optional<std::string>();
  if (!file || !is_file_name(*file)) return fail("its `source.file` is no file's name");
  route.file = *file;
  const json::value* upstreams = secret.if_contains("upstreams");
  if (upstreams == nullptr || !upstreams->is_array() || upstreams->get_array().empty() ||
      upstreams->get_array().size() > limits::kRouteUpstreams) {
    return fail("its `upstreams` are no list");
  }
  for (const json::value& item : upstreams->get_array()) {
    if (!item.is_string()) return fail("its `upstreams` hold something that is no text");
    TRY_ASSIGN(auto url, wire::UpstreamUrl::parse(view(item.get_string())));
    route.upstreams.push_back(std::move(url));
  }
  return route;
}

}  // namespace

std::string_view to_text(ModelApi api) {
  switch (api) {
    case ModelApi::anthropic:
      return "anthropic";
    case ModelApi::openai:
      return "openai";
    case ModelApi::none:
      return "none";
  }
  return "none";
}

Result<RouteTable> RouteTable::read(std::string_view body) {
  TRY_ASSIGN(const json::value value, read_json(body));
  const json::object* root = value.if_object();
  const json::value* secrets = root == nullptr ? nullptr : root->if_contains("secrets");
  if (secrets == nullptr || !secrets->is_array()) return fail("there is no list of secrets");
  RouteTable table;
  table.revision_ = text_in(*root, "revision").value_or("");
  for (const json::value& item : secrets->get_array()) {
    const json::object* secret = item.if_object();
    const auto name = secret == nullptr ? std::nullopt : text_in(*secret, "name");
    if (!name || name->empty()) return fail("a secret has no name");
    const auto refuse = [&](const std::string& why) {
      table.refused_.push_back("the secret `" + printable(*name) + "`: " + why + "; its route stays closed");
    };
    auto prefix = text_in(*secret, "route");
    if (!prefix) continue;
    auto inject = read_inject(*secret);
    if (!inject) {
      refuse(inject.error().message);
      continue;
    }
    if (!*inject) {
      refuse("`inject: sigv4` is not served by this broker");
      continue;
    }
    auto route = read_route(*secret, *name, *std::move(prefix), **std::move(inject));
    if (!route) {
      refuse(route.error().message);
      continue;
    }
    table.routes_.push_back(*std::move(route));
  }
  std::sort(table.routes_.begin(), table.routes_.end(),
            [](const Route& a, const Route& b) { return a.prefix < b.prefix; });
  for (std::size_t i = 0; i < table.routes_.size(); ++i) {
    const std::string& prefix = table.routes_[i].prefix;
    const bool twice = i > 0 && table.routes_[i - 1].prefix == prefix;
    if (twice || table.find_above(prefix) != nullptr) return fail("the route `" + printable(prefix) + "` is another's");
  }
  return table;
}

const Route* RouteTable::exactly(std::string_view prefix) const {
  const auto it = std::lower_bound(routes_.begin(), routes_.end(), prefix,
                                   [](const Route& route, std::string_view p) { return route.prefix < p; });
  return it != routes_.end() && it->prefix == prefix ? &*it : nullptr;
}

// The route at a folder above `path`.
const Route* RouteTable::find_above(std::string_view path) const {
  while (path.size() > 1) {
    path = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    if (const Route* found = exactly(path)) return found;
  }
  return nullptr;
}

const Route* RouteTable::find(std::string_view path) const {
  const Route* const found = exactly(path);
  return found != nullptr ? found : find_above(path);
}

}  // namespace portreeve::pep
