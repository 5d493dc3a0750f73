// Help pages: a small static web site about our refusals, a page for each reason and one that leads
// to them. The help address in replies points at it. Made of the catalogue and of what a site says
// in its own words; without scripts, images or anything from elsewhere. Pure.
#pragma once

#include "postern/reason.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What a site says of a reason in place of the catalogue's sentence: a template with {fields}.
struct OwnWording {
  std::string language;  ///< "de"; empty: the wording for everybody
  std::string text;
};

/// Whose pages they are.
struct PageOwner {
  std::string host;     ///< how replies name us
  std::string contact;  ///< a mail address; may be empty
  std::map<std::string, std::vector<OwnWording>, std::less<>> wordings = {};  ///< by reason
};

struct HelpPage {
  std::string path;  ///< "dnsbl-listed/index.html": /why/dnsbl-listed is what a reply can hold
  std::string text;  ///< HTML, UTF-8
};

/// Stands in each page, near its beginning, so that it can be told from a file of somebody else.
inline constexpr std::string_view page_mark = "<meta name=\"generator\" content=\"postern pages\">";

/// True for a reason that a reply of ours can have: what no rule can use is never sent, so nobody
/// is led to a page about it, and a page would look as if mail were refused for it.
bool has_page(const Reason& reason) noexcept;

/// The page that leads to all others.
std::string index_page(const PageOwner& owner);
/// `reason` must have one.
std::string reason_page(const Reason& reason, const PageOwner& owner);
/// All of them, the index first, then in the catalogue's order.
std::vector<HelpPage> help_pages(const PageOwner& owner);

}  // namespace postern
