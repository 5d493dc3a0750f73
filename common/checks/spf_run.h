// SpfRun: one evaluation of SPF, from the beginning. Internal to spf.cc.
#pragma once

#include "checks/spf.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

class SpfRun {
 public:
  /// All live longer.
  SpfRun(const SpfRequest& request, const SpfLimits& limits, const SpfLookup& lookup,
         SpfTrace trace)
      : request_(request), limits_(limits), lookup_(lookup), trace_(trace) {}

  SpfOutcome run();

 private:
  /// What a term says about the client.
  enum class Match : std::uint8_t {
    no,
    yes,
    open,  ///< an answer is missing
    temperror,
    permerror,
    stop,  ///< only looking ahead, and there is nothing to be seen any more
  };
  /// A result, or that answers are missing.
  struct Verdict {
    bool open = false;
    SpfResult result = SpfResult::none;
  };
  /// What DNS has about a name.
  struct Records {
    enum class State : std::uint8_t { there, nothing, open, trouble };
    State state = State::nothing;
    const std::vector<std::string>* values = nullptr;
    std::string cause;
  };
  enum class Voids : std::uint8_t { counted, free };

  Verdict check(const std::string& domain, SpfStep& step, unsigned depth);
  Verdict evaluate(const SpfRecord& record, const std::string& domain, SpfStep& step,
                   unsigned depth);
  Verdict redirect(const SpfRecord& record, const std::string& domain, SpfStep& step,
                   unsigned depth);
  Match match(const SpfTerm& term, const std::string& domain, SpfStep& step, unsigned depth);
  Match match_target(const SpfTerm& term, const std::string& target, SpfStep& step, unsigned depth);
  Match match_address(const SpfTerm& term, const std::string& name, SpfStep& step);
  Match match_host(const SpfTerm& term, const std::string& name, SpfStep& step,
                   Records::State& state);
  Match match_mx(const SpfTerm& term, const std::string& name, SpfStep& step);
  Match match_ptr(const std::string& target, SpfStep& step);
  Match match_exists(const SpfTerm& term, const std::string& name, SpfStep& step);
  Match match_include(const std::string& name, SpfStep& step, unsigned depth);
  Match over_limit(std::string_view what, SpfStep& step);
  Match trouble(const Records& records, const SpfTerm& term, SpfStep& step);

  bool is_traced() const noexcept { return trace_ == SpfTrace::wanted; }
  bool in_network(const SpfTerm& term) const;
  bool is_client(const SpfTerm& term, std::string_view address) const;

  Records look_up(std::string_view type, const std::string& name);
  /// False: one void too many.
  bool count_void(Records::State state);

  /// nullopt: no such name can be asked for, or an answer is missing (`waiting_` tells).
  std::optional<std::string> expand(const SpfMacroString& text, const std::string& domain);
  std::optional<std::string> expand_text(const SpfMacroString& text, const std::string& domain);
  using Macros = std::map<char, std::string>;
  std::optional<Macros> macros(const SpfMacroString& text, const std::string& domain);
  static std::string expanded(const SpfMacroPart& part, const Macros& values);
  std::optional<std::string> macro(char letter, const std::string& domain);
  std::string sender_domain() const;
  bool names_unicode_sender(const SpfMacroString& text) const;
  std::optional<std::string> validated_name(const std::string& domain);
  void explain(SpfOutcome& outcome);

  const SpfRequest& request_;
  const SpfLimits& limits_;
  const SpfLookup& lookup_;
  const SpfTrace trace_;

  std::vector<Question> questions_;
  bool waiting_ = false;  ///< an answer is missing: whatever comes now only looks ahead
  unsigned lookups_ = 0;
  unsigned voids_ = 0;
  std::string mechanism_;
  std::string problem_;
  std::string lost_;  ///< what there was no answer for, other than a record: "example.com A"
  std::string explaining_domain_;
  std::optional<SpfMacroString> explaining_;
};

}  // namespace postern
