#include "dns/answer.h"

namespace postern {

std::string_view to_text(DnsTrouble trouble) noexcept {
  switch (trouble) {
    case DnsTrouble::timeout:
      return "timeout";
    case DnsTrouble::unreachable:
      return "unreachable";
    case DnsTrouble::servfail:
      return "servfail";
    case DnsTrouble::bogus:
      return "bogus";
    case DnsTrouble::refused:
      return "refused";
    case DnsTrouble::failed:
      return "failed";
    case DnsTrouble::malformed:
      return "malformed";
    case DnsTrouble::truncated:
      return "truncated";
    case DnsTrouble::overload:
      return "overload";
    case DnsTrouble::suspended:
      return "suspended";
    case DnsTrouble::bad_name:
      return "bad name";
  }
  return "failed";
}

std::string_view to_text(DnsReply::Source source) noexcept {
  switch (source) {
    case DnsReply::Source::cache:
      return "cache";
    case DnsReply::Source::network:
      return "network";
    case DnsReply::Source::deadline:
      return "deadline";
    case DnsReply::Source::nobody:
      break;
  }
  return "nobody";
}

}  // namespace postern
