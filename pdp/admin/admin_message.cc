#include "pdp/admin/admin_message.h"

namespace portreeve::pdp {

AdminResponse json_text_answer(std::string body) {
  return HttpResponse{200, {{"Content-Type", "application/json"}}, std::move(body)};
}

AdminResponse json_answer(const JsonValue& body) { return json_text_answer(to_canonical_json(body)); }

AdminResponse no_content() { return HttpResponse{204, {}, {}}; }

}  // namespace portreeve::pdp
