// postern-mime: takes the mail of standard input apart and writes its parts to standard output, for
// `postern explain --bounce`. A program of its own, so that no mail, however it is made, harms more
// than it, and so that the mail server's keeper does not carry a library for MIME.

#include "bounce/read_mail.h"

#include <cstdio>
#include <exception>
#include <string>
#include <sysexits.h>

int main() {
  try {
    std::string mail;
    std::string block(65'536, '\0');
    while (mail.size() <= postern::longest_bounce) {
      const auto got = std::fread(block.data(), 1, block.size(), stdin);
      if (got == 0) break;
      mail.append(block, 0, got);
    }
    const auto parts = postern::encode(postern::read_mail(mail));
    const bool written = std::fwrite(parts.data(), 1, parts.size(), stdout) == parts.size() &&
                         std::fflush(stdout) == 0;
    return written ? EX_OK : EX_IOERR;
  } catch (const std::exception&) {
    return EX_SOFTWARE;
  }
}
