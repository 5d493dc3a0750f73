// P6 over whole messages: several recipients are decided on one by one, then the message is, and
// what a missing fact did to one of them must not come back as a permanent refusal of all.

#include "rules/walk.h"
#include "support/transactions.h"
#include "worlds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

namespace postern {
namespace {

using test::any_world;
using test::message_world;
using test::World;
using Fault = std::optional<std::string>;
/// Which of a world's answers are missing, as bits.
using Gone = unsigned;

constexpr std::size_t recipient_count = 2;
constexpr std::array<const char*, recipient_count> recipients{"bob@example.org", "eve@example.com"};

/// What is missing when each recipient is decided on, and when the message is.
struct Missing {
  std::array<Gone, recipient_count> at_rcpt{};
  Gone at_end = 0;
};

enum class MemoryOfRecipients { kept, lost };

/// How later stages see a recipient; tests put a wrong one in its place.
using Accept = std::function<std::optional<AcceptedRecipient>(MailAddress, const Decision&)>;

Decision decide(const World& world, const Transaction& transaction, Gone gone) {
  std::vector<bool> missing(world.answers.size());
  for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = ((gone >> i) & 1U) != 0;
  const auto facts = test::without(world, missing).all_facts();
  return std::get<Decision>(
      walk::evaluate(*world.rules, test::identity(), transaction, facts, Detail::verdict));
}

bool is_permanent(const Decision& decision) {
  return decision.verdict == Verdict::reject && decision.reply && decision.reply->is_permanent();
}

Transaction at_rcpt(const World& world, const char* recipient) {
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.door = world.transaction.door;
  transaction.client = world.transaction.client;
  transaction.authentication = world.transaction.authentication;
  transaction.recipient = MailAddress::from_envelope(recipient);
  return transaction;
}

/// What the client got, for each recipient.
struct Ending {
  std::array<bool, recipient_count> refused{};  ///< for good, at RCPT or in the end
  std::array<bool, recipient_count> taken{};    ///< at RCPT
};

Ending ending(const World& world, const Missing& missing, const Accept& accept,
              MemoryOfRecipients memory) {
  Ending ending;
  auto& [refused, taken] = ending;
  std::vector<AcceptedRecipient> accepted;
  for (std::size_t i = 0; i < recipient_count; ++i) {
    const auto transaction = at_rcpt(world, recipients[i]);
    const auto decision = decide(world, transaction, missing.at_rcpt[i]);
    refused[i] = is_permanent(decision);
    if (auto recipient = accept(transaction.recipient.value(), decision)) {
      accepted.push_back(std::move(*recipient));
      taken[i] = true;
    }
  }
  if (accepted.empty()) return ending;

  auto transaction = at_rcpt(world, recipients[0]);
  transaction.stage = Stage::end_of_message;
  transaction.recipient = {};
  if (accepted.size() == 1) transaction.recipient = accepted.front().address;
  transaction.recipient_count = static_cast<std::int64_t>(accepted.size());
  transaction.size = std::int64_t{1500};
  if (memory == MemoryOfRecipients::kept) transaction.recipients = std::move(accepted);
  const bool message_refused = is_permanent(decide(world, transaction, missing.at_end));
  for (std::size_t i = 0; i < recipient_count; ++i) {
    refused[i] = refused[i] || (taken[i] && message_refused);
  }
  return ending;
}

bool looks_at_recipients(const World& world) {
  return std::any_of(world.plans.begin(), world.plans.end(), [](const auto& plan) {
    return plan.condition.find("recipient_count") != std::string::npos ||
           plan.condition.find("recipients") != std::string::npos;
  });
}

Fault never_refused_instead(const World& world, const Missing& missing, const Accept& accept,
                            MemoryOfRecipients memory) {
  const auto with_all = ending(world, {}, accepted_recipient, MemoryOfRecipients::kept);
  const auto with_less = ending(world, missing, accept, memory);
  bool one_put_off = false;
  for (std::size_t i = 0; i < recipient_count; ++i) {
    one_put_off = one_put_off || (with_all.taken[i] && !with_less.taken[i]);
  }
  // The one exception (docs/architecture.md): nobody remembers a recipient that was put off for
  // want of an answer, and the rules about those that are left see that it is not there.
  if (one_put_off && looks_at_recipients(world)) return std::nullopt;
  for (std::size_t i = 0; i < recipient_count; ++i) {
    if (with_less.refused[i] && !with_all.refused[i]) {
      return std::string(recipients[i]) + " got a 5xx that all facts would not have given";
    }
  }
  return std::nullopt;
}

/// Each single answer missing at each single moment, all of them missing, and some mixtures.
std::vector<Missing> ways_to_miss(const World& world) {
  const auto answers = static_cast<unsigned>(world.answers.size());
  const Gone all = (1U << answers) - 1;
  std::vector<Missing> cases{{{all, all}, all}, {{all, 0}, 0}, {{0, all}, 0}, {{all, all}, 0}};
  for (unsigned i = 0; i < answers; ++i) {
    const Gone one = 1U << i;
    cases.insert(cases.end(), {{{one, 0}, 0}, {{0, one}, 0}, {{one, one}, 0}, {{0, 0}, one}});
    cases.push_back({{one, one}, one});
  }
  for (std::size_t i = 0; i + 2 < world.order.size(); ++i) {
    cases.push_back({{world.order[i] & all, world.order[i + 1] & all}, world.order[i + 2] & all});
  }
  return cases;
}

Fault trouble_never_refuses(const World& world, const Accept& accept) {
  for (const auto& missing : ways_to_miss(world)) {
    if (auto fault = never_refused_instead(world, missing, accept, MemoryOfRecipients::kept)) {
      return fault;
    }
  }
  return std::nullopt;
}

Fault forgetting_never_refuses(const World& world) {
  return never_refused_instead(world, {}, accepted_recipient, MemoryOfRecipients::lost);
}

template <typename Property>
void holds_everywhere(const rc::Gen<World>& worlds, Property property) {
  EXPECT_TRUE(rc::check("P6", [&] {
    const auto world = *worlds;
    if (const Fault fault = property(world)) RC_FAIL(*fault);
  }));
}

template <typename Property>
bool finds_a_fault(const rc::Gen<World>& worlds, Property property) {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    if (property(worlds(rc::Random(seed), 60).value())) return true;
  }
  return false;
}

Fault trouble_never_refuses_for_good(const World& world) {
  return trouble_never_refuses(world, accepted_recipient);
}

TEST(MessageProperties, P6MissingFactsAboutOneRecipientNeverRefuseTheMessageForGood) {
  holds_everywhere(any_world(), trouble_never_refuses_for_good);
}

TEST(MessageProperties, P6AcceptingUnansweredOrCountingRecipientsNeverRefusesTheMessageForGood) {
  holds_everywhere(message_world(), trouble_never_refuses_for_good);
}

TEST(MessageProperties, P6ForgettingTheRecipientsNeverRefusesTheMessageForGood) {
  holds_everywhere(any_world(), forgetting_never_refuses);
  holds_everywhere(message_world(), forgetting_never_refuses);
}

TEST(MessagePropertiesCanFail, P6SeesThatWhatWasHeldBackIsForgotten) {
  const Accept forgetful = [](MailAddress address, const Decision& decision) {
    auto recipient = accepted_recipient(std::move(address), decision);
    if (recipient) recipient->held_back.reset();
    return recipient;
  };
  EXPECT_TRUE(finds_a_fault(message_world(), [&](const World& world) {
    return trouble_never_refuses(world, forgetful);
  }));
}

TEST(MessagePropertiesCanFail, P6SeesThatAnAcceptThatActedUnansweredCarriesNothing) {
  const Accept trusting = [](MailAddress address, const Decision& decision) {
    auto recipient = accepted_recipient(std::move(address), decision);
    if (recipient && decision.verdict == Verdict::accept) recipient->held_back.reset();
    return recipient;
  };
  EXPECT_TRUE(finds_a_fault(
      message_world(), [&](const World& world) { return trouble_never_refuses(world, trusting); }));
}

TEST(MessagePropertiesCanFail, P6SeesThatARecipientTooManyIsTakenForCertain) {
  const Accept certain = [](MailAddress address, const Decision& decision) {
    auto recipient = accepted_recipient(std::move(address), decision);
    if (recipient && recipient->held_back &&
        recipient->held_back->would == HeldBack::Would::reject) {
      recipient->held_back.reset();
    }
    return recipient;
  };
  EXPECT_TRUE(finds_a_fault(message_world(), [&](const World& world) {
    return looks_at_recipients(world) ? trouble_never_refuses(world, certain) : std::nullopt;
  }));
}

TEST(MessagePropertiesCanFail, P6SeesThatALostMemoryIsTakenForRecipientsThatAreNotSettled) {
  // What the walk would do if it took "not told" for "not settled".
  const Accept unsettled = [](MailAddress address, const Decision& decision) {
    auto recipient = accepted_recipient(std::move(address), decision);
    if (recipient) recipient->settled = false;
    return recipient;
  };
  EXPECT_TRUE(finds_a_fault(message_world(), [&](const World& world) {
    return never_refused_instead(world, {}, unsettled, MemoryOfRecipients::kept);
  }));
}

}  // namespace
}  // namespace postern
