// MailParts: a mail taken apart: texts decoded to UTF-8, without attachments. What reads MIME makes
// it, in a process of its own, so it can be written to a pipe and read from one. A plain value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Octets of a mail that are looked at. Ours: reports stand before the mail they return, and
/// Postfix's message_size_limit is 10 MB by default.
inline constexpr std::size_t longest_bounce = 10'485'760;
/// Of each the first are kept, so that no sender can choose how long a help desk waits. Ours: far
/// above what reports have, which for a message to 1,000 recipients is 300 KB in two parts.
inline constexpr std::size_t most_mail_parts = 200;
inline constexpr std::size_t deepest_mail_part = 20;
inline constexpr std::size_t longest_mail_part = 524'288;     // octets
inline constexpr std::size_t longest_mail_texts = 4'194'304;  // octets, of all parts
inline constexpr std::size_t most_mail_headers = 200;         // of one message
inline constexpr std::size_t longest_mail_header = 4'096;     // octets of the value

struct MailHeader {
  std::string name;
  std::string value;  ///< unfolded, encoded words decoded

  friend bool operator==(const MailHeader&, const MailHeader&) = default;
};

struct MailPart {
  std::string type;         ///< "text/plain", in small letters
  std::string report_type;  ///< the parameter of multipart/report, in small letters
  /// How many messages stand around the one that it belongs to: 0, the mail itself.
  std::size_t within = 0;
  std::vector<MailHeader> headers;  ///< of a message: of the mail itself, or of one inside it
  std::string text;                 ///< of texts and reports; empty for all else

  friend bool operator==(const MailPart&, const MailPart&) = default;
};

/// In the order of the mail. The first is the mail itself, a part of type "message/rfc822"; each
/// message inside begins with such a part as well, its own parts behind it.
struct MailParts {
  std::vector<MailPart> parts;
  bool cut = false;  ///< there was more than the limits above keep

  friend bool operator==(const MailParts&, const MailParts&) = default;
};

/// For a pipe between two processes of the same program.
std::string encode(const MailParts& mail);
/// nullopt for anything that encode() does not write.
std::optional<MailParts> mail_parts_from(std::string_view encoded);

/// Whether `text` is plainly a whole mail: it begins with the fields of one, and has a line without
/// text behind them or such fields as only mails have.
bool looks_like_mail(std::string_view text);

}  // namespace postern
