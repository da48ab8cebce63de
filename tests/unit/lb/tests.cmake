vpclab_test(unit lb FILES ${CMAKE_CURRENT_LIST_DIR}/balance_test.cc ${CMAKE_CURRENT_LIST_DIR}/health_test.cc
                          ${CMAKE_CURRENT_LIST_DIR}/rewrite_test.cc ${CMAKE_CURRENT_LIST_DIR}/event_loop_test.cc
                          ${CMAKE_CURRENT_LIST_DIR}/look_anew_test.cc ${CMAKE_CURRENT_LIST_DIR}/routing_test.cc
                          ${CMAKE_CURRENT_LIST_DIR}/stickiness_test.cc ${CMAKE_CURRENT_LIST_DIR}/exchange_log_test.cc
                          ${CMAKE_CURRENT_LIST_DIR}/log_test.cc ${CMAKE_CURRENT_LIST_DIR}/listener_test.cc
                          ${CMAKE_CURRENT_LIST_DIR}/buffer_test.cc ${CMAKE_CURRENT_LIST_DIR}/queue_test.cc
                    USES lb)
# The real program over loopback addresses, with real clients and backends.
vpclab_test(unit worker FILES ${CMAKE_CURRENT_LIST_DIR}/worker_process.cc ${CMAKE_CURRENT_LIST_DIR}/raw_server.cc
                              ${CMAKE_CURRENT_LIST_DIR}/forward_test.cc ${CMAKE_CURRENT_LIST_DIR}/faults_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/reconfigure_test.cc ${CMAKE_CURRENT_LIST_DIR}/pages_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/limits_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/deferral_test.cc ${CMAKE_CURRENT_LIST_DIR}/failures_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/endings_test.cc ${CMAKE_CURRENT_LIST_DIR}/sessions_test.cc
                              ${CMAKE_CURRENT_LIST_DIR}/haproxy.cc ${CMAKE_CURRENT_LIST_DIR}/haproxy_log_test.cc
                        USES state http TIMEOUT 120)
add_dependencies(test_unit_worker vpclab-worker)
