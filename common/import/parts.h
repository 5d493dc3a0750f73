// The importers, one for each format. Each reads the whole text into a draft; none fails.
#pragma once

#include "import/actions.h"
#include "import/draft.h"
#include "model/text.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::importer {

void read_postfix_access(std::string_view text, Draft& draft);
void read_postgrey_whitelist(std::string_view text, Draft& draft);
void read_postfwd(std::string_view text, Draft& draft);
void read_milter_greylist(std::string_view text, Draft& draft);

/// Lines as postmap(1) joins them: one that begins with white space continues the one before; blank
/// lines and lines that begin with '#' do not count.
std::vector<Statement> logical_lines(std::string_view text);

/// The first word and the rest without the white space between.
std::pair<std::string_view, std::string_view> first_word(std::string_view text);

/// A line of an access table that says something Postern can say.
struct AccessLine {
  Statement statement;
  std::string key;
  Action action;
  bool left_out = false;  ///< its action is, and was told; its key spares mail from lines behind it
};

/// Whether Postfix may have found the line that is left out.
enum class Found : std::uint8_t { never, perhaps };
void leave_out(Draft& draft, const AccessLine& line, std::string why, Found found);

/// cidr: and regexp: tables, of which the first line that fits counts.
void read_access_networks(const std::vector<AccessLine>& lines, Draft& draft);
void read_access_patterns(const std::vector<AccessLine>& lines, Draft& draft);
/// Indexed tables, of which the most specific key counts.
void read_access_keys(const std::vector<AccessLine>& lines, Draft& draft);

/// "sender" as the policy language calls what `keys` is about, and its domain.
std::string_view name_of(Keys keys);
std::string_view domain_name_of(Keys keys);

/// A network written as its first octets ("192.0.2"), as hash: tables have it; empty: it is none.
std::string network_of_prefix(std::string_view text);

}  // namespace postern::importer
