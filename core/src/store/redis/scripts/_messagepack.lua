-- MessagePack as strictly as the core reads it (record_decode.cpp): cmsgpack is lenient, and knows neither bin nor ext.
-- Every script begins with the files whose names begin with "_", in alphabetical order.

local MAX_DEPTH, MAX_INTEGER = 32, 2 ^ 53

-- Kinds of values.
local INTEGER, NEGATIVE, TEXT, ARRAY, MAP, OTHER = 1, 2, 3, 4, 5, 6

-- Bytes of what follows the code of a float, an ext of fixed length; and of the length of a bin or an ext, with its type.
local FIXED = {[0xc0] = 0, [0xc2] = 0, [0xc3] = 0, [0xca] = 4, [0xcb] = 8,
               [0xd4] = 2, [0xd5] = 3, [0xd6] = 5, [0xd7] = 9, [0xd8] = 17}
local LENGTH = {[0xc4] = 1, [0xc5] = 2, [0xc6] = 4, [0xc7] = 1, [0xc8] = 2, [0xc9] = 4}
local EXT_TYPE = {[0xc7] = 1, [0xc8] = 1, [0xc9] = 1}

-- The big-endian number in `size` bytes at `at`. More than 53 bits are more than any number that is allowed.
local function number(bytes, at, size)
  if at + size - 1 > #bytes then error('cut short') end
  local value = 0
  for i = at, at + size - 1 do value = value * 256 + bytes:byte(i) end
  if size == 8 and value == MAX_INTEGER and bytes:byte(at + 7) ~= 0 then return value * 2 end
  return value
end

-- Kind, value (of a text or a number) or count (of a container), and where the next value begins.
local function read(bytes, at)
  local code = bytes:byte(at)
  if not code then error('cut short') end
  local kind, size, value = OTHER, FIXED[code], nil
  at = at + 1
  if code <= 0x7f then return INTEGER, code, at end
  if code >= 0xe0 then return NEGATIVE, nil, at end
  if code <= 0x8f then return MAP, code - 0x80, at end
  if code <= 0x9f then return ARRAY, code - 0x90, at end
  if code <= 0xbf then
    kind, size = TEXT, code - 0xa0
  elseif code >= 0xcc and code <= 0xd3 then
    size = 2 ^ ((code - 0xcc) % 4)
    value = number(bytes, at, size)
    local negative = code >= 0xd0 and bytes:byte(at) >= 0x80
    return negative and NEGATIVE or INTEGER, value, at + size
  elseif code >= 0xdc then
    size = code % 2 == 0 and 2 or 4
    return code <= 0xdd and ARRAY or MAP, number(bytes, at, size), at + size
  elseif code >= 0xd9 then
    local length = 2 ^ (code - 0xd9)
    kind, size, at = TEXT, number(bytes, at, length), at + length
  elseif LENGTH[code] then
    size, at = number(bytes, at, LENGTH[code]) + (EXT_TYPE[code] or 0), at + LENGTH[code]
  end
  if not size or at + size - 1 > #bytes then error('cut short') end
  return kind, kind == TEXT and bytes:sub(at, at + size - 1) or nil, at + size
end

-- Where the value after the one at `at` begins. Texts go to the end of `texts`. The value lies within `depth` containers.
local function skip(bytes, at, depth, texts)
  local kind, value, after = read(bytes, at)
  if kind == TEXT then texts[#texts + 1] = value end
  if kind ~= ARRAY and kind ~= MAP then return after end
  if depth == MAX_DEPTH then error('nested too deeply') end
  for _ = 1, kind == MAP and 2 * value or value do after = skip(bytes, after, depth + 1, texts) end
  return after
end

-- Well-formed UTF-8 (Unicode standard, table 3-7): every sequence is replaced by a space, and nothing but ASCII is left.
local SEQUENCES = {
  '[\225-\236\238\239][\128-\191][\128-\191]', '[\194-\223][\128-\191]', '\224[\160-\191][\128-\191]',
  '\237[\128-\159][\128-\191]', '[\241-\243][\128-\191][\128-\191][\128-\191]', '\240[\144-\191][\128-\191][\128-\191]',
  '\244[\128-\143][\128-\191][\128-\191]'}

local function is_utf8(text)
  for i = 1, #SEQUENCES do
    if not text:find('[\128-\255]') then return true end
    text = text:gsub(SEQUENCES[i], ' ')
  end
  return not text:find('[\128-\255]')
end

-- UTF-8 it is already. Control characters are U+0000–U+001F and U+007F–U+009F.
local function is_plain(text)
  return not text:find('[%z\1-\31\127]') and not text:find('\194[\128-\159]')
end
