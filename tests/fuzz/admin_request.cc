// What comes to the admin listener beside JSON: a query, cookies, an origin, and what an identity provider answers.
#include "pdp/admin/cookie.h"
#include "pdp/admin/doorkeeper.h"
#include "pdp/admin/record_csv.h"
#include "pdp/admin/record_query.h"
#include "pdp/identity/openid_client.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::pdp;
  const std::string_view text = as_text(data, size);
  static_cast<void>(read_openid_configuration(text, "https://idp.example.com").has_value());
  static_cast<void>(read_token_answer(text).has_value());
  static_cast<void>(csv_row({0, std::string(text)}));
  if (text.find_first_of("\r\n") != std::string_view::npos || text.size() > 8192) return 0;
  const std::string line(text);
  const HttpRequest request =
      HttpRequest::make("POST", "/v1/decisions?" + line, {{"Host", line}, {"Cookie", line}, {"Origin", line}});
  static_cast<void>(find_cookie(request, "portreeve-console").has_value());
  static const auto doorkeeper = Doorkeeper::make({"0.0.0.0", 8181, ""}, "").value();
  static_cast<void>(doorkeeper.refuse(request).has_value());
  if (auto query = parse_form(text)) {
    const AdminCall call{request, {}, *std::move(query), Reach::own_tenant, nullptr, Grant{"acme", {true}}};
    const auto filter = read_record_filter(call);
    if (filter && filter->tenant != "acme") __builtin_trap();  // whatever is asked, another tenant is not
  }
  return 0;
}
