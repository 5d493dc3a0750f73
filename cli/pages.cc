// postern pages: the help pages that replies lead to, as files for a web server.

#include "reply/pages.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/page_folder.h"
#include "model/shown_text.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <sysexits.h>

namespace postern::cli {
namespace {

PageOwner owner_of(const Settings& settings) {
  PageOwner owner;
  owner.host = settings.identity.host;
  owner.contact = settings.identity.contact;
  for (const auto& [reason, text] : settings.identity.texts) {
    owner.wordings[reason].push_back({"", text});
  }
  for (const auto& [reason, own] : settings.reasons) {
    for (const auto& [language, text] : own.texts) {
      owner.wordings[reason].push_back({language, text});
    }
  }
  return owner;
}

void tell_strangers(const std::string& path, const std::vector<std::string>& names,
                    Terminal terminal) {
  constexpr std::size_t most = 5;  // names that are told; enough to know the folder by
  terminal.err << "postern: " << shown_text(path, terminal.glyphs)
               << " holds what is no help page:";
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    terminal.err << (i == 0 ? " " : ", ") << shown_text(names[i], terminal.glyphs);
  }
  if (names.size() > most) terminal.err << " and " << names.size() - most << " more";
  terminal.err
      << "; nothing is written\n"
         "  Name a folder of their own, or add --force, which leaves other files alone but "
         "replaces\n  any index.html.\n";
}

/// Whether replies lead to the pages, which is another setting.
void tell_of_help(const std::string& help, Terminal terminal) {
  if (help.find("{reason}") != std::string::npos) return;
  terminal.err << "postern: "
               << (help.empty() ? "identity.help is not set" : "identity.help has no {reason}")
               << ", so no reply leads to these pages\n"
                  "  Set it to where they are served, as in help = "
                  "\"https://mail.example.org/why/{reason}#{ref}\".\n";
}

}  // namespace

int pages(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs);
    return EX_CONFIG;
  }
  const auto& settings = loaded->policy->settings();
  const auto& path = options.words.front();
  const auto folder = PageFolder::open(path);
  if (!folder) {
    terminal.err << render(folder.problems(), terminal.glyphs);
    return EX_CANTCREAT;
  }
  const auto strangers = folder->strangers();
  if (!strangers) {
    terminal.err << render(strangers.problems(), terminal.glyphs);
    return EX_CANTCREAT;
  }
  if (!strangers->empty() && !options.force) {
    tell_strangers(path, *strangers, terminal);
    return EX_CANTCREAT;
  }
  const auto written = folder->write(help_pages(owner_of(settings)));
  if (!written) {
    terminal.err << render(written.problems(), terminal.glyphs);
    return EX_CANTCREAT;
  }
  terminal.out << shown_text(path, terminal.glyphs) << ": " << written->pages
               << (written->pages == 1 ? " page" : " pages") << " written, " << written->as_were
               << " left as they were\n";
  tell_of_help(settings.identity.help, terminal);
  return EX_OK;
}

}  // namespace postern::cli
