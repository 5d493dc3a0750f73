#include "reply/page_frame.h"

namespace postern {

namespace {

// Each pair of colours has a contrast of at least 7 to 1, which a test computes. Long names break
// anywhere rather than make a telephone scroll sideways.
constexpr std::string_view style = R"(<style>
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b2027; --quiet: #4a5361; --link: #0a4a9c;
  --panel: #f3f5f8; --line: #d5dae1; --permanent: #8f1d16; --temporary: #664300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --text: #e7eaee; --quiet: #b3bac5; --link: #93c1ff;
    --panel: #1e232a; --line: #3a424d; --permanent: #ffb0a8; --temporary: #f4cc7e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 0 1.25rem 3rem; max-width: 44rem;
  background: var(--page); color: var(--text);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
header { padding: 1rem 0; border-bottom: 1px solid var(--line); color: var(--quiet); }
header p, footer p { margin: 0; font-size: 0.9375rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); }
h1 { margin: 2rem 0 1rem; font-size: clamp(1.5rem, 1.2rem + 1.8vw, 2.125rem); line-height: 1.25; }
h2 { margin: 2.25rem 0 0.5rem; font-size: 1.25rem; line-height: 1.3; }
p { margin: 0 0 0.75rem; }
ul { margin: 0 0 0.75rem; padding-left: 1.25rem; }
li { margin-bottom: 0.25rem; }
code { font: 0.9375em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
var { font-style: normal; color: var(--quiet); border-bottom: 1px dotted var(--quiet); }
.outcome { margin: 0 0 1.5rem; padding: 0.75rem 1rem; border-left: 0.375rem solid; background: var(--panel); }
.outcome p { color: var(--text); }
.outcome strong { display: block; font-size: 1.125rem; }
.outcome p:last-child, .panel p:last-child, .panel dd:last-child { margin-bottom: 0; }
.permanent { border-color: var(--permanent); }
.permanent strong, .permanent.word { color: var(--permanent); }
.temporary { border-color: var(--temporary); }
.temporary strong, .temporary.word { color: var(--temporary); }
.panel { margin: 0 0 0.75rem; padding: 0.75rem 1rem; background: var(--panel); }
.act { font-size: 1.125rem; }
.quiet { color: var(--quiet); }
dl { margin: 0 0 0.75rem; }
dt, dt code { font-weight: 600; }
dd { margin: 0 0 0.75rem; }
.reasons { list-style: none; padding: 0; }
.reasons li {
  display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem;
  padding: 0.5rem 0; margin: 0; border-bottom: 1px solid var(--line);
}
.reasons a { flex: 1 1 16rem; }
.reasons span { font-size: 0.9375rem; white-space: nowrap; color: var(--quiet); }
.groups { columns: 2 16rem; }
@media print { body { max-width: none; } header, footer { display: none; } }
</style>
)";

}  // namespace

std::string html_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string whole_page(const PageFrame& frame) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += frame.mark;
  page +=
      "\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"description\" content=\"" +
      html_text(frame.description) + "\">\n<title>" + html_text(frame.title) + "</title>\n";
  page += style;
  page += frame.style;
  page += "</head>\n<body>\n<header>\n" + frame.top + "</header>\n<main>\n" + frame.main +
          "</main>\n<footer>\n" + frame.bottom + "</footer>\n</body>\n</html>\n";
  return page;
}

}  // namespace postern
