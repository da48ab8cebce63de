vpclab_test(unit lab
  FILES ${CMAKE_CURRENT_LIST_DIR}/load_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/limits_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/golden_errors_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/labs_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/robustness_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/values_test.cc
        ${CMAKE_CURRENT_LIST_DIR}/sources.cc
  USES lab TIMEOUT 180)
