# Stands in for vpclab-worker: the same loop behind the same arguments.
add_executable(test_probe_worker ${CMAKE_CURRENT_LIST_DIR}/probe_worker_main.cc)
target_link_libraries(test_probe_worker PRIVATE vpclab_check)
set_target_properties(test_probe_worker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

vpclab_test(netns check FILES ${CMAKE_CURRENT_LIST_DIR}/world.cc ${CMAKE_CURRENT_LIST_DIR}/web.cc
            ${CMAKE_CURRENT_LIST_DIR}/probe_test.cc ${CMAKE_CURRENT_LIST_DIR}/http_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/checks_test.cc USES check TIMEOUT 900)
target_compile_definitions(test_netns_check PRIVATE VPCLAB_TEST_PROBE_WORKER="$<TARGET_FILE:test_probe_worker>")
add_dependencies(test_netns_check test_probe_worker)
