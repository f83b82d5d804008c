// Host names: one form whatever was written, whole labels, and never what anybody would dial as an address.
#include "engine/net/host_name.h"

#include <arpa/inet.h>

#include "engine/base/text.h"
#include "engine/net/endpoint.h"
#include "engine/net/guard.h"
#include "tests/fuzz/input.h"

namespace {

using portreeve::net::HostName;

void check_labels(const HostName& name) {
  std::string joined;
  for (const std::string_view label : name.labels()) {
    CHECK(!label.empty() && label.size() <= portreeve::net::kMaxLabelBytes);
    joined = joined.empty() ? std::string(label) : std::string(label) + "." + joined;
  }
  CHECK(joined == name.view());
}

// Below each of its own suffixes at a label's beginning, and of no other.
void check_suffixes(const HostName& name) {
  const std::string_view view = name.view();
  for (std::size_t at = 0; at < view.size(); ++at) {
    if (view[at] == '.') continue;
    CHECK(name.is_at_or_below(view.substr(at)) == (at == 0 || view[at - 1] == '.'));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const std::string_view text = as_text(data, size);
  const auto name = HostName::parse_wire(text);
  const auto in_policy = HostName::parse(text);
  if (in_policy) CHECK(name && *name == *in_policy);
  if (!name) {
    CHECK(!name.error().message.empty());
    return 0;
  }
  const std::string folded = to_lower_ascii(text);
  CHECK(name->view() == (folded.ends_with('.') ? folded.substr(0, folded.size() - 1) : folded));
  CHECK(name->view().size() <= net::kMaxHostNameBytes);
  CHECK(!net::looks_like_address(text) && !net::looks_like_address(name->view()));
  in_addr dialled{};
  CHECK(inet_aton(name->str().c_str(), &dialled) == 0);

  CHECK(HostName::parse_wire(name->view()) == *name);
  CHECK(HostName::parse(name->view()) == *name);
  const auto host = net::parse_host(text);
  CHECK(host && *host == net::EndpointHost(*name));
  check_labels(*name);
  check_suffixes(*name);
  CHECK(!name->is_single_label() || net::classify_name(*name).has_value());
  return 0;
}
