#include "bounce/read_mail.h"

#include "model/text.h"

#include <algorithm>
#include <gmime/gmime.h>
#include <memory>
#include <string>
#include <utility>

namespace postern {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Unref>;
struct Free {
  void operator()(char* text) const { g_free(text); }
};
using OwnedText = std::unique_ptr<char, Free>;

std::string_view view(const char* text) { return text == nullptr ? std::string_view{} : text; }

/// Not in the middle of a character.
std::string_view cut_utf8(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

/// What is no UTF-8 is taken for Latin-1, which has a character for every octet.
std::string as_utf8(std::string_view octets) {
  if (g_utf8_validate(octets.data(), static_cast<gssize>(octets.size()), nullptr) != 0) {
    return std::string(octets);
  }
  std::string text;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0U | (octet >> 6U));
      text += static_cast<char>(0x80U | (octet & 0x3fU));
    }
  }
  return text;
}

bool is_text(std::string_view type) {
  return type == "text/plain" || type == "text/html" || type == "message/delivery-status" ||
         type == "message/global-delivery-status" || type == "message/feedback-report" ||
         type == "text/rfc822-headers" || type == "message/global-headers";
}

class Walk {
 public:
  MailParts take() { return std::move(mail_); }
  void mark_cut() { mail_.cut = true; }

  /// What is no mail at all.
  void octets_alone(std::string_view octets) {
    MailPart part;
    part.type = "message/rfc822";
    add(std::move(part));
    plain(octets, 0);
  }

  void message(GMimeMessage* message, std::size_t depth, std::size_t within) {
    MailPart part;
    part.type = "message/rfc822";
    part.within = within;
    part.headers = headers_of(GMIME_OBJECT(message));
    if (!add(std::move(part))) return;
    // Owned by the message.
    if (GMimeObject* body = g_mime_message_get_mime_part(message)) object(body, depth + 1, within);
  }

 private:
  /// Asked before each part, so that what is left out is known to be.
  bool is_full() {
    if (mail_.parts.size() < most_mail_parts) return false;
    mail_.cut = true;
    return true;
  }

  bool add(MailPart part) {
    if (is_full()) return false;
    mail_.parts.push_back(std::move(part));
    return true;
  }

  std::vector<MailHeader> headers_of(GMimeObject* object) {
    std::vector<MailHeader> headers;
    auto* list = g_mime_object_get_header_list(object);
    const int count = list == nullptr ? 0 : g_mime_header_list_get_count(list);
    for (int i = 0; i < count; ++i) {
      if (headers.size() == most_mail_headers) {
        mail_.cut = true;
        break;
      }
      auto* header = g_mime_header_list_get_header_at(list, i);
      const auto name = as_utf8(view(g_mime_header_get_name(header)));
      const auto value = as_utf8(view(g_mime_header_get_value(header)));
      headers.push_back({std::string(cut_utf8(name, longest_mail_header)),
                         std::string(cut_utf8(value, longest_mail_header))});
    }
    return headers;
  }

  void object(GMimeObject* object, std::size_t depth, std::size_t within) {
    if (depth > deepest_mail_part) mail_.cut = true;
    if (depth > deepest_mail_part || is_full()) return;
    MailPart part;
    part.within = within;
    auto* content_type = g_mime_object_get_content_type(object);
    if (content_type != nullptr) {
      const OwnedText type(g_mime_content_type_get_mime_type(content_type));
      part.type = cut_utf8(lower(as_utf8(view(type.get()))), 200);
      part.report_type = cut_utf8(
          lower(as_utf8(view(g_mime_content_type_get_parameter(content_type, "report-type")))),
          200);
    }
    if (GMIME_IS_MESSAGE_PART(object)) {
      if (auto* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object))) {
        message(inner, depth + 1, within + 1);
      }
      return;
    }
    if (GMIME_IS_MULTIPART(object)) {
      if (!add(std::move(part))) return;
      auto* multipart = GMIME_MULTIPART(object);
      const int count = g_mime_multipart_get_count(multipart);
      // A boundary that never comes makes all of it the words before the first part.
      if (count == 0) plain(view(g_mime_multipart_get_prologue(multipart)), within);
      for (int i = 0; i < count && !is_full(); ++i) {
        this->object(g_mime_multipart_get_part(multipart, i), depth + 1, within);
      }
      return;
    }
    if (GMIME_IS_PART(object) && is_text(part.type)) part.text = text_of(GMIME_PART(object));
    add(std::move(part));
  }

  std::string text_of(GMimePart* part) {
    auto* content = g_mime_part_get_content(part);
    if (content == nullptr) return {};
    const Owned<GMimeStream> memory(g_mime_stream_mem_new());
    const Owned<GMimeStream> stream(g_mime_stream_filter_new(memory.get()));
    const auto charset =
        view(g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset"));
    if (!charset.empty() && lower(charset) != "utf-8") {
      const Owned<GMimeFilter> filter(g_mime_filter_charset_new(charset.data(), "utf-8"));
      if (filter) g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream.get()), filter.get());
    }
    g_mime_data_wrapper_write_to_stream(content, stream.get());
    g_mime_stream_flush(stream.get());
    const auto* octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
    if (octets == nullptr || octets->len == 0) return {};
    return kept(std::string_view(reinterpret_cast<const char*>(octets->data), octets->len));
  }

  void plain(std::string_view text, std::size_t within) {
    MailPart part;
    part.type = "text/plain";
    part.within = within;
    part.text = kept(text);
    if (!part.text.empty()) add(std::move(part));
  }

  std::string kept(std::string_view all) {
    const auto room = std::min(longest_mail_part, longest_mail_texts - texts_);
    if (all.size() > room) mail_.cut = true;
    auto text = as_utf8(all.substr(0, room));
    text = cut_utf8(text, room);
    texts_ += text.size();
    return text;
  }

  MailParts mail_;
  std::size_t texts_ = 0;  // octets
};

}  // namespace

MailParts read_mail(std::string_view mail) {
  [[maybe_unused]] static const bool started = (g_mime_init(), true);
  Walk walk;
  if (mail.size() > longest_bounce) {
    mail = mail.substr(0, longest_bounce);
    walk.mark_cut();
  }
  // Pasted mails begin with empty lines, which would end the header before it has begun.
  mail.remove_prefix(std::min(mail.find_first_not_of("\r\n"), mail.size()));
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(mail.data(), mail.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  if (mail.starts_with("From ")) g_mime_parser_set_format(parser.get(), GMIME_FORMAT_MBOX);
  const Owned<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (message) {
    walk.message(message.get(), 0, 0);
  } else {
    walk.octets_alone(mail);
  }
  return walk.take();
}

}  // namespace postern
