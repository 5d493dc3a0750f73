// must fail with: no matching|no default
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  std::optional<Reply> reply;
#else
  Reply reply;
#endif
}

}  // namespace postern
