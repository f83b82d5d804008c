#include "daemon/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "daemon/config.h"
#include "engine/base/json_value.h"
#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

constexpr std::size_t kMostOfAValue = 1000;

// Frozen names: operators filter on them; spdlog's own say `warning` and `error` as well.
spdlog::level::level_enum level_of(std::string_view name) {
  if (name == "debug") return spdlog::level::debug;
  if (name == "warning") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return spdlog::level::info;
}

JsonValue to_json(const LogField::Value& value) {
  return std::visit(
      [](const auto& held) -> JsonValue {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string_view>) {
          return printable(held, kMostOfAValue);
        } else {
          return held;
        }
      },
      value);
}

// A text value stands bare where a reader can see its end, else quoted.
void append_text_value(std::string& line, const LogField::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) {
    line += to_canonical_json(to_json(value));
    return;
  }
  const std::string shown = printable(*text, kMostOfAValue);
  if (!shown.empty() && shown.find_first_of(" =\"\\") == std::string::npos) {
    line += shown;
  } else {
    append_json_string(line, shown);
  }
}

}  // namespace

void add_log_options(ConfigSpec& spec, LogOptions& options) {
  spec.option("log.level", &options.level, "LEVEL", "the least grave of the lines logged")
      .choices({"debug", "info", "warning", "error"});
  spec.option("log.format", &options.format, "FORMAT", "how log lines are written").choices({"text", "json"});
}

struct Log::Backend {
  Backend(spdlog::sink_ptr sink, bool as_json) : logger("portreeve", std::move(sink)), json(as_json) {}

  void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!logger.should_log(level)) return;
    std::string line;
    if (json) {
      line = "\"message\":";
      append_json_string(line, printable(message, kMostOfAValue));
      for (const LogField& field : fields) {
        line += ',';
        append_json_string(line, field.key);
        line += ':';
        line += to_canonical_json(to_json(field.value));
      }
    } else {
      line = printable(message, kMostOfAValue);
      for (const LogField& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_text_value(line, field.value);
      }
    }
    logger.log(level, spdlog::string_view_t(line.data(), line.size()));
  }

  spdlog::logger logger;
  const bool json;
};

Log::Log(const LogOptions& options, std::ostream* out) {
  spdlog::sink_ptr sink;
  if (out == nullptr) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*out);
  }
  const bool json = options.format == "json";
  backend_ = std::make_unique<Backend>(std::move(sink), json);
  backend_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc));
  backend_->logger.set_level(level_of(options.level));
  backend_->logger.flush_on(spdlog::level::debug);
}

Log::~Log() = default;

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  backend_->write(spdlog::level::debug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<LogField> fields) const {
  backend_->write(spdlog::level::info, message, fields);
}
void Log::warning(std::string_view message, std::initializer_list<LogField> fields) const {
  backend_->write(spdlog::level::warn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<LogField> fields) const {
  backend_->write(spdlog::level::err, message, fields);
}

}  // namespace portreeve::daemon
