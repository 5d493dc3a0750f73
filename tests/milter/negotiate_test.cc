#include "milter/negotiate.h"

#include "milter/symbols.h"
#include "support/policy_text.h"

#include <gtest/gtest.h>

namespace postern::milter_door {
namespace {

constexpr std::uint32_t all_actions = 0x1ff;
constexpr std::uint32_t all_steps = 0x1fffff;

Plan plan_with(std::initializer_list<Stage> stages, Speak speak = Speak::rcpt) {
  Plan plan;
  plan.speak = speak;
  for (const auto stage : stages) plan.rules[static_cast<std::size_t>(stage)] = true;
  return plan;
}

TEST(Negotiate, LeavesOutEverythingThatRulesAtRcptCannotUse) {
  const auto agreed = negotiate(plan_with({Stage::connect, Stage::rcpt}), all_actions, all_steps);
  EXPECT_EQ(agreed.steps, step::no_unknown | step::no_data | step::no_headers | step::no_body |
                              step::no_end_of_headers | step::no_reply_connect |
                              step::no_reply_helo | step::no_reply_mail);
  EXPECT_EQ(agreed.actions, action_set_symbols);
}

TEST(Negotiate, WaitsForAnAnswerWhereARuleStands) {
  const auto agreed = negotiate(plan_with({Stage::mail, Stage::data, Stage::end_of_headers}),
                                all_actions, all_steps);
  EXPECT_FALSE(agreed.has(step::no_reply_mail));
  EXPECT_FALSE(agreed.has(step::no_data));
  EXPECT_FALSE(agreed.has(step::no_reply_data));
  EXPECT_FALSE(agreed.has(step::no_end_of_headers));
  EXPECT_FALSE(agreed.has(step::no_reply_end_of_headers));
  EXPECT_TRUE(agreed.has(step::no_headers));
  EXPECT_TRUE(agreed.has(step::no_body));
}

TEST(Negotiate, AnswersAtConnectAndHeloOnlyWhenToldToSpeakThere) {
  const auto late = negotiate(plan_with({Stage::connect, Stage::helo}), all_actions, all_steps);
  EXPECT_TRUE(late.no_reply_at(Stage::connect));
  EXPECT_TRUE(late.no_reply_at(Stage::helo));
  const auto early =
      negotiate(plan_with({Stage::connect, Stage::helo}, Speak::stage), all_actions, all_steps);
  EXPECT_FALSE(early.no_reply_at(Stage::connect));
  EXPECT_FALSE(early.no_reply_at(Stage::helo));
  EXPECT_TRUE(early.no_reply_at(Stage::mail));
}

TEST(Negotiate, TakesTheContentWithoutAnswersWhenSizeIsAsked) {
  auto plan = plan_with({Stage::end_of_message});
  plan.content = true;
  const auto agreed = negotiate(plan, all_actions, all_steps);
  EXPECT_FALSE(agreed.has(step::no_headers));
  EXPECT_FALSE(agreed.has(step::no_body));
  EXPECT_TRUE(agreed.has(step::no_reply_header));
  EXPECT_TRUE(agreed.has(step::no_reply_body));
  EXPECT_TRUE(agreed.has(step::header_leading_space));
}

TEST(Negotiate, ACountAtTheEndMadeTheMtaSendTheWholeMessage) {
  const auto plan_of = [](const std::string& condition) {
    const auto policy = testing::compile_policy(
        "[[rule]]\nname = \"r\"\nstage = \"end-of-message\"\n"
        "when = '" +
        condition + "'\ndefer = \"policy-defer\"\n");
    return policy ? Plan::of(*policy) : Plan();
  };
  for (const char* told : {"recipient_count > 2", R"(queue_id == "x")", "declared_size > 5"}) {
    const auto agreed = negotiate(plan_of(told), all_actions, all_steps);
    EXPECT_TRUE(agreed.has(step::no_body)) << told;
    EXPECT_TRUE(agreed.has(step::no_headers)) << told;
  }
  EXPECT_FALSE(negotiate(plan_of("size > 5"), all_actions, all_steps).has(step::no_body));
}

TEST(Negotiate, NeverAsksForWhatIsNotOffered) {
  for (std::uint32_t bit = 0; bit < 21; ++bit) {
    const std::uint32_t offered = all_steps & ~(1U << bit);
    for (const bool content : {false, true}) {
      auto plan = plan_with({Stage::rcpt});
      plan.content = content;
      const auto agreed = negotiate(plan, 0, offered);
      EXPECT_EQ(agreed.steps & ~offered, 0U) << bit;
      EXPECT_EQ(agreed.actions, 0U);
    }
  }
  EXPECT_EQ(negotiate(plan_with({}), 0, 0).steps, 0U);
}

TEST(Negotiate, SparesTheAnswerOfAStepTheMtaCannotLeaveOut) {
  const auto agreed = negotiate(plan_with({Stage::rcpt}), all_actions, all_steps & ~step::no_data);
  EXPECT_FALSE(agreed.has(step::no_data));
  EXPECT_TRUE(agreed.no_reply_at(Stage::data));
}

TEST(Negotiate, AlwaysAnswersAtRcptAndAtTheEndOfTheMessage) {
  const auto agreed = negotiate(plan_with({}), all_actions, all_steps);
  EXPECT_FALSE(agreed.no_reply_at(Stage::rcpt));
  EXPECT_FALSE(agreed.no_reply_at(Stage::end_of_message));
  EXPECT_FALSE(agreed.has(0x1 | 0x2 | 0x4 | 0x8));
}

TEST(Symbols, AreAskedForSoThatNobodyEditsMacros) {
  EXPECT_EQ(symbol_list(Stage::connect),
            "j _ {daemon_name} {daemon_addr} {daemon_port} {if_addr} {client_addr} {client_port} "
            "{client_name} {client_ptr} {client_resolve}");
  for (const auto stage :
       {Stage::mail, Stage::rcpt, Stage::data, Stage::end_of_headers, Stage::end_of_message}) {
    EXPECT_EQ(symbol_list(stage).substr(0, 2), "i ") << to_text(stage);
  }
}

}  // namespace
}  // namespace postern::milter_door
