#include "checks/mail_domain.h"

#include "model/dns_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace postern {
namespace {

/// Of "10 mail.example.com"; what cannot be read comes last.
unsigned preference_of(std::string_view record) noexcept {
  unsigned preference = 65536;
  std::from_chars(record.data(), record.data() + record.size(), preference);
  return preference;
}

class Evaluation {
 public:
  Evaluation(QuestionKind kind, const std::function<const Answer*(const Question&)>& lookup)
      : kind_(kind), lookup_(lookup) {}

  MailDomainOutcome run(std::string_view domain) {
    const auto name = dns_name_of_octets(domain);
    if (!name) return done(MailDomain::nonexistent, "no domain name");
    const auto* exchangers = look_up("MX", *name);
    if (exchangers == nullptr) {
      // Most domains have an MX; those that have none would wait twice.
      look_up("A", *name);
      return open();
    }
    switch (exchangers->state) {
      case Answer::State::unavailable:
        return done(MailDomain::temperror, exchangers->cause + " at MX");
      case Answer::State::empty:
        add_host(*name);
        return verdict(MailDomain::nonexistent);
      case Answer::State::value:
        break;
    }
    // A server gives them in any order; the same ones have to be looked at each time.
    auto records = exchangers->values;
    std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
      const auto left = preference_of(a);
      const auto right = preference_of(b);
      return left != right ? left < right : a < b;
    });
    for (const auto& record : records) {
      const auto host = dns_name(record.substr(record.find(' ') + 1));
      if (!host) continue;
      if (*host == ".") {
        if (exchangers->values.size() == 1) return done(MailDomain::null_mx, record);
        continue;  // RFC 7505 3: it has to be the only one
      }
      if (hosts_ == most_mail_hosts) {
        // The next one might be good.
        if (trouble_.empty()) trouble_ = "more mail hosts than are looked at";
        break;
      }
      add_host(*host);
    }
    return verdict(MailDomain::bogus_mx);
  }

 private:
  const Answer* look_up(std::string_view type, const std::string& name) {
    Question question{kind_, std::string(type), name, QuestionCost::free};
    const auto* answer = lookup_(question);
    if (answer == nullptr) outcome_.questions.push_back(std::move(question));
    return answer;
  }

  void add_host(const std::string& host) {
    ++hosts_;
    for (const auto* type : {"A", "AAAA"}) {
      const auto* answer = look_up(type, host);
      if (answer == nullptr) continue;
      if (answer->state == Answer::State::unavailable && trouble_.empty()) {
        trouble_ = answer->cause + " at " + host;
      }
      for (const auto& text : answer->values) {
        const auto address = IpAddress::parse(text);
        if (!address) continue;
        if (is_routable(*address)) {
          if (good_.empty()) good_ = host + " at " + text;
        } else if (nowhere_.empty()) {
          nowhere_ = host + " at " + text;
        }
      }
    }
  }

  MailDomainOutcome verdict(MailDomain without_address) {
    if (!good_.empty()) return done(MailDomain::good, good_);
    if (!outcome_.questions.empty()) return open();
    if (!trouble_.empty()) return done(MailDomain::temperror, trouble_);
    if (!nowhere_.empty()) return done(MailDomain::bogus_mx, nowhere_);
    return done(without_address, "no address");
  }

  MailDomainOutcome open() {
    outcome_.state = MailDomainOutcome::State::open;
    return std::move(outcome_);
  }
  static MailDomainOutcome done(MailDomain result, std::string because) {
    return {MailDomainOutcome::State::done, {}, result, std::move(because)};
  }

  const QuestionKind kind_;
  const std::function<const Answer*(const Question&)>& lookup_;
  MailDomainOutcome outcome_;
  std::size_t hosts_ = 0;
  std::string good_;
  std::string nowhere_;
  std::string trouble_;
};

const std::vector<Network>& networks_that_lead_nowhere() {
  static const std::vector<Network> networks = [] {
    constexpr std::array<std::string_view, 17> texts{
        "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
        "240.0.0.0/4",   "::/127",       "100::/64",       "fc00::/7",      "fe80::/10",
        "fec0::/10",     "ff00::/8"};
    std::vector<Network> made;
    for (const auto text : texts) {
      if (const auto network = Network::parse(text)) made.push_back(*network);
    }
    return made;
  }();
  return networks;
}

}  // namespace

std::string_view to_text(MailDomain domain) noexcept {
  switch (domain) {
    case MailDomain::good:
      return "good";
    case MailDomain::null_mx:
      return "null-mx";
    case MailDomain::bogus_mx:
      return "bogus-mx";
    case MailDomain::nonexistent:
      return "nonexistent";
    case MailDomain::temperror:
      break;
  }
  return "temperror";
}

MailDomainOutcome mail_domain(std::string_view domain, QuestionKind kind,
                              const std::function<const Answer*(const Question&)>& lookup) {
  return Evaluation(kind, lookup).run(domain);
}

bool is_routable(const IpAddress& address) noexcept {
  const auto& nowhere = networks_that_lead_nowhere();
  return std::none_of(nowhere.begin(), nowhere.end(),
                      [&](const Network& network) { return network.contains(address); });
}

}  // namespace postern
