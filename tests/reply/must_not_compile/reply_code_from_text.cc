// must fail with: conversion|no viable
#include "postern/reply.h"

namespace postern {

void attempt() {
#ifdef POSTERN_CONTROL
  const auto code = ReplyCode::parse("550");
#else
  const ReplyCode code = "550";
#endif
}

}  // namespace postern
