# Writes OUTPUT, a C++ header with one constant per Lua script in SCRIPT_DIR, named after its file.
# The parts they share (_*.lua, in the order below) come before each of them: the constant shared_text.
# Run by: cmake -DSCRIPT_DIR=… -DOUTPUT=… -P EmbedScripts.cmake

# Every C++ compiler takes a string literal of this length ([implimits]).
set(literal_limit 65536)

set(prelude "")
foreach(part _messagepack _record _bag _patch _index)
  file(READ "${SCRIPT_DIR}/${part}.lua" text)
  string(APPEND prelude "${text}")
endforeach()

# Every answer ends with the key it is about: a caller who finds another has been given somebody else's.
set(ending "local reply = answer()\nreply[#reply + 1] = KEYS[1]\nreturn reply\n")

set(constants "")
file(GLOB scripts "${SCRIPT_DIR}/*.lua")
list(SORT scripts)
foreach(script IN LISTS scripts)
  get_filename_component(name "${script}" NAME_WE)
  if(name MATCHES "^_")
    continue()
  endif()
  file(READ "${script}" text)
  set(text "${prelude}local function answer()\n${text}end\n${ending}")
  string(LENGTH "${text}" length)
  string(FIND "${text}" ")lua\"" delimiter)
  if(length GREATER_EQUAL literal_limit OR NOT delimiter EQUAL -1)
    message(FATAL_ERROR "${script} does not fit a raw string literal")
  endif()
  string(SHA1 sha1 "${text}")
  string(APPEND constants "inline constexpr Script ${name}{R\"lua(${text})lua\", \"${sha1}\"};\n\n")
endforeach()

file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY NEWLINE_STYLE UNIX CONTENT [[
// Generated from core/src/store/redis/scripts by cmake/EmbedScripts.cmake.
#pragma once

#include <string_view>

namespace ficha::scripts {

struct Script {
  std::string_view text;
  std::string_view sha1;  // of the text, in lower-case hex: what EVALSHA calls it by
};

// What all of them begin with.
inline constexpr std::string_view shared_text = R"lua(@prelude@)lua";

@constants@}  // namespace ficha::scripts
]])
