// From an AuthZEN Access Evaluation request (OpenID AuthZEN Authorization API 1.0 §6.1) to a typed question.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "engine/base/json_value.h"
#include "engine/wire/request.h"

namespace portreeve::reader {

// Why a question cannot be judged; HTTP answers it with 400.
struct Problem {
  std::string field;    // JSON pointer (RFC 6901) to what is wrong
  std::string message;  // for people; input in backticks, made printable
  friend bool operator==(const Problem&, const Problem&) = default;
};

// Who is said to ask. Not yet believed.
struct SubjectStatement {
  std::string type;
  std::string id;
  std::optional<std::string> token;  // properties.token, taken out of `properties`
  JsonValue properties;              // object or null
};

// A question with all that does not depend on who asks: `request.principal`, `identity_failure` and `time` are unset.
// Host names, addresses, paths, upstreams and `resource.id` are in their normal form, in the typed question and in
// `request.resource_properties` alike, so that conditions see what the clauses judge.
struct Question {
  SubjectStatement subject;
  wire::Request request;
};

// Reads the body of one evaluation, already parsed. Members that AuthZEN does not define are ignored. Refuses what is
// malformed by SEMANTICS §3, §5, §8 and §9. Any thread; O(size).
tl::expected<Question, Problem> read_question(const JsonValue& body);

}  // namespace portreeve::reader
