# Compiles SOURCE with COMPILER twice: as control, which must succeed, and as it is, which must fail
# with the words its first line expects.
file(STRINGS ${SOURCE} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// must fail with: (.+)$")
  message(FATAL_ERROR "${SOURCE} does not say in its first line how it must fail")
endif()
set(expected ${CMAKE_MATCH_1})

set(command ${COMPILER} -std=c++20 -fsyntax-only -Werror=unused-result
            -I${ROOT}/common -I${ROOT}/common/include)
execute_process(COMMAND ${command} -DPOSTERN_CONTROL ${SOURCE}
                RESULT_VARIABLE control ERROR_VARIABLE output)
if(NOT control EQUAL 0)
  message(FATAL_ERROR "the control does not compile:\n${output}")
endif()
execute_process(COMMAND ${command} ${SOURCE} RESULT_VARIABLE status ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles and must not")
endif()
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE} fails for another cause:\n${output}")
endif()
