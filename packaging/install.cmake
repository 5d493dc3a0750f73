# What `make install` (cmake --install) puts where, below the prefix; DESTDIR goes before it all.
# Nothing under /etc that is there already is touched.
include(GNUInstallDirs)

install(TARGETS postern RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
if(TARGET postern-mime)
  install(TARGETS postern-mime RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/postern)
endif()

# systemd reads these below /usr and /usr/local alike.
install(FILES ${CMAKE_CURRENT_LIST_DIR}/sysusers.d/postern.conf DESTINATION lib/sysusers.d)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/tmpfiles.d/postern.conf DESTINATION lib/tmpfiles.d)
# The prefix is known only now: `cmake --install --prefix` may change it.
install(CODE "
  set(POSTERN_PROGRAM \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}/postern\")
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
              ${PROJECT_SOURCE_DIR}/docs/actions.md
              ${PROJECT_SOURCE_DIR}/docs/dns.md
              ${PROJECT_SOURCE_DIR}/docs/geo.md
              ${PROJECT_SOURCE_DIR}/docs/tables.md
              ${PROJECT_SOURCE_DIR}/docs/testing-a-policy.md
              ${PROJECT_SOURCE_DIR}/docs/help-pages.md
              ${PROJECT_SOURCE_DIR}/docs/journal.md
              ${PROJECT_SOURCE_DIR}/docs/journal-format.md
              ${PROJECT_SOURCE_DIR}/docs/metrics.md
              ${PROJECT_SOURCE_DIR}/docs/stats-and-report.md
              ${PROJECT_SOURCE_DIR}/LICENSE
              ${CMAKE_CURRENT_LIST_DIR}/tmpfiles.d/postern-postfix.conf
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/logcheck/postern
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/logcheck)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/prometheus/postern.rules.yml
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/prometheus)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/grafana/postern.json
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/grafana)

# What lies in etc is the administrator's own: what is there stays as it is. The program looks in
# /etc/postern; another prefix than the system's (a trial in a home directory) gets its own etc.
install(CODE "
  set(etc \"\${CMAKE_INSTALL_PREFIX}/etc\")
  if(\"\${CMAKE_INSTALL_PREFIX}\" MATCHES \"^/usr(/local)?$\")
    set(etc /etc)
  endif()
  if(NOT EXISTS \"\$ENV{DESTDIR}\${etc}/postern/postern.toml\")
    file(INSTALL \"${PROJECT_SOURCE_DIR}/conf/\" DESTINATION \"\${etc}/postern\")
  endif()")

# For sites that rotate all logs in one way. Not below /etc: the journal looks after itself, and two
# who rotate it would be in each other's way.
install(CODE "
  set(POSTERN_PROGRAM \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}/postern\")
  configure_file(\"${CMAKE_CURRENT_LIST_DIR}/logrotate.d/postern.in\"
                 \"${PROJECT_BINARY_DIR}/packaging/logrotate/postern\" @ONLY)
  # logrotate passes over files that others than root may write to.
  file(INSTALL \"${PROJECT_BINARY_DIR}/packaging/logrotate/postern\"
       DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}/logrotate\"
       PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)")

# The core as a library, for programs that decide without a mail server: headers, the archive and
# its pkg-config file. Only when asked for (`make install-library`): a mail server needs none of it.
# Not a CMake package: our targets carry our own warnings and would hand them on.
install(FILES $<TARGET_FILE:postern_core> DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME libpostern.a
        COMPONENT development EXCLUDE_FROM_ALL)
if(CMAKE_STRIP)
  # Debug information is nine tenths of the archive, and useless without our sources.
  install(CODE "
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libpostern.a\")"
    COMPONENT development EXCLUDE_FROM_ALL)
endif()
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/common/include/postern/*.h)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/postern
        COMPONENT development EXCLUDE_FROM_ALL)
file(RELATIVE_PATH POSTERN_PREFIX_FROM_PC /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(${CMAKE_CURRENT_LIST_DIR}/postern.pc.in ${PROJECT_BINARY_DIR}/packaging/postern.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/packaging/postern.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development EXCLUDE_FROM_ALL)
