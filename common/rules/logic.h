// Products: a condition as alternatives of tests that must all hold, for reviews that compare
// conditions with each other. Only what is certain whatever table, check or mail server may say is
// claimed; "not known" is the answer to everything else. Pure; any thread.
#pragma once

#include "rules/program.h"

#include <optional>
#include <string>
#include <vector>

namespace postern::expression {

/// A test, or `not` a test. The test belongs to the program it was taken from.
struct Literal {
  const Test* test = nullptr;
  bool negated = false;
};

/// Tests joined by `and`; an empty one is always yes.
using Product = std::vector<Literal>;

/// The alternatives of `program`; none at all means that it is never yes. nullopt: more than 64 of
/// them, which a review does not look through.
std::optional<std::vector<Product>> products_of(const Program& program);
/// Those of `not program`.
std::optional<std::vector<Product>> products_of_opposite(const Program& program);

/// Whenever `a` is yes, `b` is yes. False: not known to be so.
bool implies(const Literal& a, const Literal& b);
/// They are never both yes. False: not known to be so.
bool excludes(const Literal& a, const Literal& b);

/// Whenever all of `a` is yes, all of `b` is.
bool implies(const Product& a, const Product& b);

/// Where a condition is asked, as far as that is certain.
struct Surroundings {
  std::vector<std::string> stages;  ///< all that `stage` can be there; empty: any
  std::vector<std::string> doors;   ///< all that `door` can be; empty: any
};

/// Literals of a product of which no more than all but one are ever yes together, in its order; a
/// single one is never yes.
struct Contradiction {
  std::vector<Literal> literals;
};
/// nullopt: none as far as is known.
std::optional<Contradiction> contradiction_in(const Product& product,
                                              const Surroundings& surroundings = {});

/// "sender.domain == \"example.org\"", "not tls": as an administrator would write it.
std::string to_text(const Literal& literal);

}  // namespace postern::expression
