// Events as server-sent events (WHATWG HTML §9.2). Frozen: docs/sessions.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "storage/sessions/event.h"

namespace portreeve::pdp {

// Of one message: 32 KiB of ids, which any reader of lines takes.
inline constexpr std::size_t kSessionsPerMessage = 1000;

// `resumes`: whether the listener named an event; else this one's id is where it goes on from the next time.
enum class Resumes : std::uint8_t { no, yes };
std::string hello_text(std::int64_t number, std::string_view revision, std::string_view pdp, Resumes resumes);
std::string heartbeat_text(std::int64_t number);
// `reset`, and then what is cut: messages of kind `session`. The last message has the id.
std::string reset_text(const storage::EventLog::Cuts& cuts, Timestamp now);
// One message, or several where it cut more than kSessionsPerMessage; only the last carries the id.
std::string event_text(const storage::Event& event);

// What who hears of one session alone is told of an event: empty where it does not concern that session.
std::string event_text_for(const storage::Event& event, const std::string& session);

// The value of `Last-Event-ID`: a decimal number below 2^53, without sign or leading zeros. Total.
std::optional<std::int64_t> read_event_id(std::string_view text);

}  // namespace portreeve::pdp
