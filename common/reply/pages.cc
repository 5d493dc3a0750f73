#include "reply/pages.h"

#include "reply/codes_explanation.h"
#include "reply/codes_words.h"
#include "reply/page_frame.h"
#include "reply/registry.h"

#include <algorithm>
#include <array>

namespace postern {

namespace {

struct Group {
  std::string_view id;
  std::string_view title;
};
constexpr std::array groups = {
    Group{"recipient", "The recipient"},
    Group{"sender", "The sender's address"},
    Group{"helo", "How the sending server introduces itself"},
    Group{"client", "The sending server"},
    Group{"tls-auth", "Encryption and login"},
    Group{"email-auth", "SPF, DKIM, DMARC and ARC"},
    Group{"content", "The message"},
    Group{"system", "Our own trouble, and rules of our own"},
    Group{"protocol", "The dialogue between the servers"},
};

std::string capitalised(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z') {
    result[0] = static_cast<char>(result[0] - 'a' + 'A');
  }
  return result;
}

std::string paragraph(const std::string& html) { return "<p>" + html + "</p>\n"; }

std::string section(std::string_view title, const std::string& html) {
  return html.empty() ? "" : "<h2>" + html_text(title) + "</h2>\n" + html;
}

std::string link(const std::string& address, std::string_view text) {
  return "<a href=\"" + html_text(address) + "\">" + html_text(text) + "</a>";
}

/// A template as a sender reads it: "{client_address|...}" becomes "client address", marked.
std::string with_fields_named(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto open = text.find('{');
    result += html_text(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    auto name =
        std::string(text.substr(open + 1, std::min(close, text.find('|', open)) - open - 1));
    std::replace(name.begin(), name.end(), '_', ' ');
    result += "<var>" + html_text(name) + "</var>";
    if (close == std::string_view::npos) break;
    text.remove_prefix(close + 1);
  }
  return result;
}

/// "3.7-3.8", "6.1(2)": the part of it that a page of the RFC Editor has a mark for.
std::string_view section_number(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789.");
  return text.substr(0, end);
}

/// "RFC 5321 3.3, 4.2.3" with each part leading to where it can be read.
std::string standard(std::string_view source) {
  if (source.find("IANA") != std::string_view::npos) {
    return link("https://www.iana.org/assignments/smtp-enhanced-status-codes", source);
  }
  constexpr std::string_view rfc = "RFC ";
  if (!source.starts_with(rfc)) return html_text(source);
  const auto number = source.substr(rfc.size(), source.find(' ', rfc.size()) - rfc.size());
  const std::string address = "https://www.rfc-editor.org/rfc/rfc" + std::string(number);
  std::string result = link(address, source.substr(0, rfc.size() + number.size()));
  auto rest = source.substr(rfc.size() + number.size());
  std::string_view between = rest.find(',') == rest.npos ? ", section " : ", sections ";
  while (!rest.empty()) {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
    const auto part = rest.substr(0, rest.find(','));
    rest.remove_prefix(part.size());
    if (part.empty()) continue;
    const auto mark = section_number(part);
    result +=
        std::string(between) +
        (mark.empty() ? html_text(part) : link(address + "#section-" + std::string(mark), part));
    between = ", ";
  }
  return result;
}

std::string standards(std::string_view reference) {
  std::string items;
  while (!reference.empty()) {
    const auto source = reference.substr(0, reference.find(';'));
    reference.remove_prefix(std::min(reference.size(), source.size() + 1));
    while (reference.starts_with(' ')) reference.remove_prefix(1);
    items += "<li>" + standard(source) + "</li>\n";
  }
  return "<ul>\n" + items + "</ul>\n";
}

bool is_permanent(const Reason& reason) { return reason.kind == ReasonClass::permanent; }

std::string outcome(const Reason& reason) {
  const std::string_view kind = is_permanent(reason) ? "permanent" : "temporary";
  std::string html = "<div class=\"outcome " + std::string(kind) + "\">\n<p><strong>";
  html += is_permanent(reason)
              ? "Refused for good.</strong> The same message, sent again unchanged, is refused "
                "again. The sending server gives up and tells the sender."
              : "Put off for now.</strong> The message is not lost. The sending server keeps it "
                "and tries again by itself, usually for two to five days, and tells the sender if "
                "it has to give up.";
  html += "</p>\n<p>Reply <code>" + html_text(reason.reply) + "</code>, " + std::string(kind) +
          ". Who can put it right: " + html_text(who_acts(reason)) + ".</p>\n</div>\n";
  return html;
}

/// The sentence by the site's own wording, else the catalogue's, and the same in other languages.
std::string reply_text(const Reason& reason, const PageOwner& owner) {
  std::string_view sentence = reason.text;
  std::string others;
  if (const auto own = owner.wordings.find(reason.id); own != owner.wordings.end()) {
    for (const auto& [language, text] : own->second) {
      if (language.empty()) {
        sentence = text;
      } else {
        others += "<p lang=\"" + html_text(language) + "\">" + with_fields_named(text) + "</p>\n";
      }
    }
  }
  return "<blockquote class=\"panel\">\n" +
         paragraph("<code>" + html_text(reason.reply) + "</code> " + with_fields_named(sentence) +
                   " (ref <var>XXXX-XXXX-XXXX</var>)") +
         paragraph(html_text(reason.advice)) + others + "</blockquote>\n" +
         "<p class=\"quiet\">Underlined words stand for what was found: an address, a name, a "
         "number. A rule of this server may put it in other words.</p>\n";
}

std::string codes(const Reason& reason) {
  const auto form = ReplyForm::parse(reason.reply);
  if (!form) return {};
  std::string html = "<dl>\n";
  if (const auto* basic = find_basic(form->code.value())) {
    html += "<dt><code>" + form->code.text() + "</code></dt>\n<dd>" +
            html_text(capitalised(basic->meaning)) + ".</dd>\n";
  }
  if (form->enhanced) {
    if (const auto* entry = find_enhanced(form->enhanced->subject(), form->enhanced->detail())) {
      html += "<dt><code>" + form->enhanced->text() + "</code> " + html_text(entry->name) +
              "</dt>\n<dd>" + html_text(entry->meaning) + "</dd>\n";
    }
  }
  html += "</dl>\n";
  std::vector<std::string> others = alternatives_of(reason);
  for (const auto& at : reason.at) {
    if (!at.reply.empty() && std::find(others.begin(), others.end(), at.reply) == others.end()) {
      others.emplace_back(at.reply);
    }
  }
  if (others.empty()) return html;
  std::string list;
  for (const auto& other : others) {
    list += (list.empty() ? "" : &other == &others.back() ? " or " : ", ");
    list += "<code>" + html_text(other) + "</code>";
  }
  const bool of_both_classes = std::any_of(others.begin(), others.end(), [&](const auto& other) {
    return other.front() != reason.reply.front();
  });
  return html + paragraph("The same refusal may come as " + list + '.' +
                          (of_both_classes ? " The first digit in your reply decides: 4 is "
                                             "temporary, 5 is permanent."
                                           : ""));
}

std::string contact(const Reason& reason, const PageOwner& owner) {
  std::string html;
  if (owner.contact.empty()) {
    html =
        paragraph("Ask the postmaster of the domain that you wrote to, and quote the reference.");
  } else {
    const auto subject = "?subject=Refused%20mail%2C%20" + std::string(reason.id);
    html = paragraph("Write to " + link("mailto:" + owner.contact + subject, owner.contact) +
                     " and quote the reference.");
  }
  return html +
         paragraph(
             "The reference is the text behind the # sign in the address of this page, and stands "
             "in the reply as <code>(ref XXXX-XXXX-XXXX)</code>. It leads us to the record of what "
             "happened. If it is missing, tell us the time, the sender and the recipient.");
}

std::string heading_of(const PageOwner& owner) { return "Why " + owner.host + " refuses mail"; }

/// A long host name is better broken behind a dot than within a word.
std::string broken_at_dots(std::string_view text) {
  std::string result;
  for (const char c : html_text(text)) {
    result += c;
    if (c == '.') result += "<wbr>";
  }
  return result;
}

std::string foot_of(const PageOwner& owner) {
  return paragraph("About mail refused by " + html_text(owner.host) + ".");
}

}  // namespace

bool has_page(const Reason& reason) noexcept { return usable_in_rule(reason); }

std::string reason_page(const Reason& reason, const PageOwner& owner) {
  const auto heading = capitalised(reason.what);
  std::string causes;
  for (const auto& cause : causes_of(reason)) {
    causes += "<li>" + html_text(capitalised(cause)) + "</li>\n";
  }
  PageFrame frame;
  frame.title = heading + " - " + owner.host;
  frame.description =
      "Mail refused by " + owner.host + ": " + std::string(reason.what) + ". What to do about it.";
  // A link without index.html, so that the address in a browser stays the one of the reply.
  frame.top = paragraph(link("../", heading_of(owner)));
  frame.main =
      "<h1>" + html_text(heading) + "</h1>\n" + outcome(reason) +
      section("What you can do", "<p class=\"act\">" + html_text(reason.sender_help) + "</p>\n") +
      section("Likely causes", "<ul>\n" + causes + "</ul>\n") +
      section("What the administrator of the sending server can do",
              paragraph(html_text(reason.operator_help))) +
      section("How to reach us", contact(reason, owner)) +
      section("What the reply says", reply_text(reason, owner)) +
      section("What the codes mean", codes(reason)) +
      section("Standards behind it", standards(reason.reference));
  frame.bottom = foot_of(owner);
  return whole_page(frame);
}

std::string index_page(const PageOwner& owner) {
  std::string contents;
  std::string lists;
  for (const auto& group : groups) {
    std::string items;
    for (const auto& reason : all_reasons()) {
      if (reason.group != group.id || !has_page(reason)) continue;
      const std::string kind(kind_word(reason.kind));
      items += "<li>" + link(std::string(reason.id) + "/", capitalised(reason.what)) +
               "\n<span><code>" + html_text(reason.reply) + "</code>, <b class=\"word " + kind +
               "\">" + kind + "</b></span></li>\n";
    }
    if (items.empty()) continue;
    const std::string id(group.id);
    contents += "<li>" + link("#" + id, group.title) + "</li>\n";
    lists += "<h2 id=\"" + id + "\">" + html_text(group.title) + "</h2>\n<ul class=\"reasons\">\n" +
             items + "</ul>\n";
  }
  PageFrame frame;
  frame.title = heading_of(owner);
  frame.description = "The reasons for which " + owner.host +
                      " refuses mail or puts it off, and what to do about each.";
  frame.top = paragraph(html_text(owner.host));
  frame.main =
      "<h1>" + broken_at_dots(heading_of(owner)) + "</h1>\n" +
      paragraph(
          "A refusal of this mail server names its reason and ends with the address of a page that "
          "says what to do. These are the pages.") +
      "<dl class=\"panel\">\n<dt class=\"temporary word\">Temporary, codes that begin with 4</dt>\n"
      "<dd>The message is not lost. The sending server keeps it and tries again by itself, usually "
      "for two to five days.</dd>\n"
      "<dt class=\"permanent word\">Permanent, codes that begin with 5</dt>\n"
      "<dd>The same message, sent again unchanged, is refused again. Something has to change "
      "first.</dd>\n</dl>\n" +
      (owner.contact.empty()
           ? std::string()
           : paragraph("Whom to ask: " + link("mailto:" + owner.contact, owner.contact) +
                       ". Quote the reference of the reply, <code>(ref XXXX-XXXX-XXXX)</code>.")) +
      section("What it is about", "<ul class=\"groups\">\n" + contents + "</ul>\n") + lists;
  frame.bottom = foot_of(owner);
  return whole_page(frame);
}

std::vector<HelpPage> help_pages(const PageOwner& owner) {
  std::vector<HelpPage> pages{{"index.html", index_page(owner)}};
  for (const auto& reason : all_reasons()) {
    if (!has_page(reason)) continue;
    pages.push_back({std::string(reason.id) + "/index.html", reason_page(reason, owner)});
  }
  return pages;
}

}  // namespace postern
