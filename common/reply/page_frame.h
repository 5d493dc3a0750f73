// What all pages share: escaping, head, style and frame. Pure.
#pragma once

#include "reply/pages.h"

#include <string>
#include <string_view>

namespace postern {

/// For text between tags and inside quoted attributes.
std::string html_text(std::string_view text);

struct PageFrame {
  std::string title;                  ///< of the window, as plain text
  std::string description;            ///< one sentence, as plain text
  std::string top;                    ///< HTML above the main part
  std::string main;                   ///< HTML of the page
  std::string bottom;                 ///< HTML below it
  std::string_view mark = page_mark;  ///< says what made the page; help pages are known by it
  std::string_view style = {};        ///< of this page besides, a whole element
};

std::string whole_page(const PageFrame& frame);

}  // namespace postern
