# Strangers speak to these first, so they get a minute in sum over the builds of one run.
foreach(target head chunks)
  vpclab_fuzz(http_${target} FILE ${CMAKE_CURRENT_LIST_DIR}/${target}_fuzz.cc USES http
              CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus/${target} WORDS ${CMAKE_CURRENT_LIST_DIR}/words.dict SECONDS 15)
endforeach()
