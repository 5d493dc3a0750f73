// Limits of a reply's text, each with its source, and the one formula for the start of a reply.
#pragma once

#include "postern/reply.h"

#include <cstddef>
#include <string>

namespace postern {

/// Octets of a reply line without CRLF (RFC 5321 4.5.3.1.5: 512 with it).
inline constexpr std::size_t longest_line = 510;

/// Octets of the first sentence: what common mail programs show of a bounce.
inline constexpr std::size_t longest_first_sentence = 100;

/// Octets of host, sentences and reference together. Postfix puts up to about 300 octets before a
/// policy server's text and means to cut at 510; this much always survives.
inline constexpr std::size_t longest_start = 200;

/// Octets of our host name in a reply. Leaves a 100-octet sentence and the reference their place in
/// longest_start; real mail hosts are far shorter.
inline constexpr std::size_t longest_host = 64;

/// Octets of advice, quotation, contact and help, each of which may be a line of its own after
/// "550-5.7.26 " in a multi-line reply.
inline constexpr std::size_t longest_part = 480;

/// Octets of the reference as it stands in the text: " (ref XXXX-XXXX-XXXX)".
inline constexpr std::size_t reference_length = 21;

/// Octets that a sentence is never cut below, whatever an MTA writes before it: enough words to
/// tell what happened. Together with the codes and the reference they fit beside what MTAs write
/// for an address of 400 octets; beyond that the line is too long without a word of ours.
inline constexpr std::size_t shortest_sentence = 32;

/// Host, sentence and reference as every door writes them: "HOST sentence (ref ...)".
inline std::string start_of(const ReplyText& text) {
  std::string start;
  if (!text.host.empty()) start = text.host + ' ';
  start += text.sentence;
  if (!text.reference.empty()) start += " (" + text.reference + ')';
  return start;
}
inline std::size_t start_length(const ReplyText& text) { return start_of(text).size(); }

}  // namespace postern
