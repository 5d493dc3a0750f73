#include "reply/registry.h"

#include <algorithm>

namespace postern {

namespace {

using enum ReplyStage;

/// Codes allowed at a stage, 0-terminated.
struct StageCodes {
  ReplyStage stage;
  std::array<int, 11> positive;
  std::array<int, 18> negative;
};

// RFC 5321 4.3.2, with: 521, 556 (RFC 7504), 530, 554 at MAIL and RCPT (RFC 3207, 4954, 6409),
// 451 at DATA (RFC 5321 4.3.1), AUTH (RFC 4954 4, 6; 525: RFC 5248 3), STARTTLS (RFC 3207 4).
// 421, 500 and 501 are added by code_allowed_at.
constexpr StageCodes stage_table[] = {
    {connect, {220}, {421, 521, 554}},
    {helo, {250}, {502, 504, 550}},
    {auth, {235, 334}, {432, 454, 503, 504, 525, 530, 534, 535, 538}},
    {starttls, {220}, {454, 503}},
    {mail, {250}, {451, 452, 455, 503, 530, 550, 552, 553, 554, 555}},
    {rcpt, {250, 251}, {450, 451, 452, 455, 503, 530, 550, 551, 552, 553, 554, 555, 556}},
    {data, {354}, {451, 503, 530, 554}},
    {end_of_message, {250}, {450, 451, 452, 550, 552, 554}},
    {rset, {250}, {}},
    {vrfy, {250, 251, 252}, {502, 504, 550, 551, 553}},
    {expn, {250, 252}, {502, 504, 550}},
    {help, {211, 214}, {502, 504}},
    {noop, {250}, {}},
    {quit, {221}, {}},
};
static_assert(std::size(stage_table) == reply_stage_count);

const StageCodes& codes_of(ReplyStage stage) noexcept {
  // The table stands in the order of the enumeration; the loop keeps a slip harmless.
  for (const auto& row : stage_table) {
    if (row.stage == stage) return row;
  }
  return stage_table[0];
}

template <std::size_t N>
bool holds(const std::array<int, N>& list, int code) noexcept {
  return code != 0 && std::find(list.begin(), list.end(), code) != list.end();
}

}  // namespace

bool registry_pairs(const EnhancedEntry& entry, int code) noexcept {
  return holds(entry.basic_codes, code) || holds(entry.basic_codes, code / 100);
}

bool code_allowed_at(ReplyStage stage, int code) noexcept {
  if (stage != connect && (code == 421 || code == 500 || code == 501)) return true;
  return holds(codes_of(stage).negative, code);
}

bool code_positive_at(ReplyStage stage, int code) noexcept {
  return holds(codes_of(stage).positive, code);
}

}  // namespace postern
