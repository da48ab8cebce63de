vpclab_test(unit check FILES ${CMAKE_CURRENT_LIST_DIR}/codec_test.cc ${CMAKE_CURRENT_LIST_DIR}/icmp_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/expect_test.cc ${CMAKE_CURRENT_LIST_DIR}/report_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/runner_test.cc ${CMAKE_CURRENT_LIST_DIR}/measure_test.cc ${CMAKE_CURRENT_LIST_DIR}/matrix_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/http_fetch_test.cc ${CMAKE_CURRENT_LIST_DIR}/patience_test.cc ${CMAKE_CURRENT_LIST_DIR}/pace_test.cc USES check)
