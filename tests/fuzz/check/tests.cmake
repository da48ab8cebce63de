vpclab_fuzz(icmp FILE ${CMAKE_CURRENT_LIST_DIR}/icmp_fuzz.cc USES check CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus)
