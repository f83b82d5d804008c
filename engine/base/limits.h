// Every bound of every parser of outside bytes, one constant each, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace portreeve::limits {

// YAML policies (SEMANTICS §9).
inline constexpr std::size_t kPolicyFileBytes = 16u << 20;
inline constexpr std::size_t kPolicySetBytes = 256u << 20;
inline constexpr std::size_t kYamlDepth = 32;
inline constexpr std::size_t kYamlScalarBytes = 64u << 10;
// Keys, values and containers of a whole set: what 100 000 rules have ten times over, in less than 1 GiB.
inline constexpr std::size_t kYamlNodes = 16u << 20;
inline constexpr std::size_t kPolicyFiles = 100'000;
// Diagnostics of each severity that one run tells in full: more than anyone reads.
inline constexpr std::size_t kDiagnostics = 1000;

// CEL (SEMANTICS §7).
inline constexpr std::size_t kCelExpressionBytes = 4096;
inline constexpr std::size_t kCelNesting = 64;
inline constexpr std::size_t kCelMacroDepth = 3;
inline constexpr std::uint64_t kCelCost = 1'000'000;
inline constexpr std::size_t kCelResultBytes = 8u << 20;  // strings and lists that one evaluation makes
inline constexpr std::size_t kCelRegexBytes = 1u << 20;   // what one compiled regular expression may take
inline constexpr std::size_t kTzifBytes = 64u << 10;      // the largest zone of tzdata is under 4 KiB

// Questions to the PDP. A question that carries a token, a dozen addresses and an argument vector fits many times over.
inline constexpr std::size_t kRequestBodyBytes = 1u << 20;
inline constexpr std::size_t kJsonDepth = 32;
inline constexpr std::size_t kBatchEvaluations = 256;
inline constexpr std::size_t kAddressesPerAnswer = 64;

// Tokens: the largest real IdP tokens (group lists) stay under 16 KiB, as do header buffers.
inline constexpr std::size_t kTokenBytes = 16u << 10;
inline constexpr std::size_t kJwksBytes = 256u << 10;
inline constexpr std::size_t kJwksKeys = 128;

// Roles that a session has activated by name: far more than one task needs; each costs a look at every decision.
inline constexpr std::size_t kActivatedRoles = 256;

// The decision listener: browsers and proxies in front send some thirty fields; each costs memory and a look.
inline constexpr std::size_t kListenerFields = 128;

// Records: the C2SP tlog-tiles entry bundle prefixes each entry with a u16 length.
inline constexpr std::size_t kRecordBytes = 65'535;

// The egress proxy (the corpus fixture's limits).
inline constexpr std::size_t kHttpHeadBytes = 8192;
inline constexpr std::size_t kHttpFields = 100;
// Of an upstream's answer: code hosts and model APIs send up to 8 KiB of policies and cookies.
inline constexpr std::size_t kResponseHeadBytes = 32u << 10;
inline constexpr std::size_t kClientHelloBytes = 65'536;
inline constexpr std::size_t kClientHelloRecords = 64;
inline constexpr std::size_t kCnameHops = 8;
inline constexpr std::size_t kDnsAnswers = 16;

// The broker. A credential shorter than this would be found by chance in what upstreams send; longer ones are no
// credentials. A model API's request with a few images stays under 32 MiB (SEMANTICS §12); all together are bounded
// too.
inline constexpr std::size_t kSecretLeastBytes = 8;
inline constexpr std::size_t kSecretBytes = 4096;
inline constexpr std::size_t kModelRequestBytes = 32u << 20;
inline constexpr std::size_t kModelNameBytes = 256;
inline constexpr std::size_t kRouteUpstreams = 64;
inline constexpr std::size_t kInterimAnswers = 8;          // 1xx before the answer
inline constexpr std::size_t kUsageChunkBytes = 1u << 20;  // one server-sent event that is looked into
inline constexpr std::size_t kReadOnBytes = 16u << 20;     // read for its usage after the client has gone

// What a gate reads of the PDP: an answer names at most the addresses asked about, its rules and its limits.
inline constexpr std::size_t kPdpAnswerBytes = 256u << 10;
// A list that a gate fetches: what 10 000 secrets, of 400 bytes each, take.
inline constexpr std::size_t kPdpListBytes = 4u << 20;

// Events of the PDP: one names at most 1000 sessions of some 30 bytes, and a reason.
inline constexpr std::size_t kEventLineBytes = 64u << 10;
inline constexpr std::size_t kEventBytes = 128u << 10;
inline constexpr std::size_t kEventSessions = 1000;
// Sessions that a gate remembers as cut; more are cut in one go than asked about in the seconds that an answer takes.
inline constexpr std::size_t kRememberedCuts = 65'536;

// Usage events: the names and ids of providers stay under 100 bytes; an event of only such texts fits a spool's record.
inline constexpr std::size_t kUsageTextBytes = 256;
inline constexpr std::size_t kUsageTagKeyBytes = 64;
inline constexpr std::size_t kUsageTags = 16;
inline constexpr std::size_t kUsageTools = 16;
inline constexpr std::size_t kUsageEventBytes = 24u << 10;  // all of that with each byte escaped, and the numbers
// A provider's answer: a tool's arguments nest as deep as the guest's own schema; the parser takes stack for each
// level.
inline constexpr std::size_t kAnswerJsonDepth = 256;
// Tokens of one call: a thousand times the largest context window. A sum over 900 million calls still fits an int64.
inline constexpr std::int64_t kUsageCount = 10'000'000'000;

// The control channel. The kernel takes 128 KiB an argument (MAX_ARG_STRLEN) and a quarter of the stack for all of
// them; data comes in pieces that fill some TLS records and do not hold up a signal behind them.
inline constexpr std::size_t kChannelMessageBytes = 1u << 20;
inline constexpr std::size_t kChannelDataBytes = 256u << 10;
inline constexpr std::size_t kChannelArgumentBytes = (128u << 10) - 1;
inline constexpr std::size_t kChannelArguments = 8192;
inline constexpr std::size_t kChannelStartBytes = 768u << 10;
inline constexpr std::size_t kChannelPathBytes = 4095;    // PATH_MAX without its NUL
inline constexpr std::size_t kChannelNameBytes = 255;     // users, sessions, ids, capabilities
inline constexpr std::size_t kChannelDetailBytes = 2048;  // for people
inline constexpr std::size_t kChannelCapabilities = 64;
inline constexpr std::size_t kChannelSecretBytes = 64u << 10;   // the largest PEM bundles; locked memory is dear
inline constexpr std::size_t kChannelSecrets = 16;              // a process, as many descriptors
inline constexpr std::size_t kChannelInputWindow = 256u << 10;  // of a process's input, as the welcome says
inline constexpr std::uint64_t kChannelWindow = 64u << 20;      // the most that a controller's window may grow to
inline constexpr std::size_t kBootBytes = 64u << 10;            // two PEM texts, a key and a token

// What accounting takes at once: a gate ships 512 events of some 700 bytes; LiteLLM a hundred payloads, each with its
// prompt and answer.
inline constexpr std::size_t kUsageBatchBytes = 8u << 20;
inline constexpr std::size_t kUsageBatchEvents = 5000;
inline constexpr std::size_t kLiteLlmBytes = 32u << 20;
inline constexpr std::size_t kWaitingPostings = 200'000;  // some 100 MB; seconds of commits
// Price books: LiteLLM's map of every model there is has some 3 000 rows and 1.6 MB.
inline constexpr std::size_t kPriceBookBytes = 4u << 20;
inline constexpr std::size_t kPriceBookNodes = 500'000;
inline constexpr std::size_t kPriceRows = 10'000;
inline constexpr std::size_t kPriceRowsOfModel = 200;  // each is compared with each

// What the supervisor looks through for never-writable paths before a start: a second's work, more than the largest
// repositories have.
inline constexpr std::size_t kSandboxEntries = 2'000'000;
inline constexpr std::size_t kSandboxDepth = 64;
inline constexpr std::size_t kSandboxPins = 4096;  // mounts; the kernel's bound is 100 000

}  // namespace portreeve::limits
