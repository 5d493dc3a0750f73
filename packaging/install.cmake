# What `make install` (cmake --install) puts where, below the prefix; DESTDIR goes before it all.
# Nothing under /etc that is there already is touched.
include(GNUInstallDirs)

set(POSTERN_SOCKET_GROUP "" CACHE STRING "Group of the mail server that the unit joins, e.g. postfix")

install(TARGETS postern RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})

# systemd reads these below /usr and /usr/local alike.
install(FILES ${CMAKE_CURRENT_LIST_DIR}/sysusers.d/postern.conf DESTINATION lib/sysusers.d)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/tmpfiles.d/postern.conf DESTINATION lib/tmpfiles.d)
# The prefix is known only now: `cmake --install --prefix` may change it.
install(CODE "
  set(POSTERN_PROGRAM \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}/postern\")
  set(POSTERN_SOCKET_GROUP \"${POSTERN_SOCKET_GROUP}\")
  configure_file(\"${CMAKE_CURRENT_LIST_DIR}/systemd/postern.service.in\"
                 \"${PROJECT_BINARY_DIR}/packaging/postern.service\" @ONLY)
  file(INSTALL \"${PROJECT_BINARY_DIR}/packaging/postern.service\"
       DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")")

install(FILES ${PROJECT_SOURCE_DIR}/docs/man/postern.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/postern.toml.5
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${PROJECT_SOURCE_DIR}/docs/when-postern-is-down.md
              ${PROJECT_SOURCE_DIR}/docs/policy-language.md
              ${PROJECT_SOURCE_DIR}/docs/configuration.md
              ${PROJECT_SOURCE_DIR}/docs/journal-format.md
              ${PROJECT_SOURCE_DIR}/LICENSE
              ${CMAKE_CURRENT_LIST_DIR}/tmpfiles.d/postern-postfix.conf
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/logcheck/postern
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/logcheck)

# The starter policy is the administrator's own: what is there stays as it is. The program looks in
# /etc/postern; another prefix than the system's (a trial in a home directory) gets its own etc.
install(CODE "
  set(etc \"\${CMAKE_INSTALL_PREFIX}/etc/postern\")
  if(\"\${CMAKE_INSTALL_PREFIX}\" MATCHES \"^/usr(/local)?$\")
    set(etc /etc/postern)
  endif()
  if(EXISTS \"${PROJECT_SOURCE_DIR}/conf/postern.toml\" AND
     NOT EXISTS \"\$ENV{DESTDIR}\${etc}/postern.toml\")
    file(INSTALL \"${PROJECT_SOURCE_DIR}/conf/\" DESTINATION \"\${etc}\")
  endif()")
