#include "support/outside_reader.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace postern::test {
namespace {

// Delivery reports

std::string_view command_of(ReplyStage stage) {
  switch (stage) {
    case ReplyStage::helo:
      return "EHLO";
    case ReplyStage::mail:
      return "MAIL FROM";
    case ReplyStage::rcpt:
      return "RCPT TO";
    case ReplyStage::data:
      return "DATA";
    case ReplyStage::end_of_message:
      return "end of DATA";
    default:
      return "";  // the greeting answers no command
  }
}

/// The code's class and the first enhanced code, as both MTAs put them into Status.
std::string status_in(const std::string& line) {
  const auto rest = line.size() > 4 ? line.substr(4) : std::string();
  const auto end = rest.find(' ');
  if (const auto code = EnhancedCode::parse(rest.substr(0, end))) return code->text();
  return std::string(1, line.front()) + ".0.0";
}

/// Header fields are folded, so whoever reads them has to unfold.
std::string folded(const std::string& text) {
  constexpr std::size_t width = 72;
  std::string result;
  std::size_t column = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    if (column != 0 && column + 1 + word.size() > width) {
      result += "\n    ";
      column = 4;
    } else if (column != 0) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    at = end + 1;
  }
  return result;
}

// The reader

/// Words, in small letters, and perhaps others behind them.
struct Words {
  std::string_view first;
  std::string_view then = {};
};

bool stand_in(std::string_view text, const Words& words) {
  const auto at = text.find(words.first);
  if (at == std::string_view::npos) return false;
  return words.then.empty() || text.find(words.then, at + words.first.size()) != text.npos;
}

using Table = std::map<std::string_view, std::vector<Words>>;

const Table& words_of_reasons() {
  static const Table table{
      {"mailboxfull",
       {{"mailbox full"},
        {"mailbox is full"},
        {"over the allowed quota"},
        {"quota exceeded"},
        {"not enough storage space in"},
        {"too much mail data"},
        {"full mailbox"}}},
      {"mesgtoobig",
       {{"message too big"},
        {"size limit"},
        {"line limit exceeded"},
        {"max message size exceeded"}}},
      {"exceedlimit", {{"message too large"}, {"message header size exceeds limit"}}},
      {"suspend",
       {{"this mailbox is disabled"},
        {"mailbox disabled"},
        {"mailbox currently suspended"},
        {" is currently suspended"},
        {"has been suspended"},
        {"inactive account"},
        {"this address no longer accepts mail"}}},
      {"hasmoved", {{" has been replaced by "}}},
      {"norelaying",
       {{"relay access denied"},
        {"relaying denied"},
        {"as a relay"},
        {"not local host"},
        {"relaying mail to "},
        {"unable to relay for"}}},
      {"authfailure",
       {{"dmarc policy"},
        {"spf check: fail"},
        {"bad spf records for"},
        {"please inspect your spf settings"}}},
      {"userunknown",
       {{"user unknown"},
        {"unknown user"},
        {"no such user"},
        {"does not exist."},
        {"address does not exist"},
        {"user not found"},
        {"user not known"},
        {"invalid address"},
        {"invalid recipient"},
        {"invalid mailbox"},
        {"not a valid recipient"},
        {"no such mailbox"},
        {"no mailbox found"},
        {"recipient not found"},
        {"recipient unknown"},
        {"recipient is not local"},
        {"recipient address rejected: access denied"},
        {"not a local address"},
        {"unknown mailbox"},
        {"bad", "recipient"},
        {"mailbox ", "does not exist"},
        {"user ", " does not exist"},
        {"recipient ", " was not found in"},
        {"no ", " in name directory"},
        {"non", "existent user"}}},
      {"filtered",
       {{"message rejected due to user rules"},
        {"user reject"},
        {"is not accepting any mail"},
        {"user not found"},
        {"you have been blocked by the recipient"}}},
      {"requireptr",
       {{"cannot find your hostname"},
        {"no ptr record found."},
        {"reverse dns required"},
        {"reverse dns failed"},
        {"dns lookup failure: ", " try again later"},
        {"domain ", " mismatches client ip"}}},
      {"notcompliantrfc", {{"this message is not rfc 5322 compliant"}}},
      {"rejected",
       {{"address rejected"},
        {"sender rejected"},
        {"invalid sender"},
        {"domain of sender address "},
        {"you are not allowed to post to this mailing list"},
        {"sender verify failed"},
        {"mx records for "},
        {"delivery not authorized, message refused"}}},
      {"hostunknown",
       {{"domain does not exist"},
        {"no such domain"},
        {"host unknown"},
        {"unknown host"},
        {"unroutable address"},
        {"553 ", " does not exist"}}},
      {"spamdetected",
       {{"this message has been identified as spam"},
        {"the content of this message looked like spam"},
        {"appears to be unsolicited"},
        {"message looks like spam"},
        {"spam detected"},
        {"spam check"},
        {"spam refused"},
        {"bulk email"},
        {"message filtered"},
        {"message content rejected"},
        {"message rejected for policy reasons"},
        {"block for spam"},
        {"blocked by spamassassin"},
        {"greylisted, please try again in"},
        {"rejecting mail content"},
        {"probable spam"}}},
      {"speeding",
       {{"please try again slower"},
        {"receiving mail at a rate that prevents additional messages from being delivered"}}},
      {"toomanyconn",
       {{"too many connections"},
        {"too many recipients"},
        {"too many errors from your ip"},
        {"connection rate limit exceeded"}}},
      {"blocked",
       {{"blocked using "},
        {"client host ", " blocked using"},
        {"helo command rejected:"},
        {"host network not allowed"},
        {"blacklisted by"},
        {"was blocked by "},
        {"go away"},
        {"connection dropped"},
        {"is in a black list"},
        {"you are not allowed to connect"},
        {"esmtp not accepting connections"},
        {"mail from ", " refused:"},
        {"mail server at ", " is blocked"},
        {"the ip", " is blacklisted"},
        {"service not available, closing transmission channel"}}},
      {"policyviolation",
       {{"message not accepted for policy reasons"},
        {"header error"},
        {"protocol violation"},
        {"local policy violation"},
        {"denied by policy"},
        {"dmarc policy"},
        {"an illegal attachment on your message"},
        {"closed mailing list"}}},
      {"virusdetected", {{"virus detected"}, {"your message was infected with a virus"}}},
      {"badreputation", {{"ip/domain reputation problems"}, {"a poor email reputation score"}}},
      {"securityerror",
       {{"authentication required"},
        {"authentication failure"},
        {"verification failure"},
        {"recipient address rejected: access denied"}}},
      {"systemerror",
       {{"local error in processing"},
        {"temporary local problem"},
        {"service currently unavailable"},
        {"server configuration error"},
        {"mail system configuration error"},
        {"timeout waiting for input"},
        {"transaction failed "}}},
      {"networkerror", {{"too many hops"}, {"message looping"}, {"host is unreachable"}}},
      {"expired", {{"connection timed out"}, {"delivery time expired"}, {"has been delayed"}}},
      {"contenterror", {{"duplicate header"}, {"improper use of 8-bit data in message header"}}},
      {"systemfull", {{"mail system full"}}},
      {"notaccept", {{"host does not accept mail"}, {"host/domain does not accept mail"}}},
  };
  return table;
}

/// What a code alone is taken for. X.7.0, X.5.1 and others are not: there the words decide.
std::string_view reason_of_code(std::string_view code) {
  static const std::map<std::string_view, std::string_view> table{
      {"4.1.8", "rejected"},      {"4.2.1", "suspend"},        {"4.2.2", "mailboxfull"},
      {"4.2.4", "filtered"},      {"4.3.1", "systemfull"},     {"4.3.2", "notaccept"},
      {"4.3.3", "systemerror"},   {"4.3.5", "systemerror"},    {"4.4.2", "networkerror"},
      {"4.4.3", "systemerror"},   {"4.5.3", "systemerror"},    {"4.7.1", "blocked"},
      {"4.7.5", "securityerror"}, {"4.7.12", "securityerror"}, {"4.7.15", "securityerror"},
      {"4.7.16", "mesgtoobig"},   {"4.7.24", "authfailure"},   {"4.7.25", "requireptr"},
      {"4.7.26", "authfailure"},  {"5.1.0", "userunknown"},    {"5.1.1", "userunknown"},
      {"5.1.2", "hostunknown"},   {"5.1.3", "userunknown"},    {"5.1.4", "filtered"},
      {"5.1.6", "hasmoved"},      {"5.1.7", "rejected"},       {"5.1.8", "rejected"},
      {"5.1.10", "notaccept"},    {"5.2.0", "filtered"},       {"5.2.1", "filtered"},
      {"5.2.2", "mailboxfull"},   {"5.2.3", "exceedlimit"},    {"5.3.0", "systemerror"},
      {"5.3.2", "notaccept"},     {"5.3.4", "mesgtoobig"},     {"5.4.0", "networkerror"},
      {"5.5.2", "syntaxerror"},   {"5.5.3", "toomanyconn"},    {"5.5.4", "systemerror"},
      {"5.5.6", "syntaxerror"},   {"5.6.0", "contenterror"},   {"5.6.1", "contenterror"},
      {"5.6.3", "contenterror"},  {"5.6.7", "contenterror"},   {"5.6.9", "contenterror"},
      {"5.7.0", "securityerror"}, {"5.7.1", "securityerror"},  {"5.7.2", "securityerror"},
      {"5.7.8", "securityerror"}, {"5.7.9", "securityerror"},  {"5.7.10", "securityerror"},
      {"5.7.13", "suspend"},      {"5.7.15", "securityerror"}, {"5.7.16", "mesgtoobig"},
      {"5.7.17", "hasmoved"},     {"5.7.18", "hasmoved"},      {"5.7.19", "securityerror"},
      {"5.7.20", "authfailure"},  {"5.7.21", "authfailure"},   {"5.7.22", "authfailure"},
      {"5.7.23", "authfailure"},  {"5.7.24", "authfailure"},   {"5.7.25", "requireptr"},
      {"5.7.26", "authfailure"},  {"5.7.27", "notaccept"},     {"5.7.28", "spamdetected"},
      {"5.7.29", "authfailure"},  {"5.7.30", "securityerror"},
  };
  const auto found = table.find(code);
  return found == table.end() ? std::string_view{} : found->second;
}

/// A report as the reader has taken it apart.
struct Report {
  std::string status;
  std::string words;  ///< of the receiving server, in small letters
  std::string command;
  int code = 0;

  bool before_data() const {
    return command == "CONN" || command == "EHLO" || command == "MAIL" || command == "RCPT";
  }
};

bool has_words(const Report& report, std::string_view reason) {
  const auto& all = words_of_reasons();
  const auto row = all.find(reason);
  return row != all.end() &&
         std::any_of(row->second.begin(), row->second.end(),
                     [&](const Words& words) { return stand_in(report.words, words); });
}

/// A reply that calls the address unknown may mean something else by its words.
bool is_user_unknown(const Report& report, std::string_view by_code) {
  if (by_code == "suspend") return false;
  if (by_code != "userunknown") return report.command == "RCPT" && has_words(report, "userunknown");
  constexpr std::array others{"norelaying", "blocked",  "mailboxfull",
                              "hasmoved",   "rejected", "notaccept"};
  return std::none_of(others.begin(), others.end(),
                      [&](const char* other) { return has_words(report, other); });
}

bool is_filtered(const Report& report, std::string_view by_code) {
  if (by_code == "suspend") return false;
  if (by_code != "filtered" && report.before_data()) return false;
  return has_words(report, "filtered") || has_words(report, "userunknown");
}

bool is_rejected(const Report& report, std::string_view by_code) {
  if (by_code == "rejected") return true;
  if (report.words.find("recipient address rejected") != std::string::npos) return false;
  if (report.command == "MAIL") return has_words(report, "rejected");
  if (report.command == "DATA") return by_code != "userunknown" && has_words(report, "rejected");
  return (by_code.empty() || by_code == "securityerror" || by_code == "systemerror") &&
         has_words(report, "rejected");
}

/// The first look, in the order of the reader: by code or words, each reason in its own way.
bool is_at_first_sight(const Report& report, std::string_view reason, std::string_view by_code) {
  const bool coded = by_code == reason;
  const bool worded = has_words(report, reason);
  if (reason == "mesgtoobig") return coded || (by_code != "exceedlimit" && worded);
  if (reason == "suspend") return report.code == 525 || worded;
  if (reason == "hasmoved" || reason == "notcompliantrfc" || reason == "speeding") return worded;
  if (reason == "norelaying") {
    return report.command != "CONN" && report.command != "EHLO" && worded;
  }
  if (reason == "userunknown") return is_user_unknown(report, by_code);
  if (reason == "filtered") return is_filtered(report, by_code);
  if (reason == "rejected") return is_rejected(report, by_code);
  if (reason == "hostunknown") return coded ? !has_words(report, "networkerror") : worded;
  if (reason == "spamdetected") return coded || (!report.before_data() && worded);
  return coded || worded;
}

std::string reading_of(const Report& report) {
  const auto by_code = reason_of_code(report.status);
  constexpr std::array first{
      "mailboxfull", "mesgtoobig",   "exceedlimit", "suspend",     "hasmoved",        "norelaying",
      "authfailure", "userunknown",  "filtered",    "requireptr",  "notcompliantrfc", "rejected",
      "hostunknown", "spamdetected", "speeding",    "toomanyconn", "blocked"};
  for (const auto* reason : first) {
    if (is_at_first_sight(report, reason, by_code)) return reason;
  }
  // What these codes say is taken for too little, so the words are looked at again.
  constexpr std::array vague{"systemerror",  "securityerror", "expired",    "suspend",
                             "networkerror", "hostunknown",   "userunknown"};
  const bool look_again =
      by_code.empty() || std::find(vague.begin(), vague.end(), by_code) != vague.end();
  if (!look_again) return std::string(by_code);
  constexpr std::array second{"mailboxfull", "spamdetected", "policyviolation", "virusdetected",
                              "norelaying",  "authfailure",  "badreputation",   "securityerror",
                              "systemerror", "networkerror", "speeding",        "suspend",
                              "expired",     "contenterror", "systemfull",      "notaccept"};
  for (const auto* reason : second) {
    if (has_words(report, reason)) return reason;
  }
  if (!by_code.empty()) return std::string(by_code);
  const auto subject = report.status.substr(1, 2);
  if (subject == ".6") return "contenterror";
  if (subject == ".7") return "securityerror";
  if ((report.code > 400 && report.code < 408) || (report.code > 500 && report.code < 508)) {
    return "syntaxerror";
  }
  return report.command == "EHLO" ? "blocked" : "onhold";
}

/// The value of a field, unfolded; empty where there is none.
std::string field(std::string_view report, std::string_view name) {
  const auto at = report.find("\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  std::string value;
  bool white = false;
  for (auto i = at + name.size() + 3; i < report.size(); ++i) {
    if (report[i] == '\n' && (i + 1 == report.size() || report[i + 1] != ' ')) break;
    if (report[i] == ' ' || report[i] == '\n') {
      white = true;
      continue;
    }
    if (white && !value.empty()) value += ' ';
    white = false;
    value += report[i];
  }
  return value;
}

/// The command that was refused: "(in reply to RCPT TO command)", or ">>> RCPT To:<...>".
std::string command_in(std::string_view report) {
  static const std::map<std::string_view, std::string_view> signs{
      {"(in reply to EHLO command)", "EHLO"},
      {"(in reply to MAIL FROM command)", "MAIL"},
      {"(in reply to RCPT TO command)", "RCPT"},
      {"(in reply to DATA command)", "DATA"},
      {"(in reply to end of DATA command)", "DATA"},
      {"\n>>> EHLO ", "EHLO"},
      {"\n>>> MAIL From:", "MAIL"},
      {"\n>>> RCPT To:", "RCPT"},
      {"\n>>> DATA\n", "DATA"}};
  for (const auto& [sign, command] : signs) {
    if (report.find(sign) != std::string_view::npos) return std::string(command);
  }
  return "CONN";
}

}  // namespace

std::string report_of_postfix(const Refused& refused) {
  std::string said;
  for (const auto& line : refused.lines) said += (said.empty() ? "" : " ") + line;
  const std::string command(command_of(refused.stage));
  return "This is the mail system at host out.example.net.\n\n<" + refused.recipient +
         ">: host mx1.example.org[192.0.2.1] " +
         (command.empty() ? "refused to talk to me: " : "said: ") + said +
         (command.empty() ? "" : " (in reply to " + command + " command)") +
         "\n\nReporting-MTA: dns; out.example.net\n\nFinal-Recipient: rfc822; " +
         refused.recipient + "\nAction: failed\nStatus: " + status_in(refused.lines.front()) +
         "\nRemote-MTA: dns; mx1.example.org\n" + folded("Diagnostic-Code: smtp; " + said) + "\n";
}

std::string report_of_sendmail(const Refused& refused) {
  std::string transcript = "... while talking to mx1.example.org.:\n";
  const std::string command(command_of(refused.stage));
  if (command == "RCPT TO") {
    transcript += ">>> RCPT To:<" + refused.recipient + ">\n";
  } else if (command == "MAIL FROM") {
    transcript += ">>> MAIL From:<anna@example.net> SIZE=800\n";
  } else if (command == "EHLO") {
    transcript += ">>> EHLO out.example.net\n";
  } else if (!command.empty()) {
    transcript += ">>> DATA\n";
  }
  for (const auto& line : refused.lines) transcript += "<<< " + line + "\n";
  // Of several lines it keeps the first.
  const auto& line = refused.lines.front();
  return "   ----- Transcript of session follows -----\n" + transcript +
         "\nReporting-MTA: dns; out.example.net\n\nFinal-Recipient: RFC822; " + refused.recipient +
         "\nAction: failed\nStatus: " + status_in(line) + "\nRemote-MTA: DNS; mx1.example.org\n" +
         folded("Diagnostic-Code: SMTP; " + line) + "\n";
}

std::string read_by_outsider(std::string_view text) {
  Report report;
  report.status = field(text, "Status");
  const auto said = field(text, "Diagnostic-Code");
  const auto begin = said.find("; ");
  const auto words = begin == std::string::npos ? said : said.substr(begin + 2);
  report.words = lower(words);
  report.code = std::atoi(words.c_str());
  report.command = command_in(text);
  return reading_of(report);
}

}  // namespace postern::test
