#include <algorithm>
#include <array>
#include <charconv>

#include "engine/analyze/explanation_parts.h"
#include "engine/base/time.h"

namespace portreeve::analyze {
namespace {

// An obligation of the answer, and the field of a rule that states it.
struct Stated {
  std::string_view name;
  std::string_view field;
};
constexpr std::array kStated{
    Stated{"limits.bytesIn", "limits.bytesIn"},
    Stated{"limits.bytesOut", "limits.bytesOut"},
    Stated{"limits.connections", "limits.connections"},
    Stated{"limits.cpu", "limits.cpu"},
    Stated{"limits.idle", "limits.idle"},
    Stated{"limits.memory", "limits.memory"},
    Stated{"limits.openFiles", "limits.openFiles"},
    Stated{"limits.processes", "limits.processes"},
    Stated{"limits.requestsPerMinute", "limits.requestsPerMinute"},
    Stated{"limits.total", "limits.total"},
    Stated{"limits.wall", "limits.wall"},
    Stated{"leaseTtl", "limits.leaseTtl"},
    Stated{"env.pass", "env.pass"},
    Stated{"write", "write"},
};

const JsonValue* at_path(const JsonValue& value, std::string_view path) {
  const JsonValue* at = &value;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = at->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

// A number, a size in bytes or a span in seconds, as policies write it.
std::optional<std::int64_t> amount(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  if (const auto bytes = parse_byte_size(text)) return *bytes;
  if (const auto span = parse_duration(text)) return span->count();
  return std::nullopt;
}

}  // namespace

void explain_obligations(const Inquiry& inquiry, Explanation& out) {
  const JsonValue merged = wire::obligations_to_json(out.decision.obligations);
  for (const auto& [name, field] : kStated) {
    const JsonValue* const value = at_path(merged, name);
    if (value == nullptr) continue;
    ObligationOrigin origin{std::string(name), *value, {}};
    for (const ConsideredRule& rule : out.rules) {
      if (!rule.matched || !rule.enforced || rule.effect != model::Effect::allow) continue;
      auto written = inquiry.text.of_rule(rule.place, field);
      // A limit is of the rules that state it; a list is cut down by every rule that matched.
      if (!written && value->as_int() != nullptr) continue;
      ObligationOrigin::Source source{rule.rule, {}, rule.place, true};
      if (written) {
        source.states = std::move(written->text);
        source.place = written->place;
      }
      if (value->as_int() != nullptr) source.decides = amount(source.states) == *value->as_int();
      origin.sources.push_back(std::move(source));
    }
    if (!origin.sources.empty()) out.obligations.push_back(std::move(origin));
  }
}

}  // namespace portreeve::analyze
