#include "postern/reason.h"
#include "reply/compose.h"
#include "reply/registry.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace postern {
namespace {

const std::string conformance = POSTERN_CONFORMANCE_DIR "/replies/reasons.toml";

std::string class_letter(ReasonClass kind) {
  switch (kind) {
    case ReasonClass::temporary:
      return "4";
    case ReasonClass::permanent:
      return "5";
    case ReasonClass::positive:
      return "2";
    case ReasonClass::none:
      return "-";
  }
  return "";
}

std::vector<std::string> strings(const toml::array* list) {
  std::vector<std::string> result;
  if (list == nullptr) return result;
  for (const auto& node : *list) result.push_back(node.value_or(std::string()));
  return result;
}

TEST(Catalogue, HasTheReasonsOfTheFactTable) {
  if (!std::filesystem::exists(conformance)) GTEST_SKIP() << "no data at " << conformance;
  const auto file = toml::parse_file(conformance);
  const auto& rows = *file["reason"].as_array();
  ASSERT_EQ(rows.size(), all_reasons().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = *rows[i].as_table();
    const auto& ours = all_reasons()[i];
    const auto id = row["id"].value_or(std::string());
    EXPECT_EQ(ours.id, id);
    EXPECT_EQ(ours.group, row["group"].value_or(std::string())) << id;
    EXPECT_EQ(class_letter(ours.kind), row["class"].value_or(std::string())) << id;
    const auto reply = row["reply"].value_or(std::string());
    EXPECT_EQ(ours.reply, reply == "none" ? "" : reply) << id;
    EXPECT_EQ(ours.breaks_class_rule, row["class_rule_broken"].value_or(false)) << id;

    std::vector<std::string> tolerated;
    for (const auto form : ours.tolerated) {
      if (!form.empty()) tolerated.emplace_back(form);
    }
    EXPECT_EQ(tolerated, strings(row["tolerated"].as_array())) << id;

    std::map<std::string, std::string> at;
    if (const auto* table = row["at"].as_table()) {
      for (const auto& [stage, form] : *table) {
        at[std::string(stage.str())] = form.value_or(std::string());
      }
    }
    std::map<std::string, std::string> our_at;
    for (const auto& [stage, form] : ours.at) {
      if (!form.empty()) our_at[std::string(to_text(stage))] = form;
    }
    EXPECT_EQ(our_at, at) << id;

    const auto names = strings(row["stages"].as_array());
    const bool any = names == std::vector<std::string>{"ANY"};
    for (std::size_t s = 0; s < reply_stage_count; ++s) {
      const auto stage = static_cast<ReplyStage>(s);
      EXPECT_EQ(ours.stages.contains(stage),
                any || std::find(names.begin(), names.end(), to_text(stage)) != names.end())
          << id << " at " << to_text(stage);
    }
  }
}

TEST(Catalogue, HasOnlyRegisteredCodesOfItsClass) {
  EXPECT_EQ(all_reasons().size(), 122U);
  for (const auto& reason : all_reasons()) {
    const bool refusal =
        reason.kind == ReasonClass::temporary || reason.kind == ReasonClass::permanent;
    EXPECT_EQ(reason.reply.empty(), reason.kind == ReasonClass::none) << reason.id;
    std::vector<std::string_view> forms(reason.tolerated.begin(), reason.tolerated.end());
    for (const auto& at : reason.at) forms.push_back(at.reply);
    forms.push_back(reason.reply);
    for (const auto form : forms) {
      if (form.empty()) continue;
      const auto parsed = ReplyForm::parse(form);
      ASSERT_TRUE(parsed) << reason.id << ' ' << form;
      if (refusal) {
        EXPECT_GE(parsed->code.first_digit(), 4) << reason.id;
      }
    }
    if (refusal) {
      EXPECT_EQ(ReplyForm::parse(reason.reply)->code.first_digit(),
                reason.kind == ReasonClass::temporary ? 4 : 5)
          << reason.id;
    }
  }
}

TEST(Catalogue, KeepsTheClassRulesButForTheDeclaredExceptions) {
  for (const auto& reason : all_reasons()) {
    const auto form = ReplyForm::parse(reason.reply);
    if (!form || !form->enhanced) continue;
    const auto& entry = *find_enhanced(form->enhanced->subject(), form->enhanced->detail());
    const int digit = form->code.first_digit();
    const bool broken = (digit == 4 && entry.class_rule == ClassRule::permanent_only) ||
                        (digit == 5 && entry.class_rule == ClassRule::transient_only);
    EXPECT_EQ(broken, reason.breaks_class_rule) << reason.id;
  }
}

TEST(Catalogue, IsFoundByEveryIdOnce) {
  std::set<std::string_view> ids;
  for (const auto& reason : all_reasons()) {
    EXPECT_TRUE(ids.insert(reason.id).second) << reason.id;
    EXPECT_EQ(find_reason(reason.id), &reason);
  }
}

TEST(Catalogue, LetsPostfixGoOnOnlyForDefersWithCode450) {
  for (const auto& reason : all_reasons()) {
    if (!reason.defer_if_permit) continue;
    EXPECT_EQ(reason.kind, ReasonClass::temporary) << reason.id;
    EXPECT_TRUE(reason.reply.starts_with("450 ")) << reason.id;
  }
  EXPECT_TRUE(find_reason("greylisted")->defer_if_permit);
}

std::string without_fields(std::string_view text) {
  std::string result;
  bool field = false;
  for (const char c : text) {
    if (c == '{') field = true;
    if (!field) result += c;
    if (c == '}') field = false;
  }
  return result;
}

/// The text as a sender sees it when no field has a value.
std::string with_else_texts(std::string_view text) {
  std::string result;
  std::string field;
  bool inside = false;
  for (const char c : text) {
    if (c == '{') {
      inside = true;
      field.clear();
    } else if (c == '}') {
      inside = false;
      const auto bar = field.find('|');
      if (bar != std::string::npos) result += field.substr(bar + 1);
    } else {
      (inside ? field : result) += c;
    }
  }
  return result;
}

struct Field {
  std::string name;
  std::string otherwise;
};

std::vector<Field> fields_of(std::string_view text) {
  std::vector<Field> fields;
  for (auto open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    const std::string inside(text.substr(open + 1, text.find('}', open) - open - 1));
    const auto bar = inside.find('|');
    fields.push_back(
        {inside.substr(0, bar), bar == std::string::npos ? "" : inside.substr(bar + 1)});
  }
  return fields;
}

std::string lower_letters(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (std::isalpha(octet) != 0) result += static_cast<char>(std::tolower(octet));
  }
  return result;
}

std::size_t sentences_in(std::string_view text) {
  std::size_t count = 1;
  for (auto at = text.find(". "); at != text.npos; at = text.find(". ", at + 1)) ++count;
  return count;
}

std::string_view first_sentence(std::string_view text) {
  const auto end = text.find(". ");
  return end == text.npos ? text : text.substr(0, end + 1);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

TEST(CatalogueTexts, AreEachForOneReasonOnly) {
  std::map<std::string, std::string_view> sentences;
  std::set<std::string_view> others;
  for (const auto& reason : all_reasons()) {
    const auto words = lower_letters(without_fields(reason.text));
    const auto [other, fresh] = sentences.emplace(words, reason.id);
    EXPECT_TRUE(fresh) << reason.id << " says the same as " << other->second;
    const auto first = lower_letters(without_fields(first_sentence(reason.text)));
    if (first != words) {
      EXPECT_TRUE(sentences.emplace(first, reason.id).second) << reason.id;
    }
    for (const auto text :
         {reason.what, reason.sender_help, reason.operator_help, reason.admin_help}) {
      EXPECT_TRUE(others.insert(text).second) << reason.id << " repeats " << text;
    }
  }
}

TEST(CatalogueTexts, SayMoreThanTheirCode) {
  for (const auto& reason : all_reasons()) {
    const auto words = lower_letters(with_else_texts(reason.text));
    EXPECT_NE(words, lower_letters(reason.advice)) << reason.id;
    const auto form = ReplyForm::parse(reason.reply);
    if (!form) continue;
    EXPECT_NE(words, lower_letters(find_basic(form->code.value())->meaning)) << reason.id;
    if (!form->enhanced) continue;
    const auto& entry = *find_enhanced(form->enhanced->subject(), form->enhanced->detail());
    EXPECT_NE(words, lower_letters(entry.name)) << reason.id;
    EXPECT_NE(words, lower_letters(entry.meaning)) << reason.id;
    EXPECT_EQ(reason.text.find(reason.reply), reason.text.npos) << reason.id;
  }
}

TEST(CatalogueTexts, AreWhatBothMtasLeaveIntact) {
  for (const auto& reason : all_reasons()) {
    for (const auto text : {reason.text, reason.advice}) {
      EXPECT_TRUE(is_printable(text)) << reason.id;
      EXPECT_EQ(text.find_first_of(";:%"), text.npos) << reason.id;
      EXPECT_TRUE(text.ends_with('.')) << reason.id;
      EXPECT_EQ(text.find("  "), text.npos) << reason.id;
    }
    for (const auto text : {reason.what, reason.note, reason.reference, reason.sender_help,
                            reason.operator_help, reason.admin_help}) {
      EXPECT_TRUE(is_printable(text)) << reason.id;
    }
  }
}

TEST(CatalogueTexts, StandAloneInTheFirstSentence) {
  for (const auto& reason : all_reasons()) {
    const auto sentence = first_sentence(reason.text);
    EXPECT_LE(with_else_texts(sentence).size(), 100U) << reason.id;
    if (!fields_of(sentence).empty()) {
      EXPECT_LE(without_fields(sentence).size(), 70U) << reason.id;
    }
    EXPECT_LE(sentences_in(reason.text), 2U) << reason.id;
    EXPECT_EQ(sentences_in(reason.advice), 1U) << reason.id;
    EXPECT_LE(reason.advice.size(), 160U) << reason.id;
  }
}

TEST(CatalogueTexts, NameOnlyFieldsThatHaveAValueOrAnElseText) {
  const std::set<std::string> from_checks = {"list",       "listed_value", "wait",        "limit",
                                             "spf_domain", "dkim_domain",  "from_domain", "detail"};
  std::set<std::string> known;
  for (const auto& field : reply_fields()) known.emplace(field.name);
  for (const auto& reason : all_reasons()) {
    const bool recipient_known = reason.stages == ReplyStages{ReplyStage::rcpt};
    for (const auto& field : fields_of(reason.text)) {
      EXPECT_TRUE(known.contains(field.name)) << reason.id << " names {" << field.name << '}';
      const bool needs_else = from_checks.contains(field.name) ||
                              (field.name.starts_with("recipient") && !recipient_known);
      if (needs_else) {
        EXPECT_FALSE(field.otherwise.empty()) << reason.id << ' ' << field.name;
      }
    }
    EXPECT_TRUE(fields_of(reason.advice).empty()) << reason.id;
  }
}

TEST(CatalogueTexts, DoNotBeginWithAFieldWhoseValueMayBeADigit) {
  for (const auto& reason : all_reasons()) {
    EXPECT_NE(reason.text.front(), '{') << reason.id;
    EXPECT_EQ(reason.text.find(". {"), reason.text.npos) << reason.id;
  }
}

TEST(CatalogueTexts, GiveHelpAndCausesForEveryReason) {
  for (const auto& reason : all_reasons()) {
    EXPECT_FALSE(reason.what.empty()) << reason.id;
    EXPECT_FALSE(reason.reference.empty()) << reason.id;
    for (const auto help : {reason.sender_help, reason.operator_help, reason.admin_help}) {
      EXPECT_GE(help.size(), 20U) << reason.id;
      EXPECT_LE(sentences_in(help), 3U) << reason.id;
      EXPECT_TRUE(help.ends_with('.')) << reason.id;
    }
    const auto causes = std::count_if(reason.causes.begin(), reason.causes.end(),
                                      [](std::string_view cause) { return !cause.empty(); });
    EXPECT_GE(causes, 2) << reason.id;
  }
}

TEST(CatalogueTexts, AdviseTheOperatorOfTheSendingServerByTheClassOfTheReply) {
  for (const auto& reason : all_reasons()) {
    const auto help = reason.operator_help;
    EXPECT_EQ(help.find_first_of("{}"), help.npos) << reason.id;
    EXPECT_EQ(help.find("  "), help.npos) << reason.id;
    EXPECT_LE(help.size(), 320U) << reason.id;
    EXPECT_EQ(help.find("postern "), help.npos) << reason.id << ": they do not have it";
    const bool permanent = reason.kind == ReasonClass::permanent;
    const auto never =
        permanent ? std::vector<std::string_view>{"in the queue", "in your queue", "Your queue"}
                  : std::vector<std::string_view>{"Return the message", "Do not try again"};
    for (const auto words : never) EXPECT_EQ(help.find(words), help.npos) << reason.id;
  }
}

TEST(CatalogueTexts, CarryTheIdiomsThatBounceClassifiersKnow) {
  const std::map<std::string_view, std::string_view> idioms = {
      {"rcpt-unknown", "User unknown"},
      {"mailbox-full", "is full"},
      {"dnsbl-listed", "blocked using"},
      {"relay-denied", "Relay access denied"},
      {"greylisted", "Greylisted"},
      {"too-many-recipients", "Too many recipients"},
      {"rate-connection", "Too many connections"},
      {"too-many-hops", "Too many hops"},
      {"mailbox-size-limit", "message size exceeds"},
      {"message-too-big", "Message too big"},
      {"spf-fail", "SPF"},
      {"dkim-none", "DKIM"},
      {"dmarc-reject", "DMARC policy"},
      {"client-no-rdns", "reverse DNS"},
      {"rcpt-domain-null-mx", "does not accept mail"},
      {"storage-full", "Insufficient system storage"},
      {"virus", "Virus detected"},
      {"spam", "This message has been identified as spam"},
      {"mailbox-disabled", "This mailbox is disabled"},
      {"mailbox-disabled-temp", "Mailbox currently suspended"},
      {"reputation-defer", "IP/domain reputation problems"},
      {"reputation-reject", "IP/domain reputation problems"},
      {"auth-required", "Authentication required"},
      {"tls-required", "Must issue a STARTTLS command first"},
  };
  for (const auto& [id, idiom] : idioms) {
    ASSERT_NE(find_reason(id), nullptr) << id;
    EXPECT_NE(find_reason(id)->text.find(idiom), std::string_view::npos) << id;
  }
}

}  // namespace
}  // namespace postern
