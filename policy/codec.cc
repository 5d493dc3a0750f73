#include "policy/codec.h"

#include "model/text.h"

#include <algorithm>

namespace postern::policy_door {

namespace {

constexpr std::array<std::string_view, attribute_count> names{
    "request",
    "protocol_state",
    "protocol_name",
    "client_address",
    "client_name",
    "client_port",
    "reverse_client_name",
    "server_address",
    "server_port",
    "helo_name",
    "sender",
    "recipient",
    "recipient_count",
    "queue_id",
    "instance",
    "size",
    "sasl_method",
    "sasl_username",
    "encryption_protocol",
    "encryption_cipher",
    "encryption_keysize",
    "policy_context",
};

/// Octets of an action. Our replies are made to fit 510; Postfix itself sends on whatever it gets.
/// Beyond this a renderer has gone wrong.
constexpr std::size_t longest_action = 1000;

std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  return word;
}

/// "4.7.1": three groups of one to three digits. Postfix takes anything else for text.
bool is_enhanced_code(std::string_view word) {
  int dots = 0;
  int digits = 0;
  for (const char c : word) {
    if (c == '.') {
      if (digits == 0 || ++dots > 2) return false;
      digits = 0;
    } else if (!is_digit(c) || ++digits > 3) {
      return false;
    }
  }
  return dots == 2 && digits > 0;
}

/// Text that may follow the codes: something to read, which does not start with a space.
bool is_text(std::string_view text) { return !text.empty() && text.front() != ' '; }

/// "[X.Y.Z ]text". A bare enhanced code makes Postfix before 3.8.16 send stale memory as the text.
bool is_reply_text(std::string_view text, char klass) {
  auto rest = text;
  const auto word = take_word(rest);
  if (!is_enhanced_code(word)) return is_text(text);
  return word.front() == klass && is_text(rest);
}

/// "Name: value". Postfix takes what follows PREPEND into the message as it is.
bool is_header(std::string_view text) {
  const auto colon = text.find(": ");
  return colon != 0 && colon != std::string_view::npos && colon + 2 < text.size() &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return c > ' ' && c != ':'; });
}

bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find(' ') == std::string_view::npos;
}

/// What an action of access(5) that does something to the message may be followed by; nullopt: it
/// is none of those that we use.
std::optional<bool> is_good_for(std::string_view action, std::string_view text) {
  if (action == "PREPEND") return is_header(text);
  if (action == "REDIRECT" || action == "BCC") return is_address(text);
  if (action == "HOLD" || action == "DISCARD" || action == "WARN") return is_text(text);
  return std::nullopt;
}

bool may_send(std::string_view action) {
  if (action.size() > longest_action) return false;
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::all_of(action.begin(), action.end(), printable)) return false;
  if (action == "DUNNO") return true;
  auto rest = action;
  const auto word = take_word(rest);
  if (word == "DEFER_IF_PERMIT") return is_reply_text(rest, '4');
  if (const auto good = is_good_for(word, rest)) return *good;
  const bool code = word.size() == 3 && (word[0] == '4' || word[0] == '5') && is_digit(word[1]) &&
                    is_digit(word[2]);
  return code && is_reply_text(rest, word[0]);
}

}  // namespace

std::string_view to_text(Attribute attribute) noexcept {
  return names[static_cast<std::size_t>(attribute)];
}

void Request::set_first(Attribute attribute, std::string_view value) noexcept {
  if (has(attribute)) return;
  // An empty value still has to be told from a missing one, which has no address.
  values_[at(attribute)] = value.data() != nullptr ? value : std::string_view("");
}

void Decoder::feed(std::string_view octets) {
  if (state_ != State::open) return;
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = line_ = look_ = 0;
  } else if (start_ >= longest_request) {
    buffer_.erase(0, start_);
    line_ -= start_;
    look_ -= start_;
    for (auto& span : spans_) {
      if (span.seen) span.begin -= static_cast<std::uint32_t>(start_);
    }
    start_ = 0;
  }
  buffer_.append(octets);
}

const Request* Decoder::next() {
  while (state_ == State::open) {
    const auto end = buffer_.find('\n', look_);
    const auto used = (end == std::string::npos ? buffer_.size() : end + 1) - start_;
    if (used > longest_request) {
      state_ = State::too_long;
      return nullptr;
    }
    if (end == std::string::npos) {
      look_ = buffer_.size();
      return nullptr;
    }
    auto line = std::string_view(buffer_).substr(line_, end - line_);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) {
      take_line(line);
      line_ = look_ = end + 1;
      continue;
    }
    // An empty line without a request before it gets no answer: one more answer than requests would
    // put every later one of this connection to the wrong request.
    const bool complete = any_line_;
    request_ = {};
    for (std::size_t i = 0; complete && i < attribute_count; ++i) {
      if (!spans_[i].seen) continue;
      request_.set_first(static_cast<Attribute>(i),
                         std::string_view(buffer_).substr(spans_[i].begin, spans_[i].size));
    }
    spans_ = {};
    any_line_ = false;
    expected_ = 0;
    start_ = line_ = look_ = end + 1;
    if (complete) return &request_;
  }
  return nullptr;
}

void Decoder::take_line(std::string_view line) {
  any_line_ = true;
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const auto name = line.substr(0, equals);
  // Postfix keeps to one order, so the name after the last one found is nearly always the one.
  auto found = attribute_count;
  if (expected_ < attribute_count && names[expected_] == name) {
    found = expected_;
  } else {
    const auto* at = std::find(names.begin(), names.end(), name);
    found = static_cast<std::size_t>(at - names.begin());
  }
  if (found == attribute_count) return;
  expected_ = found + 1;
  auto& span = spans_[found];
  if (span.seen) return;
  span.begin = static_cast<std::uint32_t>(line_ + equals + 1);
  span.size = static_cast<std::uint32_t>(line.size() - equals - 1);
  span.seen = true;
}

std::optional<std::string> encode_answer(std::string_view action) {
  if (!may_send(action)) return std::nullopt;
  std::string line = "action=";
  line += action;
  line += "\n\n";
  return line;
}

std::string encode_ok() { return "action=OK\n\n"; }

}  // namespace postern::policy_door
