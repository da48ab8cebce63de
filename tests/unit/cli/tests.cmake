vpclab_test(unit cli
  FILES ${CMAKE_CURRENT_LIST_DIR}/command_line_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/fake_daemon.cc
        ${CMAKE_CURRENT_LIST_DIR}/forwarder_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/relay_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/run_cli.cc
        ${CMAKE_CURRENT_LIST_DIR}/terminal_test.cc
  USES cli)
