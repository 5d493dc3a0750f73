// must fail with: no matching|no default
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  std::optional<EnhancedCode> code;
#else
  EnhancedCode code;
#endif
}

}  // namespace postern
