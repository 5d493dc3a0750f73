#include "checks/spf_run.h"

#include "model/dns_name.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

/// Without macros, so that the term shows what it names.
bool is_plain(const SpfMacroString& text) noexcept {
  return text.size() == 1 && text.front().letter == 0;
}

bool has_two_labels(std::string_view name) noexcept {
  return name.find('.') != std::string_view::npos;
}

std::string_view host_of(std::string_view mx) noexcept {
  const auto space = mx.find(' ');
  return space == std::string_view::npos ? std::string_view() : mx.substr(space + 1);
}

bool same_bits(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) noexcept {
  const unsigned whole = bits / 8;
  if (!std::equal(a, a + whole, b)) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) & (0xff00U >> rest) & 0xffU) == 0;
}

std::string in_words(std::string_view problem, std::string_view name) {
  return std::string(problem) + ' ' + std::string(name);
}

}  // namespace

SpfOutcome SpfRun::run() {
  SpfOutcome outcome;
  mechanism_ = "default";
  const auto verdict = check(request_.domain, outcome.trace, 0);
  if (verdict.open) {
    outcome.state = SpfOutcome::State::open;
    outcome.questions = std::move(questions_);
    return outcome;
  }
  outcome.result = verdict.result;
  outcome.mechanism = std::move(mechanism_);
  outcome.problem = std::move(problem_);
  outcome.lookups = lookups_;
  outcome.voids = voids_;
  // RFC 7208 5.5 takes trouble with a `ptr` for no match, after which -all fails. To us a missing
  // answer must not bring a refusal for good. What only the explanation asks for changes nothing.
  if (!lost_.empty() && outcome.result != SpfResult::pass) {
    if (outcome.result != SpfResult::temperror) outcome.problem = "no answer for " + lost_;
    outcome.result = SpfResult::temperror;
  }
  if (outcome.result == SpfResult::fail) explain(outcome);
  return outcome;
}

SpfRun::Verdict SpfRun::check(const std::string& raw_domain, SpfStep& step, unsigned depth) {
  if (is_traced()) step.domain = raw_domain;
  const auto ended = [&](SpfResult result, std::string problem) {
    if (is_traced()) {
      step.outcome = std::string(to_text(result)) + (problem.empty() ? "" : ": " + problem);
    }
    problem_ = std::move(problem);
    return Verdict{false, result};
  };
  // RFC 7208 4.3.
  const auto domain = dns_name_of_octets(raw_domain);
  if (!domain || !has_two_labels(*domain)) {
    return ended(SpfResult::none, in_words("no domain name:", raw_domain));
  }
  const auto records = look_up("TXT", *domain);
  switch (records.state) {
    case Records::State::open:
      return {true, SpfResult::none};
    case Records::State::trouble:
      return ended(SpfResult::temperror, records.cause + " at TXT of " + *domain);
    case Records::State::nothing:
      return ended(SpfResult::none, in_words("no SPF record at", *domain));
    case Records::State::there:
      break;
  }
  const std::string* text = nullptr;
  for (const auto& value : *records.values) {
    if (!is_spf_record(value)) continue;
    if (text != nullptr) {
      return ended(SpfResult::permerror, in_words("several SPF records at", *domain));
    }
    text = &value;
  }
  if (text == nullptr) return ended(SpfResult::none, in_words("no SPF record at", *domain));
  if (text->size() > longest_spf_record) {
    return ended(SpfResult::permerror, "an SPF record of more than " +
                                           std::to_string(longest_spf_record) + " octets at " +
                                           *domain);
  }
  const auto read = read_spf_record(*text);
  if (const auto* fault = std::get_if<std::string>(&read)) {
    return ended(SpfResult::permerror, *fault + " at " + *domain);
  }
  // RFC 8616 4: macros see A-labels.
  const auto& own = is_ascii(raw_domain) ? raw_domain : *domain;
  const auto verdict = evaluate(std::get<SpfRecord>(read), own, step, depth);
  if (is_traced() && !verdict.open) {
    step.outcome = to_text(verdict.result);
    const bool error =
        verdict.result == SpfResult::temperror || verdict.result == SpfResult::permerror;
    if (error && !problem_.empty()) step.outcome += ": " + problem_;
  }
  return verdict;
}

SpfRun::Verdict SpfRun::evaluate(const SpfRecord& record, const std::string& domain, SpfStep& step,
                                 unsigned depth) {
  bool open = false;
  // RFC 7208 6.2: an include's explanation is not used; a redirect's replaces this one.
  if (depth == 0) {
    explaining_ = record.explanation;
    explaining_domain_ = domain;
  }
  for (const auto& term : record.terms) {
    SpfStep own;
    const auto matched = match(term, domain, own, depth);
    if (is_traced()) {
      own.domain = domain;
      own.term = term.text;
      if (own.outcome.empty()) own.outcome = matched == Match::yes ? "match" : "no match";
      step.steps.push_back(std::move(own));
    }
    switch (matched) {
      case Match::no:
        continue;
      case Match::open:
        open = true;
        continue;
      case Match::yes:
        if (open) return {true, SpfResult::none};
        if (depth == 0) mechanism_ = term.text;
        problem_.clear();
        return {false, term.result};
      case Match::temperror:
        return {open, SpfResult::temperror};
      case Match::permerror:
        return {open, SpfResult::permerror};
      case Match::stop:
        return {true, SpfResult::none};
    }
  }
  if (record.redirect) {
    const auto verdict = redirect(record, domain, step, depth);
    return {open || verdict.open, verdict.result};
  }
  return {open, SpfResult::neutral};  // RFC 7208 4.7
}

SpfRun::Verdict SpfRun::redirect(const SpfRecord& record, const std::string& domain, SpfStep& step,
                                 unsigned depth) {
  SpfStep own;
  const auto ended = [&](SpfResult result) {
    own.domain = domain;
    own.term = record.redirect_text;
    own.outcome = std::string(to_text(result)) + ": " + problem_;
    if (is_traced()) step.steps.push_back(std::move(own));
    return Verdict{waiting_, result};
  };
  switch (over_limit(record.redirect_text, own)) {
    case Match::no:
      break;
    case Match::permerror:
      return ended(SpfResult::permerror);
    default:
      // A circle of redirects would be looked ahead through for ever.
      return {true, SpfResult::none};
  }
  const auto target = expand(*record.redirect, domain);
  if (!target && names_unicode_sender(*record.redirect)) return {waiting_, SpfResult::neutral};
  if (!target) {
    problem_ = "no domain name in " + record.redirect_text;
    return ended(SpfResult::permerror);
  }
  auto verdict = check(*target, own, depth);
  if (verdict.open) return verdict;
  // RFC 7208 6.1.
  if (verdict.result == SpfResult::none) verdict.result = SpfResult::permerror;
  own.term = record.redirect_text;
  if (!is_plain(*record.redirect)) own.target = *target;
  if (is_traced()) step.steps.push_back(std::move(own));
  return verdict;
}

SpfRun::Match SpfRun::match(const SpfTerm& term, const std::string& domain, SpfStep& step,
                            unsigned depth) {
  using Kind = SpfTerm::Kind;
  if (term.kind == Kind::all) return Match::yes;
  if (term.kind == Kind::ip4 || term.kind == Kind::ip6) {
    return in_network(term) ? Match::yes : Match::no;
  }
  const bool only_ahead = waiting_;
  if (only_ahead && (term.kind == Kind::exists || term.kind == Kind::ptr)) return Match::open;
  if (const auto over = over_limit(term.text, step); over != Match::no) return over;
  std::optional<std::string> expanded;
  if (term.domain) {
    expanded = expand(*term.domain, domain);
    if (!expanded) {
      if (waiting_) return Match::open;
      // What is no name matches nobody; of an include it is an error (RFC 7208 4.3, 5.2).
      if (term.kind == Kind::include && !names_unicode_sender(*term.domain)) {
        problem_ = "no domain name in " + term.text;
        step.outcome = "permerror: " + problem_;
        return Match::permerror;
      }
      step.outcome = "no match: no domain name";
      return Match::no;
    }
    if (!is_plain(*term.domain)) step.target = *expanded;
  }
  return match_target(term, expanded ? *expanded : domain, step, depth);
}

SpfRun::Match SpfRun::match_target(const SpfTerm& term, const std::string& target, SpfStep& step,
                                   unsigned depth) {
  if (term.kind == SpfTerm::Kind::include) return match_include(target, step, depth);
  const auto name = dns_name_of_octets(target);
  if (!name) {
    step.outcome = "no match: no domain name";
    return Match::no;
  }
  switch (term.kind) {
    case SpfTerm::Kind::a:
      return match_address(term, *name, step);
    case SpfTerm::Kind::mx:
      return match_mx(term, *name, step);
    case SpfTerm::Kind::ptr:
      return match_ptr(*name, step);
    default:
      return match_exists(term, *name, step);
  }
}

SpfRun::Match SpfRun::match_address(const SpfTerm& term, const std::string& name, SpfStep& step) {
  auto found = Records::State::nothing;
  const auto matched = match_host(term, name, step, found);
  if (matched == Match::no && !count_void(found)) return over_limit({}, step);
  return matched;
}

/// One host of an `a` or `mx`; `state` tells whether it has addresses.
SpfRun::Match SpfRun::match_host(const SpfTerm& term, const std::string& name, SpfStep& step,
                                 Records::State& state) {
  const bool v4 = request_.client.family() == IpAddress::Family::v4;
  const auto records = look_up(v4 ? "A" : "AAAA", name);
  state = records.state;
  if (records.state == Records::State::open) return Match::open;
  if (records.state == Records::State::trouble) return trouble(records, term, step);
  if (records.state == Records::State::nothing) return Match::no;
  const bool found = std::any_of(records.values->begin(), records.values->end(),
                                 [&](const auto& value) { return is_client(term, value); });
  return found ? Match::yes : Match::no;
}

SpfRun::Match SpfRun::match_mx(const SpfTerm& term, const std::string& name, SpfStep& step) {
  const auto records = look_up("MX", name);
  if (records.state == Records::State::open) return Match::open;
  if (records.state == Records::State::trouble) return trouble(records, term, step);
  if (records.state == Records::State::nothing) {
    return count_void(records.state) ? Match::no : over_limit({}, step);
  }
  // RFC 7208 4.6.4: not more, and not some of them either.
  if (records.values->size() > limits_.names) {
    problem_ = "more than " + std::to_string(limits_.names) + " MX records at " + name;
    step.outcome = "permerror: " + problem_;
    return Match::permerror;
  }
  auto result = Match::no;
  bool asked = false;
  auto found = Records::State::nothing;
  for (const auto& value : *records.values) {
    const auto host = dns_name(host_of(value));
    if (!host || *host == ".") continue;  // RFC 7505: takes no mail, and so sends none
    asked = true;
    auto of_host = Records::State::nothing;
    const auto matched = match_host(term, *host, step, of_host);
    if (of_host != Records::State::nothing) found = of_host;
    if (matched == Match::no) continue;
    if (matched != Match::open) return result == Match::open ? Match::open : matched;
    result = Match::open;
  }
  // RFC 7208 4.6.4 speaks of terms: three hosts without IPv6 are one, or nobody with a few of them
  // could send by IPv6. A null MX is an answer.
  if (result == Match::no && asked && !count_void(found)) return over_limit({}, step);
  return result;
}

SpfRun::Match SpfRun::match_ptr(const std::string& target, SpfStep& step) {
  const auto pointers = look_up("PTR", reverse_dns_name(request_.client));
  if (pointers.state == Records::State::open) return Match::open;
  if (!count_void(pointers.state)) return over_limit({}, step);
  // RFC 7208 5.5: trouble is no match.
  if (pointers.state != Records::State::there) return Match::no;
  const bool v4 = request_.client.family() == IpAddress::Family::v4;
  auto result = Match::no;
  unsigned names = 0;
  for (const auto& value : *pointers.values) {
    if (++names > limits_.names) break;
    const auto name = dns_name(value);
    if (!name || !is_in_zone(*name, target)) continue;  // its addresses would change nothing
    const auto records = look_up(v4 ? "A" : "AAAA", *name);
    if (records.state == Records::State::open) result = Match::open;
    if (records.state != Records::State::there) continue;
    const SpfTerm whole;
    const bool validated =
        std::any_of(records.values->begin(), records.values->end(),
                    [&](const auto& address) { return is_client(whole, address); });
    if (validated) return result == Match::open ? Match::open : Match::yes;
  }
  return result;
}

SpfRun::Match SpfRun::match_exists(const SpfTerm& term, const std::string& name, SpfStep& step) {
  const auto records = look_up("A", name);  // RFC 7208 5.7: whatever the client's family
  if (records.state == Records::State::open) return Match::open;
  if (records.state == Records::State::trouble) return trouble(records, term, step);
  if (!count_void(records.state)) return over_limit({}, step);
  return records.state == Records::State::there ? Match::yes : Match::no;
}

SpfRun::Match SpfRun::match_include(const std::string& target, SpfStep& step, unsigned depth) {
  SpfStep inner;
  const auto verdict = check(target, inner, depth + 1);
  if (verdict.open) return Match::open;
  auto matched = Match::permerror;
  switch (verdict.result) {
    case SpfResult::pass:
      matched = Match::yes;
      break;
    case SpfResult::fail:
    case SpfResult::softfail:
    case SpfResult::neutral:
      matched = Match::no;
      break;
    case SpfResult::temperror:
      matched = Match::temperror;
      break;
    case SpfResult::permerror:
    case SpfResult::none:
      break;
  }
  if (is_traced()) {
    if (matched == Match::permerror) step.outcome = "permerror: " + problem_;
    if (matched == Match::temperror) step.outcome = "temperror: " + problem_;
    step.steps.push_back(std::move(inner));
  }
  return matched;
}

/// Counts a term that asks DNS; with nothing to name, says that one void was too many.
SpfRun::Match SpfRun::over_limit(std::string_view what, SpfStep& step) {
  if (what.empty()) {
    problem_ = "more than " + std::to_string(limits_.voids) + " names without an answer";
  } else {
    if (lookups_ < limits_.lookups) {
      ++lookups_;
      return Match::no;
    }
    problem_ = "more than " + std::to_string(limits_.lookups) + " terms that ask DNS, at " +
               std::string(what);
  }
  step.outcome = "permerror: " + problem_;
  return waiting_ ? Match::stop : Match::permerror;
}

SpfRun::Match SpfRun::trouble(const Records& records, const SpfTerm& term, SpfStep& step) {
  problem_ = records.cause + " at " + term.text;
  step.outcome = "temperror: " + records.cause;
  return Match::temperror;
}

bool SpfRun::in_network(const SpfTerm& term) const {
  const bool v4 = request_.client.family() == IpAddress::Family::v4;
  if (v4 != (term.kind == SpfTerm::Kind::ip4)) return false;
  return same_bits(term.network.data(), request_.client.bytes().data(),
                   v4 ? term.prefix4 : term.prefix6);
}

bool SpfRun::is_client(const SpfTerm& term, std::string_view address) const {
  const auto read = IpAddress::parse(address);
  if (!read || read->family() != request_.client.family()) return false;
  const bool v4 = read->family() == IpAddress::Family::v4;
  return same_bits(read->bytes().data(), request_.client.bytes().data(),
                   v4 ? term.prefix4 : term.prefix6);
}

SpfRun::Records SpfRun::look_up(std::string_view type, const std::string& name) {
  Records records;
  Question question{QuestionKind::spf, std::string(type), name, QuestionCost::free};
  const auto* answer = lookup_(question);
  if (answer == nullptr) {
    records.state = Records::State::open;
    waiting_ = true;
    const bool known =
        std::find(questions_.begin(), questions_.end(), question) != questions_.end();
    if (!known) questions_.push_back(std::move(question));
    return records;
  }
  switch (answer->state) {
    case Answer::State::value:
      records.state = Records::State::there;
      records.values = &answer->values;
      break;
    case Answer::State::empty:
      records.state = Records::State::nothing;
      break;
    case Answer::State::unavailable:
      records.state = Records::State::trouble;
      records.cause = answer->cause;
      if (lost_.empty() && type != "TXT") lost_ = name + ' ' + std::string(type);
      break;
  }
  return records;
}

bool SpfRun::count_void(Records::State state) {
  return state != Records::State::nothing || ++voids_ <= limits_.voids;
}

}  // namespace postern
