// must fail with: private
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  const auto code = ReplyCode::from(560);
#else
  const ReplyCode code(560);
#endif
}

}  // namespace postern
