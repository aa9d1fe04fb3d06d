-- Bags: attributes that are JSON objects, of which one key is changed and every other member keeps its bytes (bag.cpp does
-- the same). What is stored is valid JSON, or else refused or kept; nothing here runs on.

local MAX_KEYS, MAX_KEY_TEXT = 256, 2 + 6 * 256 -- a key of 256 bytes, each as \u00XX
local ESCAPES = {b = '\b', f = '\f', n = '\n', r = '\r', t = '\t'}

-- `json` with "_" in the place of what its strings hold: the brackets and commas that are left are structure.
local function structure_of(json)
  local function blank(text)
    return '"' .. ('_'):rep(#text - 2) .. '"'
  end
  return (json:gsub('\\.', '__'):gsub('"[^"]*"', blank))
end

-- The members of a JSON object: each one's text, and the text of its key. nil if `json` is no object. No more than one too
-- many.
local function members_of(json)
  local structure = structure_of(json)
  local at = structure:match('^[ \t\r\n]*{[ \t\r\n]*()')
  if not at then return nil end
  local members = {}
  if structure:find('^}', at) then return members end
  while #members <= MAX_KEYS do
    local key_end = at and structure:match('^"_*"()', at)
    if not key_end then return nil end
    local stop = structure:match('^[^%[{,}]*()', key_end)
    local nested = structure:match('^%b[][^,}]*()', stop) or structure:match('^%b{}[^,}]*()', stop)
    stop = nested or stop
    local last = stop - 1
    while structure:find('^[ \t\r\n]', last) do last = last - 1 end
    members[#members + 1] = {key = json:sub(at, key_end - 1), text = json:sub(at, last)}
    if structure:find('^}', stop) then return members end
    at = structure:match('^,[ \t\r\n]*()', stop)
  end
  return members
end

local function utf8_of(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xc0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return char(0xe0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
  return char(0xf0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

-- What a JSON string says.
local function unquoted(text)
  local parts, at = {}, 2
  local from = text:find('\\', at, true)
  while from do
    parts[#parts + 1] = text:sub(at, from - 1)
    local letter = text:sub(from + 1, from + 1)
    at = from + 2
    if letter == 'u' then
      local code = tonumber(text:sub(at, at + 3), 16)
      at = at + 4
      if code >= 0xd800 and code < 0xdc00 then
        code = 0x10000 + (code - 0xd800) * 1024 + tonumber(text:sub(at + 2, at + 5), 16) - 0xdc00
        at = at + 6
      end
      parts[#parts + 1] = utf8_of(code)
    else
      parts[#parts + 1] = ESCAPES[letter] or letter
    end
    from = text:find('\\', at, true)
  end
  parts[#parts + 1] = text:sub(at, -2)
  return table.concat(parts)
end

-- `json` with the member `"key":value` in the place of those with this key; without them, if `member` is nil. nil and the
-- number of members if they are too many; nil if `json` is no object. `key` as a JSON string in its shortest form.
local function with_member(json, key, member)
  local members = members_of(json)
  if not members then return nil end
  if #members > MAX_KEYS then return nil, #members end
  local wanted, kept, found, placed = unquoted(key), {}, false, false
  for _, old in ipairs(members) do
    local same = old.key == key
    if not same and #old.key <= MAX_KEY_TEXT and old.key:find('\\', 1, true) then same = unquoted(old.key) == wanted end
    if not same then
      kept[#kept + 1] = old.text
    elseif member and not placed then
      kept[#kept + 1], placed = member, true
    end
    found = found or same
  end
  if not member and not found then return json end
  if member and not placed then kept[#kept + 1] = member end
  if #kept > MAX_KEYS then return nil, #kept end
  return '{' .. table.concat(kept, ',') .. '}'
end

-- Applies 'put' or 'take' to an attribute of `record`. The reply to give, if it cannot.
local function change_bag(record, kind, name, key, json)
  local _, attribute = find_attribute(record.attributes, name)
  if kind == 'take' and not attribute then return nil end
  local member = kind == 'put' and key .. ':' .. json or nil
  local read_whole, bag, count = pcall(with_member, attribute and attribute.json or '{}', key, member)
  if not read_whole or not bag and not count then
    return {INVALID_ARGUMENT, "attribute '" .. name .. "' is no JSON object to put into or take from"}
  end
  if not bag then return {TOO_LARGE, "attribute '" .. name .. "': a bag holds at most 256 keys"} end
  if #bag > MAX_VALUE then return {TOO_LARGE, "attribute '" .. name .. "': a value is at most 64 KiB"} end
  set_attribute(record.attributes, name, bag)
end

