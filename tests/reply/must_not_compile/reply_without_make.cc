// must fail with: private|no matching
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  const auto reply =
      Reply::make(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{});
#else
  const Reply reply(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{});
#endif
}

}  // namespace postern
