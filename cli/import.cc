// postern import: another program's rules as a fragment of a policy.

#include "import/import.h"

#include "cli/commands.h"
#include "model/shown_text.h"
#include "runtime/files.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <ostream>
#include <sysexits.h>
#include <system_error>

namespace postern::cli {
namespace {

/// False, and told, when it could not be written whole.
bool write(const std::filesystem::path& path, const std::string& text, Terminal terminal) {
  // Exclusively, and through no link: the folder may belong to somebody else.
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file && postern::write_all(file.get(), text)) return true;
  const int error = errno;
  terminal.err << "postern: ";
  if (!file && error == EEXIST) {
    terminal.err << shown_text(path.string(), terminal.glyphs)
                 << " is there already; nothing is overwritten\n";
  } else {
    terminal.err << "cannot write " << shown_text(path.string(), terminal.glyphs) << ": "
                 << std::strerror(error) << '\n';
  }
  return false;
}

/// Into the folder: the fragment, and its lists below tables/, as the fragment names them.
bool write_all(const importer::Imported& imported, const std::string& name,
               const std::string& folder, Terminal terminal) {
  const std::filesystem::path place(folder);
  std::error_code error;
  std::filesystem::create_directories(imported.tables.empty() ? place : place / "tables", error);
  if (error) {
    terminal.err << "postern: cannot make " << shown_text(folder, terminal.glyphs) << ": "
                 << error.message() << '\n';
    return false;
  }
  for (const auto& table : imported.tables) {
    if (!write(place / "tables" / table.name, table.text, terminal)) return false;
  }
  return write(place / (name + ".toml"), imported.policy, terminal);
}

}  // namespace

int import_rules(const Options& options, Terminal terminal) {
  auto request = options.import_request;
  request.file = options.words.front();
  const auto text = read_file(request.file);
  if (!text) {
    terminal.err << "postern: cannot read " << shown_text(request.file, terminal.glyphs) << ": "
                 << text.problems().front().message << '\n';
    return EX_NOINPUT;
  }
  if (!options.output.empty()) request.lists = importer::Lists::in_files;
  const auto imported = importer::convert(*text, request);
  if (options.output.empty()) {
    terminal.out << imported.policy;
  } else if (!write_all(imported, imported.name, options.output, terminal)) {
    return EX_CANTCREAT;
  }
  const auto file = shown_text(request.file, terminal.glyphs);
  for (const auto& remark : imported.remarks) {
    const bool left_out = remark.kind == importer::Remark::Kind::left_out;
    terminal.err << file << ':' << remark.line << ": "
                 << (left_out ? "left out: " : "carried over with a difference: ")
                 << shown_text(remark.reason, terminal.glyphs) << '\n';
    if (!remark.text.empty()) terminal.err << "    " << remark.text << '\n';
  }
  if (imported.more_remarks > 0) {
    terminal.err << "... and " << imported.more_remarks << " more\n";
  }
  terminal.err << file << ": " << imported.summary() << '\n';
  return options.strict && imported.left_out > 0 ? EX_DATAERR : EX_OK;
}

}  // namespace postern::cli
