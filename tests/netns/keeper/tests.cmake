vpclab_test(netns keeper FILES ${CMAKE_CURRENT_LIST_DIR}/main.cc ${CMAKE_CURRENT_LIST_DIR}/fake_worker.cc
            ${CMAKE_CURRENT_LIST_DIR}/fixture.cc ${CMAKE_CURRENT_LIST_DIR}/life_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/worker_test.cc ${CMAKE_CURRENT_LIST_DIR}/command_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/real_worker_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/tunnel_test.cc USES keeper TIMEOUT 900)
