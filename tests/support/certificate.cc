#include "support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace postern::test {
namespace {

template <typename Write>
void write_file(const std::string& path, const Write& write) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"),
                                                             &std::fclose);
  if (!file || write(file.get()) != 1) std::abort();
}

}  // namespace

void write_certificate(const std::string& key_file, const std::string& certificate_file) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), &X509_free);
  if (!key || !made) std::abort();
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86'400);
  X509_set_pubkey(made.get(), key.get());
  auto* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("redis of a test"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
  for (const auto& [kind, value] :
       {std::pair{NID_subject_alt_name, "IP:127.0.0.1"}, {NID_basic_constraints, "CA:TRUE"}}) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    if (extension == nullptr) std::abort();
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) std::abort();
  write_file(key_file, [&](std::FILE* to) {
    return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  write_file(certificate_file, [&](std::FILE* to) { return PEM_write_X509(to, made.get()); });
}

}  // namespace postern::test
