#include "pep/usage/usage_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/usage/event_lines.h"
#include "pep/usage/json_tap.h"

namespace portreeve::pep {
namespace {

using wire::UsageApi;
using wire::UsageCertainty;

// What providers count; parts and totals as they give them.
enum class Figure : std::uint8_t {
  input,
  cache_read,
  cache_write,
  cache_write_5m,
  cache_write_1h,
  input_audio,
  output,
  reasoning,
  output_audio,
};
constexpr std::size_t kFigures = 9;
using Figures = std::array<std::optional<std::int64_t>, kFigures>;

template <class Array>
auto& at(Array& figures, Figure figure) {
  return figures[static_cast<std::size_t>(figure)];
}
std::int64_t value_or_zero(const Figures& figures, Figure figure) { return at(figures, figure).value_or(0); }

// Below the object `usage`. Frozen by the providers: docs/accounting.md names their pages.
struct FigurePath {
  std::string_view path;
  Figure figure;
};
constexpr FigurePath kAnthropic[] = {{"/input_tokens", Figure::input},
                                     {"/cache_read_input_tokens", Figure::cache_read},
                                     {"/cache_creation_input_tokens", Figure::cache_write},
                                     {"/cache_creation/ephemeral_5m_input_tokens", Figure::cache_write_5m},
                                     {"/cache_creation/ephemeral_1h_input_tokens", Figure::cache_write_1h},
                                     {"/output_tokens", Figure::output}};
constexpr FigurePath kChat[] = {{"/prompt_tokens", Figure::input},
                                {"/prompt_tokens_details/cached_tokens", Figure::cache_read},
                                {"/prompt_tokens_details/audio_tokens", Figure::input_audio},
                                {"/completion_tokens", Figure::output},
                                {"/completion_tokens_details/reasoning_tokens", Figure::reasoning},
                                {"/completion_tokens_details/audio_tokens", Figure::output_audio}};
constexpr FigurePath kResponses[] = {{"/input_tokens", Figure::input},
                                     {"/input_tokens_details/cached_tokens", Figure::cache_read},
                                     {"/output_tokens", Figure::output},
                                     {"/output_tokens_details/reasoning_tokens", Figure::reasoning}};

// The model's words in a streamed answer: what an estimate counts.
constexpr std::string_view kAnthropicText[] = {"/delta/text", "/delta/thinking", "/delta/partial_json"};
constexpr std::string_view kChatText[] = {"/choices/[]/delta/content", "/choices/[]/delta/refusal",
                                          "/choices/[]/delta/reasoning_content",
                                          "/choices/[]/delta/tool_calls/[]/function/arguments", "/choices/[]/text"};
constexpr std::string_view kResponsesText[] = {"/delta"};

// What differs between the APIs, but for when a stream is over.
struct Dialect {
  std::span<const FigurePath> figures;
  std::span<const std::string_view> text;
  std::string_view nested;  // where a stream's event holds the whole answer
  std::string_view tier;    // below the answer
};
Dialect dialect_of(UsageApi api) {
  switch (api) {
    case UsageApi::anthropic_messages:
      return {kAnthropic, kAnthropicText, "/message", "/usage/service_tier"};
    case UsageApi::openai_chat:
      return {kChat, kChatText, "", "/service_tier"};
    case UsageApi::openai_responses:
      return {kResponses, kResponsesText, "/response", "/service_tier"};
    case UsageApi::none:
      break;
  }
  return {};
}

constexpr std::string_view kUsage = "/usage";
constexpr std::string_view kChoice = "/choices/[]";
constexpr std::string_view kAnthropicTools = "/usage/server_tool_use/";
constexpr std::string_view kRequests = "_requests";
constexpr std::string_view kOutputType = "/output/[]/type";
constexpr std::string_view kToolCalls[] = {"web_search_call", "file_search_call", "code_interpreter_call",
                                           "image_generation_call"};
constexpr std::string_view kCall = "_call";
constexpr std::string_view kDone = "[DONE]";
constexpr std::size_t kBytesPerToken = 4;
constexpr int kFirstRefusal = 300;

std::int64_t tokens_of(std::size_t bytes) {
  const auto tokens = static_cast<std::int64_t>(bytes / kBytesPerToken + (bytes % kBytesPerToken != 0 ? 1 : 0));
  return std::min(tokens, limits::kUsageCount);
}

// What one document said: the whole answer, or one event of a stream.
struct Document {
  Figures figures;
  std::map<std::string, std::int64_t> tools;
  std::string type;
  std::string id;
  std::string model;
  std::string tier;
  std::size_t text_bytes = 0;
  bool has_choices = false;
  bool unfit = false;  // a figure stands twice, is no count, or is out of bounds
};

bool ends_with(std::string_view text, std::string_view tail) {
  return text.size() > tail.size() && text.substr(text.size() - tail.size()) == tail;
}

}  // namespace

struct UsageReader::State final : JsonSink, EventSink {
  explicit State(const AnswerHead& head)
      : api(head.api),
        dialect(dialect_of(head.api)),
        streamed(equal_ignoring_ascii_case(head.content_type.substr(0, head.content_type.find_first_of("; ")),
                                           "text/event-stream")),
        refused(head.status >= kFirstRefusal),
        request_bytes(head.request_bytes) {}

  // JsonSink
  void number(std::string_view path, std::int64_t value) override {
    note_choices(path);
    if (const auto figure = figure_at(path)) {
      auto& slot = at(document.figures, *figure);
      document.unfit = document.unfit || slot || value < 0 || value > limits::kUsageCount;
      slot = value;
      return;
    }
    const std::string_view below = answer_path(path);
    if (api != UsageApi::anthropic_messages || below.substr(0, kAnthropicTools.size()) != kAnthropicTools) return;
    const std::string_view tool = below.substr(kAnthropicTools.size());
    if (!ends_with(tool, kRequests) || document.tools.size() >= limits::kUsageTools) return;
    document.unfit = document.unfit || value < 0 || value > limits::kUsageCount;
    document.tools[std::string(tool.substr(0, tool.size() - kRequests.size()))] = value;
  }
  void odd_number(std::string_view path) override { document.unfit = document.unfit || figure_at(path).has_value(); }
  void text(std::string_view path, std::string_view head, std::size_t size) override {
    if (streamed && std::ranges::find(dialect.text, path) != dialect.text.end()) document.text_bytes += size;
    note_choices(path);
    if (size > limits::kUsageTextBytes) return;
    if (path == "/type") document.type = head;
    const std::string_view below = answer_path(path);
    if (below == "/id") document.id = head;
    if (below == "/model") document.model = head;
    if (below == dialect.tier) document.tier = head;
    if (api == UsageApi::openai_responses && below == kOutputType &&
        std::ranges::find(kToolCalls, head) != std::end(kToolCalls)) {
      ++document.tools[std::string(head.substr(0, head.size() - kCall.size()))];
    }
  }

  void note_choices(std::string_view path) {
    document.has_choices = document.has_choices || path.substr(0, kChoice.size()) == kChoice;
  }

  // EventSink
  void data(std::string_view bytes) override {
    if (mark.size() <= kDone.size()) mark.append(bytes.substr(0, kDone.size() + 1 - mark.size()));
    tap.feed(bytes);
  }
  void end_event() override {
    if (mark == kDone) {
      over = true;
    } else if (tap.whole()) {
      take_event();
    } else {
      faulty = true;
    }
    mark.clear();
    document = {};
    tap.reset();
  }

  void feed(std::string_view bytes) {
    if (api == UsageApi::none || bytes.empty()) return;
    if (streamed) return lines.feed(bytes);
    if (!tap.feed(bytes)) faulty = true;
  }

  // The path below the answer object; empty where this part of the document does not describe the answer.
  std::string_view answer_path(std::string_view path) const {
    if (!streamed || dialect.nested.empty()) return path;
    if (path.substr(0, dialect.nested.size()) == dialect.nested) return path.substr(dialect.nested.size());
    return api == UsageApi::anthropic_messages ? path : std::string_view();
  }
  std::optional<Figure> figure_at(std::string_view path) const {
    const std::string_view below = answer_path(path);
    if (below.substr(0, kUsage.size()) != kUsage) return std::nullopt;
    for (const FigurePath& row : dialect.figures) {
      if (below.substr(kUsage.size()) == row.path) return row.figure;
    }
    return std::nullopt;
  }

  void take_figures(const Document& from) {
    faulty = faulty || from.unfit;
    for (std::size_t i = 0; i < kFigures; ++i) {
      if (from.figures[i]) figures[i] = from.figures[i];
    }
    for (const auto& [tool, count] : from.tools) tools[tool] = count;
  }
  void take_names(const Document& from) {
    if (!from.id.empty()) id = from.id;
    if (!from.model.empty()) model = from.model;
    if (!from.tier.empty()) tier = from.tier;
  }

  void take_event() {
    text_bytes += document.text_bytes;
    switch (api) {
      case UsageApi::anthropic_messages: {
        const bool delta = document.type == "message_delta";
        if (delta || document.type == "message_start") {
          take_figures(document);
          take_names(document);
        }
        last_word = last_word || (delta && at(document.figures, Figure::output));
        over = over || document.type == "message_stop" || document.type == "error";
        stopped = stopped || document.type == "message_stop";
        return;
      }
      case UsageApi::openai_chat: {
        take_figures(document);
        take_names(document);
        const bool has_usage = at(document.figures, Figure::input).has_value();
        // The chunk that include_usage asks for has no choices; servers that count as they go have interim figures.
        last_word = last_word || has_usage;
        stopped = stopped || (has_usage && !document.has_choices);
        over = over || stopped;
        return;
      }
      case UsageApi::openai_responses: {
        take_names(document);
        const bool last = document.type == "response.completed" || document.type == "response.incomplete" ||
                          document.type == "response.failed";
        if (last) take_figures(document);
        last_word = last_word || last;
        stopped = stopped || last;
        over = over || last || document.type == "error";
        return;
      }
      case UsageApi::none:
        return;
    }
  }

  const UsageApi api;
  const Dialect dialect;
  const bool streamed;
  const bool refused;
  const std::size_t request_bytes;

  // The document that is being read.
  Document document;
  std::string mark;  // the head of its data
  JsonTap tap{*this};
  EventLines lines{*this};

  // A stream so far.
  Figures figures;
  std::map<std::string, std::int64_t> tools;
  std::string id;
  std::string model;
  std::string tier;
  std::size_t text_bytes = 0;
  bool last_word = false;  // a figure came that may be the last
  bool stopped = false;    // and nothing can follow that replaces it
  bool over = false;       // the stream said that it is over
  bool faulty = false;
};

namespace {

bool is_whole(UsageApi api, const Figures& figures) {
  const bool input = at(figures, Figure::input).has_value();
  // Embeddings have no output.
  return input && (api == UsageApi::openai_chat || at(figures, Figure::output).has_value());
}

// Takes the parts out of the totals where the provider counts them in both.
wire::UsageCounters disjoint(UsageApi api, const Figures& figures) {
  wire::UsageCounters counters;
  if (api == UsageApi::anthropic_messages) {
    const std::int64_t split =
        value_or_zero(figures, Figure::cache_write_5m) + value_or_zero(figures, Figure::cache_write_1h);
    const std::int64_t written = at(figures, Figure::cache_write).value_or(split);
    counters.input = value_or_zero(figures, Figure::input);
    counters.cache_read = value_or_zero(figures, Figure::cache_read);
    counters.cache_write_1h = std::min(value_or_zero(figures, Figure::cache_write_1h), written);
    counters.cache_write_5m = written - counters.cache_write_1h;
    counters.output = value_or_zero(figures, Figure::output);
    return counters;
  }
  std::int64_t input = value_or_zero(figures, Figure::input);
  std::int64_t output = value_or_zero(figures, Figure::output);
  const auto take_out = [&figures](std::int64_t& total, Figure part) {
    const std::int64_t taken = std::min(value_or_zero(figures, part), total);
    total -= taken;
    return taken;
  };
  counters.cache_read = take_out(input, Figure::cache_read);
  counters.input_audio = take_out(input, Figure::input_audio);
  counters.input = input;
  counters.reasoning = take_out(output, Figure::reasoning);
  counters.output_audio = take_out(output, Figure::output_audio);
  counters.output = output;
  return counters;
}

}  // namespace

UsageReader::UsageReader(const AnswerHead& head) : state_(std::make_unique<State>(head)) {}
UsageReader::~UsageReader() = default;
UsageReader::UsageReader(UsageReader&&) noexcept = default;
UsageReader& UsageReader::operator=(UsageReader&&) noexcept = default;

void UsageReader::feed(std::string_view bytes) { state_->feed(bytes); }

bool UsageReader::complete() const {
  if (state_->api == UsageApi::none) return true;
  return state_->streamed ? state_->over : state_->faulty || state_->tap.whole();
}

UsageReading UsageReader::finish() const {
  const State& state = *state_;
  UsageReading reading;
  if (state.api == UsageApi::none) {
    reading.certainty = UsageCertainty::reported;
    return reading;
  }
  const bool whole_text = state.streamed || state.tap.whole();
  const Document& document = state.document;
  const bool faulty = state.faulty || (!state.streamed && (document.unfit || !whole_text));
  const Figures& figures = state.streamed ? state.figures : document.figures;
  const bool any = std::ranges::any_of(figures, [](const auto& figure) { return figure.has_value(); });
  if (state.streamed || whole_text) {
    reading.model = state.streamed ? state.model : document.model;
    reading.response_id = state.streamed ? state.id : document.id;
    reading.service_tier = state.streamed ? state.tier : document.tier;
  }
  if (state.refused && !any && state.text_bytes == 0) {
    reading.certainty = UsageCertainty::reported;
    return reading;
  }
  if (!state.streamed) {
    if (faulty || !is_whole(state.api, figures)) return reading;
    reading.certainty = UsageCertainty::reported;
    reading.counters = disjoint(state.api, figures);
    reading.counters.tools = document.tools;
    return reading;
  }
  if (!any && state.text_bytes == 0) return reading;
  Figures filled = figures;
  if (!faulty && state.last_word && (state.stopped || state.over) && is_whole(state.api, figures)) {
    reading.certainty = UsageCertainty::reported;
  } else {
    reading.certainty = UsageCertainty::estimated;
    if (!at(filled, Figure::input)) at(filled, Figure::input) = tokens_of(state.request_bytes);
    at(filled, Figure::output) = std::max(value_or_zero(filled, Figure::output), tokens_of(state.text_bytes));
  }
  reading.counters = disjoint(state.api, filled);
  reading.counters.tools = state.tools;
  return reading;
}

}  // namespace portreeve::pep
