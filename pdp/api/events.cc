#include "pdp/api/endpoints.h"
#include "pdp/hub/event_text.h"

namespace portreeve::pdp {
namespace {

// There is no such event, so that who resumes from it is told anew what is cut.
constexpr std::int64_t kNoEvent = -1;

std::optional<std::int64_t> resumed_from(const HttpRequest& request) {
  const auto ids = request.headers("Last-Event-ID");
  if (ids.empty()) return std::nullopt;
  return ids.size() == 1 ? read_event_id(ids.front()).value_or(kNoEvent) : kNoEvent;
}

}  // namespace

void answer_events(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  HttpResponse response;
  response.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};  // nginx, where it stands in between
  response.stream = [&parts, session = caller.session,
                     after = resumed_from(request)](std::shared_ptr<BodyStream> stream) {
    EventHub::Listener listener{
        [stream](std::shared_ptr<const std::string> piece) { return stream->send(std::move(piece)); }, session, after};
    // Joining reads what was missed from the disk.
    const bool queued = parts.disk.add([&parts, stream, listener = std::move(listener)] {
      if (!parts.hub.join(listener)) stream->finish();
    });
    if (!queued) stream->finish();
  };
  responder.respond(std::move(response));
}

}  // namespace portreeve::pdp
