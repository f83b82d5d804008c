// An upstream's answer on its way to the workload: looked at, cleaned and framed anew.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pep/broker/model_request.h"
#include "pep/broker/scrubber.h"
#include "pep/http/body.h"
#include "pep/http/response_head.h"
#include "pep/usage/usage_reader.h"

namespace portreeve::pep {

// What an answer passes through. One answer per object; one thread.
class AnswerPass {
 public:
  struct Manner {
    std::shared_ptr<const Needles> needles;
    bool drop_usage_chunk = false;  // the client did not ask for it
    int client_minor = 1;
    std::string decision;
  };
  AnswerPass(const ResponseHead& head, const AnswerHead& usage, Manner manner);

  // The head, as the workload gets it. `keep_alive`: what its connection does afterwards, as far as the client wants
  // it.
  std::string head(bool keep_alive) const;
  // True where the answer's end is the connection's.
  bool ends_with_connection() const { return out_framing_ == Framing::until_close; }

  // Takes bytes of the upstream; appends to `out` what may go to the workload by now. `rest` keeps what lies behind the
  // body.
  void feed(std::string_view& rest, std::string& out);
  // The upstream ended the connection: true where that is a whole answer; then `out` has its end.
  bool end(std::string& out);

  bool complete() const { return complete_; }
  bool failed() const { return body_.failed(); }
  const UsageReader& usage() const { return usage_; }
  std::int64_t body_bytes() const { return body_bytes_; }  // as the workload gets them

 private:
  void frame(std::string_view piece, std::string& out);
  void finish(std::string& out);

  const ResponseHead& head_;
  const Manner manner_;
  const Framing out_framing_;
  BodyReader body_;
  UsageReader usage_;
  Scrubber scrubber_;
  std::optional<UsageChunkFilter> filter_;
  bool complete_ = false;
  std::int64_t body_bytes_ = 0;
};

}  // namespace portreeve::pep
