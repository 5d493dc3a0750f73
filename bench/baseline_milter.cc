// The least a milter can do: `baseline_milter SOCKET` answers "continue" to every step libmilter
// shows it, with the library's defaults.
#include <libmilter/mfapi.h>

#include <cstdlib>
#include <unistd.h>

namespace {

sfsistat on_connect(SMFICTX*, char*, _SOCK_ADDR*) { return SMFIS_CONTINUE; }
sfsistat on_text(SMFICTX*, char*) { return SMFIS_CONTINUE; }
sfsistat on_arguments(SMFICTX*, char**) { return SMFIS_CONTINUE; }
sfsistat on_header(SMFICTX*, char*, char*) { return SMFIS_CONTINUE; }
sfsistat on_body(SMFICTX*, unsigned char*, std::size_t) { return SMFIS_CONTINUE; }
sfsistat on_event(SMFICTX*) { return SMFIS_CONTINUE; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  static char name[] = "baseline";
  smfiDesc description{};
  description.xxfi_name = name;
  description.xxfi_version = SMFI_VERSION;
  description.xxfi_connect = on_connect;
  description.xxfi_helo = on_text;
  description.xxfi_envfrom = on_arguments;
  description.xxfi_envrcpt = on_arguments;
  description.xxfi_data = on_event;
  description.xxfi_header = on_header;
  description.xxfi_eoh = on_event;
  description.xxfi_body = on_body;
  description.xxfi_eom = on_event;
  unlink(argv[1]);
  if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS) {
    return EXIT_FAILURE;
  }
  return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
