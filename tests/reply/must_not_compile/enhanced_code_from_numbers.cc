// must fail with: private
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  const auto code = EnhancedCode::from(4, 99, 1);
#else
  const EnhancedCode code{4, 99, 1};
#endif
}

}  // namespace postern
