// The least a milter can do: `baseline_milter SOCKET [MILLISECONDS]` answers "continue" to every
// step libmilter shows it, with the library's defaults. With a time it sleeps so long at each RCPT
// of clients in 198.51.100.0/24.
#include <libmilter/mfapi.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

unsigned milliseconds = 0;
char slow_client[] = "slow";

sfsistat on_connect(SMFICTX* context, char*, _SOCK_ADDR* address) {
  if (milliseconds == 0 || address == nullptr || address->sa_family != AF_INET) {
    return SMFIS_CONTINUE;
  }
  sockaddr_in client{};
  std::memcpy(&client, address, sizeof(client));
  constexpr std::uint32_t slow_network = 0xC6336400;
  if ((ntohl(client.sin_addr.s_addr) & 0xFFFFFF00) == slow_network) {
    smfi_setpriv(context, slow_client);
  }
  return SMFIS_CONTINUE;
}
sfsistat on_recipient(SMFICTX* context, char**) {
  if (smfi_getpriv(context) != nullptr) usleep(milliseconds * 1000);
  return SMFIS_CONTINUE;
}
sfsistat on_close(SMFICTX* context) {
  smfi_setpriv(context, nullptr);
  return SMFIS_CONTINUE;
}
sfsistat on_text(SMFICTX*, char*) { return SMFIS_CONTINUE; }
sfsistat on_arguments(SMFICTX*, char**) { return SMFIS_CONTINUE; }
sfsistat on_header(SMFICTX*, char*, char*) { return SMFIS_CONTINUE; }
sfsistat on_body(SMFICTX*, unsigned char*, std::size_t) { return SMFIS_CONTINUE; }
sfsistat on_event(SMFICTX*) { return SMFIS_CONTINUE; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return EXIT_FAILURE;
  if (argc == 3) milliseconds = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  static char name[] = "baseline";
  smfiDesc description{};
  description.xxfi_name = name;
  description.xxfi_version = SMFI_VERSION;
  description.xxfi_connect = on_connect;
  description.xxfi_helo = on_text;
  description.xxfi_envfrom = on_arguments;
  description.xxfi_envrcpt = on_recipient;
  description.xxfi_data = on_event;
  description.xxfi_header = on_header;
  description.xxfi_eoh = on_event;
  description.xxfi_body = on_body;
  description.xxfi_eom = on_event;
  description.xxfi_close = on_close;
  unlink(argv[1]);
  if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS) {
    return EXIT_FAILURE;
  }
  return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
