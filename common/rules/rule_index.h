// RuleIndex: finds the rules that may say anything but no to a transaction, in time that does not
// grow with their number. Immutable; any thread may ask.
//
// Most rules of a long policy compare the client, the sender or the recipient with a few values.
// They are kept by these values, and only those are looked at whose value the transaction has, or
// whose name the mail server has not told; besides all rules of another kind.
#pragma once

#include "postern/transaction.h"
#include "rules/rule.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace postern {

namespace expression {
struct Need;
}

class RuleIndex {
 public:
  /// Finds by place in `rules`, which may go afterwards. Rules that may be shadow rules
  /// for a message are always found.
  explicit RuleIndex(const std::vector<Rule>& rules);
  /// Finds by place in `needs`: each what one condition needs, nullopt for those that are always
  /// found.
  explicit RuleIndex(const std::vector<std::optional<std::vector<expression::Need>>>& needs);
  ~RuleIndex();
  RuleIndex(RuleIndex&&) noexcept;
  RuleIndex& operator=(RuleIndex&&) noexcept;

  /// Goes through the rules that are found, in their order. Lives no longer than the index.
  class Finds {
   public:
    /// Finds each of `size` rules.
    static Finds every(std::size_t size);
    /// The first that is found at `at` or behind it; the number of rules if there is none. To be
    /// asked with places that do not go back.
    std::size_t next(std::size_t at) noexcept;

   private:
    friend class RuleIndex;
    const std::vector<std::uint32_t>* always_ = nullptr;  // nullptr: every rule
    std::vector<std::uint32_t> found_;
    std::size_t in_always_ = 0;
    std::size_t in_found_ = 0;
    std::size_t end_ = 0;
  };
  Finds finds(const Transaction& transaction) const;

  /// Rules in shadow, or that add to scores: what they ask may wait until the reply is out.
  bool any_afterwards() const noexcept { return any_afterwards_; }

 private:
  struct Names;
  std::unique_ptr<const Names> names_;  // none: too few to be worth it
  std::vector<std::uint32_t> always_;
  std::size_t end_ = 0;
  bool any_afterwards_ = false;
};

}  // namespace postern
