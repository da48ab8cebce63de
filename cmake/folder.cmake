# vpclab_folder(NAME USES folder... LIBRARIES lib...): one static library per folder of src/. USES is the whole list of
# folders that it may include from; what is not listed does not link, and tests/unit/layers checks the includes.
function(vpclab_folder name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_library(vpclab_${name} STATIC ${sources})
  target_link_libraries(vpclab_${name} PUBLIC vpclab_options tl::expected)
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(vpclab_${name} PUBLIC vpclab_${used})
  endforeach()
  target_link_libraries(vpclab_${name} PUBLIC ${ARG_LIBRARIES})
  if(name MATCHES "^(state|plan|check|worker|keeper|api|daemon|cli)$")
    vpclab_precompile(vpclab_${name} <nlohmann/json.hpp>)
  else()
    vpclab_precompile(vpclab_${name})
  endif()
endfunction()

# vpclab_precompile(TARGET): the headers that cost most, once a target instead of once a source file.
function(vpclab_precompile target)
  if(NOT VPCLAB_PCH)
    return()
  endif()
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <set>
                            <span> <string> <string_view> <thread> <variant> <vector> <tl/expected.hpp> ${ARGN})
endfunction()

# vpclab_program(TARGET FOLDER): the program whose main() is src/FOLDER/main.cc.
function(vpclab_program target folder)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/main.cc)
    return()
  endif()
  add_executable(${target} ${folder}/main.cc)
  target_link_libraries(${target} PRIVATE vpclab_${folder})
endfunction()
