// must fail with: no matching|no default
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  std::optional<ReplyCode> code;
#else
  ReplyCode code;
#endif
}

}  // namespace postern
