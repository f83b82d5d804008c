// What a policy's `when:` may name (the design's §4): the one place where CEL's variables and the request meet.
#pragma once

#include "engine/cel/types.h"

namespace portreeve::cel {

// The attributes of policy_environment(), for a host to switch on.
namespace policy {
inline constexpr AttributeId kSubjectType{0, 0};         // string
inline constexpr AttributeId kSubjectId{0, 1};           // string
inline constexpr AttributeId kSubjectGroups{0, 2};       // list(string)
inline constexpr AttributeId kSubjectRoles{0, 3};        // list(string)
inline constexpr AttributeId kSubjectTenant{0, 4};       // string
inline constexpr AttributeId kSubjectClaims{0, 5};       // map(string, dyn)
inline constexpr AttributeId kSubjectProperties{0, 6};   // map(string, dyn)
inline constexpr AttributeId kSessionId{1, 0};           // string
inline constexpr AttributeId kSessionAge{1, 1};          // duration
inline constexpr AttributeId kSessionTrust{1, 2};        // string
inline constexpr AttributeId kSessionLabels{1, 3};       // map(string, string)
inline constexpr AttributeId kActionName{2, 0};          // string
inline constexpr AttributeId kActionProperties{2, 1};    // map(string, dyn)
inline constexpr AttributeId kResourceType{3, 0};        // string
inline constexpr AttributeId kResourceId{3, 1};          // string
inline constexpr AttributeId kResourceProperties{3, 2};  // map(string, dyn)
inline constexpr AttributeId kRequestTime{4, 0};         // timestamp
inline constexpr AttributeId kRequestSource{4, 1};       // string
inline constexpr AttributeId kContext{5};                // map(string, dyn)
}  // namespace policy

// subject, session, action, resource, request, context. Built anew at each call; a loader keeps one.
TypeEnv policy_environment();

}  // namespace portreeve::cel
