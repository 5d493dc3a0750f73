#include "checks/client_names.h"

#include "checks/iprev.h"

#include <optional>
#include <utility>

namespace postern {
namespace {

/// What needs no question: the mail server told, or there is no address to ask about.
std::optional<ClientName> without_asking(const Client& client, const Told<std::string>& told) {
  ClientName result;
  if (told.is_told() && !told.value().empty()) {
    result.state = ClientName::State::found;
    result.name = told.value();
    return result;
  }
  if (told.is_told() || told.is_absent()) return result;
  if (client.address) return std::nullopt;
  result.state = ClientName::State::unavailable;
  result.cause = "the mail server did not tell";
  return result;
}

}  // namespace

ClientName confirmed_client_name(const Transaction& transaction, const Facts& facts) {
  const auto& client = transaction.client;
  if (auto known = without_asking(client, client.name)) return *std::move(known);
  auto found = iprev(*client.address, [&](const Question& q) { return facts.find(q); });
  ClientName result;
  if (found.state == IprevOutcome::State::open) {
    result.state = ClientName::State::open;
    result.questions = std::move(found.questions);
  } else if (found.result == IprevResult::temperror ||
             found.rank == IprevOutcome::Rank::perhaps_second) {
    // What the first name is like is not known, and the second must not be held against the client
    // because DNS was out of order for a moment (semantics 8).
    result.state = ClientName::State::unavailable;
    result.cause = std::move(found.cause);
  } else if (found.result == IprevResult::pass) {
    result.state = ClientName::State::found;
    result.name = std::move(found.name);
  }
  return result;
}

ClientName reverse_client_name(const Transaction& transaction, const Facts& facts) {
  const auto& client = transaction.client;
  if (auto known = without_asking(client, client.reverse_name)) return *std::move(known);
  ClientName result;
  auto question = pointer_question(*client.address);
  const auto* answer = facts.find(question);
  if (answer == nullptr) {
    result.state = ClientName::State::open;
    result.questions.push_back(std::move(question));
  } else if (answer->state == Answer::State::unavailable) {
    result.state = ClientName::State::unavailable;
    result.cause = answer->cause;
  } else if (auto names = client_names(*answer); !names.empty()) {
    result.state = ClientName::State::found;
    result.name = std::move(names.front());
  }
  return result;
}

}  // namespace postern
