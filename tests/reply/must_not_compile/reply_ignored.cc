// must fail with: nodiscard|ignoring
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  (void)Reply::make(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{});
#else
  Reply::make(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{});
#endif
}

}  // namespace postern
