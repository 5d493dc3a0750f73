// A certificate of its own for a test's TLS server.
#pragma once

#include <string>

namespace postern::test {

/// Writes a key and a certificate for the address 127.0.0.1 that it has signed itself, as PEM.
void write_certificate(const std::string& key_file, const std::string& certificate_file);

}  // namespace postern::test
