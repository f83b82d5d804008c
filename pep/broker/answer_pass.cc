#include "pep/broker/answer_pass.h"

#include <utility>

#include "pep/broker/header_lists.h"
#include "pep/http/status.h"

namespace portreeve::pep {
namespace {

bool is_event_stream(const ResponseHead& head) {
  const std::string* type = head.find("content-type");
  return type != nullptr && type->starts_with("text/event-stream");
}

// What is masked keeps its length, so a stated one holds, unless something is taken out.
Framing framing_for(const ResponseHead& head, bool filtered, int client_minor) {
  if (head.framing == Framing::none) return Framing::none;
  if (head.framing == Framing::length && !filtered) return Framing::length;
  return client_minor == 1 ? Framing::chunked : Framing::until_close;
}

}  // namespace

AnswerPass::AnswerPass(const ResponseHead& head, const AnswerHead& usage, Manner manner)
    : head_(head),
      manner_(std::move(manner)),
      out_framing_(framing_for(head, manner_.drop_usage_chunk && is_event_stream(head), manner_.client_minor)),
      body_(head.framing, head.content_length),
      usage_(usage),
      scrubber_(manner_.needles) {
  if (manner_.drop_usage_chunk && is_event_stream(head)) filter_.emplace();
  complete_ = body_.complete();
}

std::string AnswerPass::head(bool keep_alive) const {
  std::string text =
      "HTTP/1.1 " + std::to_string(head_.status) + " " + std::string(status_phrase(head_.status)) + "\r\n";
  for (const Field& field : passed_to_workload(head_, manner_.needles)) {
    text += field.name + ": " + field.value + "\r\n";
  }
  text += "x-portreeve-upstream: " + std::to_string(head_.status) + "\r\n";
  text += "x-decision-id: " + manner_.decision + "\r\n";
  const bool stated = out_framing_ == Framing::length ||
                      (out_framing_ == Framing::none && head_.status != 204 && head_.find("content-length") != nullptr);
  if (stated) text += "content-length: " + std::to_string(head_.content_length) + "\r\n";
  if (out_framing_ == Framing::chunked) text += "transfer-encoding: chunked\r\n";
  text += std::string("connection: ") + (keep_alive && !ends_with_connection() ? "keep-alive" : "close") + "\r\n\r\n";
  return text;
}

void AnswerPass::feed(std::string_view& rest, std::string& out) {
  std::string clear;
  while (!complete_) {
    const std::string_view piece = body_.next(rest);
    if (piece.empty()) break;
    usage_.feed(piece);
    scrubber_.feed(piece, clear);
    if (body_.complete()) break;
  }
  if (filter_) {
    std::string kept;
    filter_->feed(clear, kept);
    clear.swap(kept);
  }
  frame(clear, out);
  if (!complete_ && body_.complete()) finish(out);
}

bool AnswerPass::end(std::string& out) {
  if (complete_) return true;
  if (!body_.end()) return false;
  finish(out);
  return true;
}

void AnswerPass::finish(std::string& out) {
  complete_ = true;
  std::string last;
  scrubber_.finish(last);
  if (filter_) {
    std::string kept;
    filter_->feed(last, kept);
    filter_->finish(kept);
    last.swap(kept);
  }
  frame(last, out);
  if (out_framing_ == Framing::chunked) out += kLastChunk;
}

void AnswerPass::frame(std::string_view piece, std::string& out) {
  body_bytes_ += static_cast<std::int64_t>(piece.size());
  if (out_framing_ == Framing::chunked) {
    append_chunk(out, piece);
  } else {
    out += piece;
  }
}

}  // namespace portreeve::pep
