vpclab_test(unit daemon FILES ${CMAKE_CURRENT_LIST_DIR}/store_test.cc ${CMAKE_CURRENT_LIST_DIR}/registry_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/permission_test.cc ${CMAKE_CURRENT_LIST_DIR}/run_dir_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/heal_schedule_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/listener_view_test.cc ${CMAKE_CURRENT_LIST_DIR}/tail_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/preflight_test.cc ${CMAKE_CURRENT_LIST_DIR}/event_hub_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/peer_limits_test.cc ${CMAKE_CURRENT_LIST_DIR}/kept_labs_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/flip_watch_test.cc ${CMAKE_CURRENT_LIST_DIR}/exposition_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/failure_report_test.cc ${CMAKE_CURRENT_LIST_DIR}/settle_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/plan_items_test.cc ${CMAKE_CURRENT_LIST_DIR}/check_specs_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/finals_test.cc ${CMAKE_CURRENT_LIST_DIR}/front_page_test.cc
            USES daemon fake)
