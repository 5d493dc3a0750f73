// must fail with: no viable|passing|discards|const
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  (void)Reply::make(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{})
      ->text()
      .sentence;
#else
  Reply::make(ReplyStage::rcpt, ReplyForm::parse("550 5.7.1").value(), ReplyText{})
      ->text()
      .sentence = "x";
#endif
}

}  // namespace postern
