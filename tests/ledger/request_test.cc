#include "support/ledger_book.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using Outcome = OperationOutcome;
using test::LedgerBook;

constexpr LedgerTime start = 1'790'000'000'000;
constexpr LedgerTime minute = 60'000;
constexpr LedgerTime day = 86'400'000;

TEST(Requests, IfOneLimitRefusesNoneIsTouchedAndAllTell) {
  LedgerBook book;
  const auto few = *window_limit(1, minute);
  const auto many = *window_limit(100, day);
  const auto both = [&](std::uint64_t id) {
    return Request{{Operation::reserve("many", many, 1, id), Operation::reserve("few", few, 1, id),
                    Operation::reserve("more", many, 1, id)}};
  };
  book.perform(both(1), start);
  const auto results = book.perform(both(2), start);
  EXPECT_EQ(results[0].outcome, Outcome::fits);
  EXPECT_EQ(results[1].outcome, Outcome::refused);
  EXPECT_EQ(results[2].outcome, Outcome::fits);
  EXPECT_EQ(book.perform(Operation::look("many", many), start).used, 1);
  EXPECT_EQ(book.perform(Operation::look("more", many), start).used, 1);
}

TEST(Requests, ALookThatWouldNotFitStopsNothing) {
  LedgerBook book;
  const auto limit = *window_limit(1, minute);
  book.perform(Request{{Operation::count("k", limit, 1, 0)}}, start);
  const auto results =
      book.perform(Request{{Operation::look("k", limit), Operation::tally("t", 1, day, 1)}}, start);
  EXPECT_EQ(results[0].outcome, Outcome::refused);
  EXPECT_EQ(results[1].outcome, Outcome::reached);
  EXPECT_NE(book.find("t"), nullptr);
}

TEST(Requests, OperationsOnOneKeySeeEachOther) {
  LedgerBook book;
  const auto limit = *window_limit(3, minute);
  const auto results =
      book.perform(Request{{Operation::count("k", limit, 1, 1), Operation::count("k", limit, 1, 2),
                            Operation::count("k", limit, 1, 1)}},
                   start);
  EXPECT_EQ(results[1].used, 2);
  EXPECT_TRUE(results[2].repeated);
}

TEST(Requests, GreylistingThatCountsSuccessesIsOneRequest) {
  LedgerBook book;
  const auto ask = [](const std::string& triplet) {
    return Request{
        {Operation::tally("client", 0, 36 * day, 2),
         Operation::greylist(triplet, {5 * minute, 2 * day, 36 * day}).when(0, Outcome::below),
         Operation::tally("client", 1, 36 * day, 2).when(1, Outcome::passed)}};
  };
  for (const auto* triplet : {"a", "b"}) {
    EXPECT_EQ(book.perform(ask(triplet), start)[1].outcome, Outcome::wait);
    EXPECT_EQ(book.perform(ask(triplet), start)[2].outcome, Outcome::skipped);
    EXPECT_EQ(book.perform(ask(triplet), start + 6 * minute)[1].outcome, Outcome::passed);
  }
  const auto third = book.perform(ask("c"), start + 7 * minute);
  EXPECT_EQ(third[0].outcome, Outcome::reached);
  EXPECT_EQ(third[1].outcome, Outcome::skipped) << "the client need not wait any more";
  EXPECT_EQ(book.find("c"), nullptr);
}

TEST(Requests, WhatIsOutOfOrderIsTold) {
  const auto fault = [](Operation operation) { return fault_of(Request{{std::move(operation)}}); };
  const auto limit = *window_limit(3, minute);
  EXPECT_EQ(fault(Operation::reserve("k", limit, 1, 1)), "");
  EXPECT_NE(fault(Operation::reserve("k", limit, 1, 0)), "");
  EXPECT_NE(fault(Operation::reserve("k", limit, 0, 1)), "");
  EXPECT_NE(fault(Operation::reserve("", limit, 1, 1)), "");
  EXPECT_NE(fault(Operation::reserve(std::string(481, 'k'), limit, 1, 1)), "");
  EXPECT_NE(fault(Operation::reserve("k", limit, 1, 1, longest_hold + 1)), "");
  EXPECT_NE(fault(Operation::reserve("k", Limit{}, 1, 1)), "");
  EXPECT_NE(fault(Operation::count("k", *lease_limit(1), 1, 1)), "");
  EXPECT_NE(fault(Operation::greylist("k", {5, 4, 100})), "");
  EXPECT_EQ(fault(Operation::greylist("k", {4, 5, 100})), "");
  EXPECT_NE(fault(Operation::weigh("k", day, most_values, 1)), "");
  EXPECT_NE(fault(Operation::tally("k", 1, 0, 1)), "");
  EXPECT_NE(fault(Operation::tally("k", 1, day, 1).when(0, Outcome::passed)), "");
  EXPECT_NE(fault_of(Request{std::vector<Operation>(65, Operation::look("k", limit))}), "");
}

}  // namespace
}  // namespace postern
