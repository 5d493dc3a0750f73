#include "reply/compose.h"

#include "model/text.h"
#include "reply/limits.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace postern {
namespace {

// Octets that a value is never cut below: enough to recognise an address by its beginning.
constexpr std::size_t least_value = 10;

// `otherwise` empty: the value comes from checks, which may not have run.
constexpr std::array fields = {
    ReplyField{"client_address", Stage::connect, Stage::end_of_message, "this host",
               "IP address of the client"},
    ReplyField{"client_name", Stage::connect, Stage::end_of_message, "unknown",
               "confirmed host name of the client"},
    ReplyField{"host", Stage::connect, Stage::end_of_message, "this host", "our own host name"},
    ReplyField{"helo", Stage::helo, Stage::end_of_message, "no name", "argument of HELO or EHLO"},
    ReplyField{"tls_version", Stage::helo, Stage::end_of_message, "no TLS", "TLS version in use"},
    ReplyField{"user", Stage::mail, Stage::end_of_message, "nobody", "authenticated user"},
    ReplyField{"sender", Stage::mail, Stage::end_of_message, "<>", "envelope sender"},
    ReplyField{"sender_domain", Stage::mail, Stage::end_of_message, "<>",
               "domain of the envelope sender"},
    ReplyField{"declared_size", Stage::mail, Stage::end_of_message, "unknown",
               "size announced with MAIL, in octets"},
    ReplyField{"recipient", Stage::rcpt, Stage::rcpt, "unknown", "recipient asked about"},
    ReplyField{"recipient_domain", Stage::rcpt, Stage::rcpt, "unknown", "domain of the recipient"},
    ReplyField{"recipient_count", Stage::data, Stage::end_of_message, "unknown",
               "number of recipients"},
    ReplyField{"size", Stage::end_of_message, Stage::end_of_message, "unknown",
               "size of the message, in octets"},
    ReplyField{"list", Stage::connect, Stage::end_of_message, "", "name of a block list"},
    ReplyField{"listed_value", Stage::connect, Stage::end_of_message, "", "what a list has listed"},
    ReplyField{"wait", Stage::connect, Stage::end_of_message, "", "time to wait"},
    ReplyField{"limit", Stage::connect, Stage::end_of_message, "", "the limit that was met"},
    ReplyField{"spf_domain", Stage::helo, Stage::end_of_message, "", "domain whose SPF was asked"},
    ReplyField{"dkim_domain", Stage::end_of_headers, Stage::end_of_message, "",
               "domain of a DKIM signature"},
    ReplyField{"from_domain", Stage::end_of_headers, Stage::end_of_message, "",
               "domain of the From field"},
    ReplyField{"detail", Stage::connect, Stage::end_of_message, "", "what a check found"},
};

const ReplyField* find_field(std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

// Either fixed text or a field.
struct Piece {
  std::string_view literal;
  std::string_view field;
  std::string_view otherwise;
  std::size_t offset = 0;
};
using Sentence = std::vector<Piece>;

// Cuts a template into its sentences of pieces. A sentence ends with '.' and a space.
std::vector<Sentence> parse(std::string_view text, std::vector<TemplateProblem>* problems) {
  std::vector<Sentence> sentences(1);
  const auto report = [&](std::size_t offset, std::size_t length, std::string message,
                          std::string hint) {
    if (problems != nullptr) {
      problems->push_back({offset, length, std::move(message), std::move(hint)});
    }
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = text.find('{', at);
    auto literal = text.substr(at, open == std::string_view::npos ? open : open - at);
    if (const auto stray = literal.find('}'); stray != std::string_view::npos) {
      report(at + stray, 1, "'}' without '{'", "a field is written {name} or {name|else}");
    }
    while (!literal.empty()) {
      const auto end = literal.find(". ");
      if (end == std::string_view::npos) {
        sentences.back().push_back({literal, {}, {}, at});
        break;
      }
      sentences.back().push_back({literal.substr(0, end + 1), {}, {}, at});
      sentences.emplace_back();
      at += end + 2;
      literal.remove_prefix(end + 2);
    }
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) {
      report(open, text.size() - open, "'{' is never closed",
             "a field is written {name} or {name|else}");
      break;
    }
    const auto inside = text.substr(open + 1, close - open - 1);
    const auto bar = inside.find('|');
    Piece piece;
    piece.field = inside.substr(0, bar);
    if (bar != std::string_view::npos) piece.otherwise = inside.substr(bar + 1);
    piece.offset = open;
    sentences.back().push_back(piece);
    at = close + 1;
  }
  if (sentences.size() > 1 && sentences.back().empty()) sentences.pop_back();
  return sentences;
}

std::string_view fallback(const Piece& piece) {
  if (!piece.otherwise.empty()) return piece.otherwise;
  const auto* field = find_field(piece.field);
  return field != nullptr && !field->otherwise.empty() ? field->otherwise : "-";
}

std::size_t fixed_length(const Sentence& sentence) {
  return std::accumulate(sentence.begin(), sentence.end(), std::size_t{0},
                         [](std::size_t sum, const Piece& p) { return sum + p.literal.size(); });
}

// What a sentence needs when every value is cut as short as it may be.
std::size_t least_length(const Sentence& sentence) {
  std::size_t sum = fixed_length(sentence);
  for (const auto& piece : sentence) {
    if (!piece.field.empty()) sum += std::max(least_value, fallback(piece).size());
  }
  return sum;
}

// Shares `budget` among values so that short ones stay whole and long ones are cut alike.
std::vector<std::size_t> share(const std::vector<std::size_t>& needs, std::size_t budget) {
  std::vector<std::size_t> order(needs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return needs[a] < needs[b]; });
  std::vector<std::size_t> widths(needs.size());
  std::size_t left = order.size();
  for (const auto i : order) {
    widths[i] = std::min(needs[i], budget / left);
    budget -= widths[i];
    --left;
  }
  return widths;
}

std::string fill(const Sentence& sentence, const FieldValues& values, std::string_view host,
                 std::size_t budget) {
  std::vector<std::string> texts;
  std::vector<std::size_t> needs;
  for (const auto& piece : sentence) {
    if (piece.field.empty()) continue;
    std::string_view value;
    if (piece.field == "host") value = host;
    for (const auto& [name, text] : values) {
      if (name == piece.field) value = text;
    }
    // No value is longer than a line; cleaning more would be work for nothing.
    std::string clean = clean_for_reply(value, longest_line);
    // Log summaries cut a reply at its first colon, so an IPv6 address is written with hyphens.
    std::replace(clean.begin(), clean.end(), ':', '-');
    if (clean.empty()) clean = fallback(piece);
    needs.push_back(clean.size());
    texts.push_back(std::move(clean));
  }
  const std::size_t fixed = fixed_length(sentence);
  const auto widths = share(needs, budget > fixed ? budget - fixed : 0);
  std::string result;
  std::size_t next = 0;
  for (const auto& piece : sentence) {
    if (piece.field.empty()) {
      result += piece.literal;
    } else {
      result += clean_for_reply(texts[next], widths[next]);
      ++next;
    }
  }
  return result.size() > budget ? clean_for_reply(result, budget) : result;
}

std::string sentence_text(std::string_view text, const FieldValues& values, std::string_view host,
                          std::size_t room) {
  const auto sentences = parse(text, nullptr);
  std::string result =
      fill(sentences.front(), values, host, std::min(room, longest_first_sentence));
  if (sentences.size() > 1) {
    // The second sentence goes as a whole when there is no room to say it properly.
    if (const auto& second = sentences[1]; result.size() + 1 + least_length(second) <= room) {
      result += ' ' + fill(second, values, host, room - result.size() - 1);
    }
  }
  return result;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

bool is_url_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != ';'; });
}

std::string lower_first(std::string text) {
  if (!text.empty()) text.front() = lower(text.substr(0, 1)).front();
  return text;
}

std::string value_of(const FieldValues& values, std::string_view name) {
  for (const auto& [key, text] : values) {
    if (key == name) return text;
  }
  return {};
}

}  // namespace

std::span<const ReplyField> reply_fields() noexcept { return fields; }

FieldValues field_values(const Transaction& transaction) {
  FieldValues values;
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) values.emplace_back(std::move(name), std::move(value));
  };
  if (transaction.client.address) add("client_address", transaction.client.address->text());
  add("client_name", transaction.client.name.value());
  add("helo", transaction.helo.value());
  add("tls_version", transaction.tls.version.value());
  add("user", transaction.authentication.user.value());
  add("sender", transaction.sender.value().text());
  add("sender_domain", transaction.sender.value().domain());
  if (transaction.declared_size.is_told()) {
    add("declared_size", std::to_string(transaction.declared_size.value()));
  }
  if (transaction.recipient.is_told()) {
    add("recipient", transaction.recipient.value().text());
    add("recipient_domain", transaction.recipient.value().domain());
  }
  if (transaction.recipient_count.is_told()) {
    add("recipient_count", std::to_string(transaction.recipient_count.value()));
  }
  if (transaction.size.is_told()) add("size", std::to_string(transaction.size.value()));
  return values;
}

std::vector<std::string_view> fields_of(std::string_view text) {
  std::vector<std::string_view> names;
  for (const auto& sentence : parse(text, nullptr)) {
    for (const auto& piece : sentence) {
      if (piece.field.empty() || std::find(names.begin(), names.end(), piece.field) != names.end())
        continue;
      names.push_back(piece.field);
    }
  }
  return names;
}

std::size_t room_for(std::string_view text, std::string_view field) {
  const auto sentences = parse(text, nullptr);
  std::size_t room = 0;
  std::size_t before = 0;
  for (std::size_t i = 0; i < sentences.size() && i < 2; ++i) {
    const auto& sentence = sentences[i];
    const auto limit =
        i == 0 ? longest_first_sentence : longest_start - reference_length - before - 1;
    const auto least = least_length(sentence);
    before = least;
    std::size_t times = 0;
    std::size_t own = 0;
    for (const auto& piece : sentence) {
      if (piece.field != field) continue;
      ++times;
      own += std::max(least_value, fallback(piece).size());
    }
    if (times == 0) continue;
    const auto others = least - own;
    const auto here = limit > others ? (limit - others) / times : 0;
    room = room == 0 ? here : std::min(room, here);
  }
  return room;
}

std::size_t find_forbidden(std::string_view text) noexcept {
  const auto* const found = std::find_if(text.begin(), text.end(), [](char c) {
    return c < 0x20 || c > 0x7e || c == ';' || c == ':';
  });
  return static_cast<std::size_t>(found - text.begin());
}

std::vector<TemplateProblem> check_template(std::string_view text, Stage stage,
                                            std::span<const ReplyField> more) {
  std::vector<TemplateProblem> problems;
  const auto report = [&](std::size_t offset, std::size_t length, std::string message,
                          std::string hint = {}) {
    problems.push_back({offset, length, std::move(message), std::move(hint)});
  };
  if (text.find_first_not_of(' ') == std::string_view::npos) {
    report(0, 1, "the text is empty", "leave the key out to use the catalogue's text");
    return problems;
  }
  if (text.front() == ' ' || text.back() == ' ') {
    report(text.front() == ' ' ? 0 : text.size() - 1, 1, "the text begins or ends with a space",
           "remove it");
  }
  if (text.front() >= '0' && text.front() <= '9') {
    report(0, 1, "the text begins with a digit, which MTAs read as part of a reply code");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c < 0x20 || c > 0x7e) {
      auto end = i + 1;
      while (end < text.size() && (text[end] < 0x20 || text[end] > 0x7e)) ++end;
      report(i, end - i, "replies are printable ASCII only (RFC 5321 4.2)",
             "write it without accents, line breaks and tabs");
      i = end - 1;
      continue;
    }
    if (c == ';') report(i, 1, "';' ends a reply in MTA logs", "use a comma or a second sentence");
    if (c == ':') report(i, 1, "log summaries cut a reply at ':'", "use a comma or other words");
  }

  const auto sentences = parse(text, &problems);
  for (const auto& sentence : sentences) {
    for (const auto& piece : sentence) {
      if (piece.literal.data() != nullptr) continue;
      const std::size_t length =
          piece.field.size() + 2 + (piece.otherwise.empty() ? 0 : piece.otherwise.size() + 1);
      const auto* field = find_field(piece.field);
      const auto own = std::find_if(more.begin(), more.end(),
                                    [&](const ReplyField& f) { return f.name == piece.field; });
      if (own != more.end()) field = &*own;
      if (field == nullptr) {
        std::vector<std::string> names;
        names.reserve(fields.size());
        for (const auto& known : fields) names.emplace_back(known.name);
        for (const auto& known : more) names.emplace_back(known.name);
        const auto near = nearest_name(piece.field, names);
        report(piece.offset, length, "there is no field {" + std::string(piece.field) + '}',
               near.empty() ? "" : "did you mean {" + near + "}?");
      } else if ((stage < field->earliest || stage > field->latest) && piece.otherwise.empty()) {
        report(piece.offset, length,
               '{' + std::string(field->name) + "} is not known at stage " +
                   std::string(to_text(stage)),
               field->latest == field->earliest
                   ? "it is known at " + std::string(to_text(field->earliest)) + " only"
                   : "it is known from " + std::string(to_text(field->earliest)) + " on");
      } else if (field->otherwise.empty() && piece.otherwise.empty()) {
        report(piece.offset, length, '{' + std::string(field->name) + "} may have no value here",
               "say what to write then, as in {" + std::string(field->name) + "|...}");
      }
    }
  }
  if (sentences.size() > 2) {
    report(0, text.size(), "the text has more than two sentences",
           "what the sender should do is added from the catalogue");
  }
  constexpr std::size_t room = longest_start - reference_length - longest_host - 1;
  const auto first = least_length(sentences.front());
  if (first > longest_first_sentence) {
    report(0, text.size(),
           "the first sentence can take " + std::to_string(first) +
               " octets even with short values, mail programs show " +
               std::to_string(longest_first_sentence),
           "shorten it, or end it earlier");
  } else if (sentences.size() == 2) {
    const auto both = first + 1 + least_length(sentences[1]);
    if (both > longest_start - reference_length) {
      report(0, text.size(),
             "the text can take " + std::to_string(both) + " octets even with short values, " +
                 std::to_string(longest_start - reference_length) + " survive before the reference",
             "shorten the second sentence");
    }
  }
  static_assert(room >= longest_first_sentence,
                "a first sentence always fits beside host and reference");
  return problems;
}

Result<Reply> compose(const Reason& reason, ReplyForm form, ReplyStage spoken,
                      std::string_view own_text, const FieldValues& values,
                      const ReplyIdentity& identity, const Reference& reference) {
  ReplyText text;
  std::string host = clean_for_reply(identity.host, longest_host);
  if (form.code.value() == 421 || spoken == ReplyStage::connect) text.host = host;
  std::size_t room = longest_start - reference_length;
  if (!text.host.empty()) room -= text.host.size() + 1;

  auto said = own_text.empty() ? reason.text : own_text;
  // "{host} is shutting down" already begins with our name; it is not said twice.
  constexpr std::string_view host_first = "{host} ";
  if (!text.host.empty() && said.starts_with(host_first)) said.remove_prefix(host_first.size());
  text.sentence = sentence_text(said, values, host, room);
  // A value may begin with a digit, which no bare code may be followed by.
  if (!form.enhanced && text.host.empty() && !text.sentence.empty() &&
      text.sentence.front() >= '0' && text.sentence.front() <= '9') {
    text.sentence = clean_for_reply("Refused, " + text.sentence, longest_first_sentence);
  }
  if (!reference.empty()) text.reference = "ref " + reference.text();
  text.advice = reason.advice;
  if (const auto quote = value_of(values, "quote"); !quote.empty()) {
    const auto from = value_of(values, "quote_from");
    text.quote = clean_for_reply(from.empty() ? "Another party" : from, 100) + " says \"" +
                 clean_for_reply(quote, 300) + '"';
    std::replace(text.quote.begin(), text.quote.end(), ':', '-');
  }
  // With 551 clients take an address in the text for the new one of the recipient (RFC 5321 3.4).
  if (!identity.contact.empty() && form.code.value() != 551) {
    text.contact = "Contact " + clean_for_reply(identity.contact, 320) + " for help.";
    std::replace(text.contact.begin(), text.contact.end(), ':', '-');
  }
  if (!identity.help.empty()) {
    auto url = replaced(replaced(identity.help, "{reason}", reason.id), "{ref}", reference.text());
    // A mangled address helps nobody; without it the reply is complete all the same.
    if (is_url_text(url) && url.size() + 8 <= longest_part) text.help = "More at " + std::move(url);
  }
  // What others publish about the case says more of it than we can.
  if (const auto see = value_of(values, "see"); !see.empty() && is_url_text(see)) {
    auto both = "See " + see + (text.help.empty() ? "" : ", and " + lower_first(text.help));
    if (both.size() <= longest_part) text.help = std::move(both);
  }
  return Reply::make(spoken, form, std::move(text));
}

}  // namespace postern
