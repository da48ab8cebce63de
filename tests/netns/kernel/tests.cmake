vpclab_test(netns kernel
            FILES ${CMAKE_CURRENT_LIST_DIR}/main.cc ${CMAKE_CURRENT_LIST_DIR}/netns_test.cc
                  ${CMAKE_CURRENT_LIST_DIR}/pin_directory_test.cc ${CMAKE_CURRENT_LIST_DIR}/links_test.cc ${CMAKE_CURRENT_LIST_DIR}/routing_test.cc ${CMAKE_CURRENT_LIST_DIR}/impairment_test.cc
                  ${CMAKE_CURRENT_LIST_DIR}/connections_test.cc ${CMAKE_CURRENT_LIST_DIR}/process_test.cc ${CMAKE_CURRENT_LIST_DIR}/speed_test.cc
                  ${CMAKE_CURRENT_LIST_DIR}/answers_test.cc ${CMAKE_CURRENT_LIST_DIR}/memory_test.cc ${CMAKE_CURRENT_LIST_DIR}/hands_test.cc
            USES kernel LIBRARIES nlohmann_json::nlohmann_json TIMEOUT 900)
