vpclab_test(unit keeper FILES ${CMAKE_CURRENT_LIST_DIR}/output_ring_test.cc ${CMAKE_CURRENT_LIST_DIR}/backoff_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/frame_stream_test.cc ${CMAKE_CURRENT_LIST_DIR}/paths_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/private_files_test.cc ${CMAKE_CURRENT_LIST_DIR}/worker_link_test.cc USES keeper)
