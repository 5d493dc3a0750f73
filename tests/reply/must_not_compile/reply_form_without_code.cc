// must fail with: no matching|deleted|no default|convert
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  const auto form = ReplyForm::parse("550");
#else
  const ReplyForm form{};
#endif
}

}  // namespace postern
