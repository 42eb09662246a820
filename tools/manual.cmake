# SPDX-License-Identifier: MIT
# A manual page for the program and one for each subcommand that its help names, from what --help says:
# cmake -DWEIR=program -DHELP2MAN=program -DFOLDER=folder -P manual.cmake
execute_process(COMMAND ${WEIR} --help OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

function(write_page page help_option words)
  execute_process(COMMAND ${HELP2MAN} --no-info --section=1 --name=${words} --help-option=${help_option}
    --output=${FOLDER}/${page}.1 ${WEIR} COMMAND_ERROR_IS_FATAL ANY)
  # All pages are made by one program, and help2man names each for it.
  file(READ ${FOLDER}/${page}.1 text)
  string(TOUPPER ${page} upper)
  string(REGEX REPLACE "\n.TH [^ ]+ " "\n.TH ${upper} " text "${text}")
  string(REGEX REPLACE "\n(.SH NAME\n)[^ ]+ " "\n\\1${page} " text "${text}")
  file(WRITE ${FOLDER}/${page}.1 "${text}")
endfunction()

string(REGEX REPLACE ".*\nSubcommands:\n" "" commands "${help}")
string(REGEX REPLACE "\n\n.*" "" commands "${commands}")
string(REPLACE ";" "," commands "${commands}")
string(REPLACE "\n" ";" commands "${commands}")
foreach(line IN LISTS commands)
  if(line MATCHES "^  ([a-z]+) +(.+)$")
    write_page(weir-${CMAKE_MATCH_1} "${CMAKE_MATCH_1} --help" "${CMAKE_MATCH_2}")
  endif()
endforeach()
write_page(weir --help "which cores the two ends of a ring should run on, and what becomes of it under pressure")
