-- Carries out one request (ledger/apply.h) in one step. It comes to the same as the C++ there, number
-- for number: whoever changes one changes the other; tests compare them.
--
-- KEYS: the keys of the request, each once. ARGV: the time in milliseconds (0: the server's own),
-- then for each operation its key's place in KEYS, kind, id, six arguments, and the operation and
-- outcome that it depends on (0: none). Returns how many entries could not be read, and for
-- each operation a list: outcome, repeated, used, limit, wait, since, values.
local floor, min, max = math.floor, math.min, math.max
local MOST_RESERVATIONS, MOST_RECOGNISED, MOST_NUMBERS, SLOTS, TICKS = 128, 256, 27, 24, 16
local MOST_COUNTED, MOST_WEIGHT = 1099511627776, 4294967296
local LONGEST_HOLD, USUAL_HOLD = 86400000, 600000
-- Redis forgets an entry so much later than it ends: its own time decides, and clocks may be set back.
local GRACE = 300000
local NO_ID = '0000000000000000'
local GREYLIST, RESERVE, COUNT, ADD, COMMIT, RELEASE, LOOK, TALLY, WEIGH = 1, 2, 3, 4, 5, 6, 7, 8, 9
local E_GREYLIST, E_BUCKET, E_WINDOW, E_LEASE, E_COUNTER, E_DECAY = 1, 2, 3, 4, 5, 6
local SKIPPED, WAIT, PASSED, KNOWN, EXPIRED = 0, 1, 2, 3, 4
local FITS, REFUSED, DONE, BELOW, REACHED = 5, 6, 7, 8, 9
local FACTORS = {1048576, 1004120, 961548, 920782, 881744, 844361, 808563, 774282,
                 741455, 710020, 679917, 651091, 623487, 597053, 571740, 547500}

local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + floor(tonumber(time[2]) / 1000)
end
local damaged = 0

local function up(number, by) return floor((number + by - 1) / by) end
-- Lua writes fourteen digits of a number by itself, which is faster.
local function text(number)
  if number < 100000000000000 then return number end
  return string.format('%.0f', number)
end

local function parse(line)
  local at = 1
  local function word()
    local first, last = string.find(line, '%S+', at)
    if not first then return nil end
    at = last + 1
    return string.sub(line, first, last)
  end
  if word() ~= '1' then return nil end
  local entry = {kind = tonumber(word()), expires = tonumber(word()), numbers = {}, reserved = {}}
  local count = tonumber(word())
  if not entry.kind or not entry.expires or not count or count > MOST_NUMBERS then return nil end
  for i = 1, count do entry.numbers[i] = tonumber(word()) end
  local reserved = tonumber(word())
  if not reserved or #entry.numbers ~= count or reserved > MOST_RESERVATIONS then return nil end
  for i = 1, reserved do
    entry.reserved[i] = {id = word(), amount = tonumber(word()), ends = tonumber(word())}
    if not entry.reserved[i].ends then return nil end
  end
  -- Those that are counted stay text: there are many, and all that is ever done is to look for one.
  entry.counted = tonumber(word())
  entry.records = string.sub(line, at)
  if not entry.counted then return nil end
  return entry
end

local function load(key)
  local line = redis.pcall('GET', key)
  if not line then return nil end
  local entry = type(line) == 'string' and parse(line) or nil
  if not entry then damaged = damaged + 1 end
  return entry
end

local function save(key, entry)
  if not entry then
    redis.call('DEL', key)
    return
  end
  local words = {1, entry.kind, text(entry.expires), #entry.numbers}
  for _, number in ipairs(entry.numbers) do words[#words + 1] = text(number) end
  words[#words + 1] = #entry.reserved
  for _, each in ipairs(entry.reserved) do
    words[#words + 1] = each.id
    words[#words + 1] = text(each.amount)
    words[#words + 1] = text(each.ends)
  end
  words[#words + 1] = entry.counted .. entry.records
  redis.call('SET', key, table.concat(words, ' '), 'PX', text(max(entry.expires - now, 1) + GRACE))
end

-- The transactions of an entry that count now.
local function transactions(entry)
  local self = {reserved = {}, counted = 0, records = ''}
  if entry then
    for _, each in ipairs(entry.reserved) do
      if each.ends > now then
        self.reserved[#self.reserved + 1] =
            {id = each.id, amount = each.amount, ends = min(each.ends, now + LONGEST_HOLD)}
      end
    end
    self.counted, self.records = entry.counted, entry.records
    local at = 1
    while self.counted > 0 do
      local _, last, ends = string.find(self.records, '^ %x+:(%d+)', at)
      if not last then
        self.counted, self.records, at = 0, '', 1
        break
      end
      ends = tonumber(ends)
      if ends > now and ends <= now + USUAL_HOLD then break end
      at = last + 1
      self.counted = self.counted - 1
    end
    if at > 1 then self.records = string.sub(self.records, at) end
  end
  return self
end

local function recognises(self, id)
  return id ~= NO_ID and string.find(self.records, ' ' .. id .. ':', 1, true) ~= nil
end

local function remember(self, id)
  if id == NO_ID then return end
  if self.counted >= MOST_RECOGNISED then
    self.records = string.sub(self.records, (string.find(self.records, ' ', 2, true)))
    self.counted = self.counted - 1
  end
  self.records = self.records .. ' ' .. id .. ':' .. text(now + USUAL_HOLD)
  self.counted = self.counted + 1
end

local function find_own(self, id)
  if id == NO_ID then return nil end
  for place, each in ipairs(self.reserved) do
    if each.id == id then return each, place end
  end
  return nil
end

local function take(self, id)
  local own, place = find_own(self, id)
  if not own then return 0 end
  table.remove(self.reserved, place)
  return own.amount
end

local function sum_of(self)
  local sum = 0
  for _, each in ipairs(self.reserved) do sum = sum + each.amount end
  return sum
end

local function keep_in(self, made)
  for _, each in ipairs(self.reserved) do made.expires = max(made.expires, each.ends) end
  if self.counted > 0 then
    made.expires = max(made.expires, tonumber(string.match(self.records, ':(%d+)$')))
  end
  made.reserved, made.counted, made.records = self.reserved, self.counted, self.records
end

-- Each of these gives: whether something has changed, and the entry then (nil: erase it).

local function greylist(entry, a, result)
  local delay, window, lifetime = a[1], a[2], a[3]
  local slack = floor(lifetime / 32)
  local n, late = nil, false
  if entry then
    n = {min(entry.numbers[1], now), min(entry.numbers[2], now), entry.numbers[3], entry.numbers[4]}
    if n[3] > 0 then late = now - n[2] > lifetime + slack else late = now - n[1] > window end
  end
  local made = {kind = E_GREYLIST, reserved = {}, counted = 0, records = ''}
  if not entry or late then
    n = {now, now, 0, 1}
    made.expires = now + 2 * window
    result.outcome = late and EXPIRED or WAIT
    result.wait = delay
    result.used = 1
    if delay == 0 then
      result.outcome = PASSED
      n[3] = now
      made.expires = now + lifetime + slack + window
    end
    made.numbers = n
    return true, made
  end
  if n[3] > 0 and now - n[2] <= slack then
    result.outcome = KNOWN
    result.used = n[4]
    result.since = n[1]
    return false
  end
  n[2] = now
  n[4] = min(n[4] + 1, 1000000000)
  made.numbers = n
  result.used = n[4]
  result.since = n[1]
  if n[3] > 0 then
    result.outcome = KNOWN
  elseif now - n[1] < delay then
    result.outcome = WAIT
    result.wait = delay - (now - n[1])
    made.expires = n[1] + 2 * window
    return true, made
  else
    result.outcome = PASSED
    n[3] = now
  end
  made.expires = now + lifetime + slack + window
  return true, made
end

local function tally(entry, a, result, id)
  local add, lifetime, threshold = a[1], a[2], a[3]
  local made, changed = {kind = E_COUNTER, numbers = {now, now, 0}}, false
  local own = transactions(entry)
  if entry then
    made.numbers = {min(entry.numbers[1], now), entry.numbers[2], entry.numbers[3]}
    result.since = made.numbers[1]
  end
  if add > 0 then
    if recognises(own, id) then
      result.repeated = 1
    else
      made.numbers[2] = now
      made.numbers[3] = min(made.numbers[3] + add, MOST_COUNTED)
      made.expires = now + lifetime
      changed = true
      remember(own, id)
      keep_in(own, made)
    end
  end
  result.used = made.numbers[3]
  result.limit = threshold
  result.outcome = made.numbers[3] >= threshold and REACHED or BELOW
  return changed, made
end

local function faded(value, ticks)
  local halves = floor(ticks / TICKS)
  if halves >= 40 then return 0 end
  return floor(floor(value * FACTORS[ticks % TICKS + 1] / 1048576) / 2 ^ halves)
end

local function weigh(entry, a, result, id)
  local tick, index, add = up(a[1], TICKS), a[2], a[3]
  local made, changed = {kind = E_DECAY, numbers = {now, tick}}, false
  local own = transactions(entry)
  local n = made.numbers
  if entry then
    local at = min(entry.numbers[1], now)
    local ticks = floor((now - at) / entry.numbers[2])
    for i = 3, #entry.numbers do n[i] = faded(entry.numbers[i], ticks) end
    n[1] = at + ticks * entry.numbers[2]
  end
  if add > 0 then
    if recognises(own, id) then
      result.repeated = 1
    else
      remember(own, id)
      for i = #n + 1, index + 3 do n[i] = 0 end
      n[index + 3] = min(n[index + 3] + add, MOST_WEIGHT)
      changed = true
    end
  end
  result.outcome = DONE
  result.values = {}
  local most, halves = 0, 1
  for i = 3, #n do
    result.values[i - 2] = n[i]
    most = max(most, n[i])
  end
  while most > 0 do
    halves = halves + 1
    most = floor(most / 2)
  end
  made.expires = now + halves * TICKS * tick
  keep_in(own, made)
  return changed, made
end

-- What has been counted for good under a limit.

local function bucket(entry, capacity, flow, scale)
  local full, level = capacity * scale, 0
  if entry then
    level = entry.numbers[2]
    if entry.numbers[3] ~= scale then level = min(up(level, entry.numbers[3]), capacity) * scale end
    level = min(level, full)
    local passed = max(now - entry.numbers[1], 0)
    if passed > floor(level / flow) then level = 0 else level = level - passed * flow end
  end
  local self = {}
  function self.used() return up(level, scale) end
  function self.add(amount) level = min(level + min(amount, capacity) * scale, full) end
  function self.fits(more) return more <= capacity and level + more * scale <= full end
  function self.wait(more)
    local over = level + more * scale - full
    if over <= 0 then return 0 end
    return up(over, flow)
  end
  function self.ends() return now + up(level, flow) end
  function self.numbers() return {now, level, scale} end
  return self
end

local function window(entry, capacity, slot)
  local newest, slots = floor(now / slot), {}
  for i = 1, SLOTS + 1 do slots[i] = 0 end
  if entry then
    local n = entry.numbers
    if n[1] ~= slot then
      for i = 3, #n do slots[1] = slots[1] + n[i] end
      slots[1] = min(slots[1], MOST_COUNTED)
    else
      local shift = min(max(newest - n[2], 0), SLOTS + 1)
      for i = 3, #n do
        if i - 2 + shift <= SLOTS + 1 then slots[i - 2 + shift] = n[i] end
      end
    end
  end
  local function leaves(i) return (newest - (i - 1) + SLOTS + 1) * slot end
  local self = {}
  function self.used()
    local sum = 0
    for i = 1, SLOTS + 1 do sum = sum + slots[i] end
    return sum
  end
  function self.add(amount) slots[1] = min(slots[1] + min(amount, capacity), MOST_COUNTED) end
  function self.fits(more) return more <= capacity and self.used() + more <= capacity end
  function self.wait(more)
    local over = self.used() + more - capacity
    for i = SLOTS + 1, 1, -1 do
      if over <= 0 then break end
      over = over - slots[i]
      if over <= 0 then return leaves(i) - now end
    end
    return 0
  end
  function self.ends()
    for i = 1, SLOTS + 1 do
      if slots[i] > 0 then return leaves(i) end
    end
    return now
  end
  function self.numbers()
    local last, n = SLOTS + 1, {slot, newest}
    while last > 0 and slots[last] == 0 do last = last - 1 end
    for i = 1, last do n[i + 2] = slots[i] end
    return n
  end
  return self
end

local function lease(capacity)
  local self = {}
  function self.used() return 0 end
  function self.add() end
  function self.fits(more) return more <= capacity end
  function self.wait() return 0 end
  function self.ends() return now end
  function self.numbers() return {} end
  return self
end

local function limit(entry, a, result, id, kind)
  local method, capacity, amount, ends = a[1], a[2], a[5], now + a[6]
  local counted
  if method == E_BUCKET then
    counted = bucket(entry, capacity, a[3], a[4])
  elseif method == E_WINDOW then
    counted = window(entry, capacity, a[3])
  else
    counted = lease(capacity)
  end
  local transacting, changed = transactions(entry), false

  local function fits(more)
    local all = sum_of(transacting) + more
    if counted.fits(all) then
      result.outcome = FITS
      return true
    end
    result.outcome = REFUSED
    if more > capacity then
      result.wait = -1
    elseif all <= capacity then
      result.wait = counted.wait(all)
    else
      local first = now + LONGEST_HOLD
      for _, each in ipairs(transacting.reserved) do first = min(first, each.ends) end
      result.wait = first - now
    end
    return false
  end
  local function count_for_good(more)
    changed = true
    counted.add(more)
    remember(transacting, id)
  end

  local own = find_own(transacting, id)
  local more = own and max(amount - own.amount, 0) or amount
  local recognised = recognises(transacting, id)

  if kind == RESERVE then
    if recognised or own and more == 0 then
      result.outcome = FITS
      result.repeated = 1
      if not recognised and method == E_LEASE and own.ends < ends then
        own.ends = ends
        changed = true
      end
    elseif fits(more) then
      changed = true
      if own then
        own.amount = own.amount + more
        own.ends = max(own.ends, ends)
      else
        if #transacting.reserved >= MOST_RESERVATIONS then
          local oldest = transacting.reserved[1].id
          counted.add(take(transacting, oldest))
          remember(transacting, oldest)
        end
        transacting.reserved[#transacting.reserved + 1] = {id = id, amount = amount, ends = ends}
      end
    end
  elseif kind == COUNT or kind == ADD then
    if recognised then
      result.outcome = FITS
      result.repeated = 1
    elseif fits(more) or kind == ADD then
      result.outcome = FITS
      result.wait = 0
      count_for_good(take(transacting, id) + more)
    end
  elseif kind == COMMIT then
    result.outcome = DONE
    local all = amount
    if amount == 0 and own then all = own.amount end
    if recognised then
      result.repeated = 1
    elseif all > 0 then
      take(transacting, id)
      count_for_good(all)
    end
  elseif kind == RELEASE then
    result.outcome = DONE
    changed = take(transacting, id) > 0
    result.repeated = changed and 0 or 1
  else
    fits(amount)
  end

  result.used = min(counted.used() + sum_of(transacting), MOST_COUNTED)
  result.limit = capacity
  if not changed then return false end
  local made = {kind = method, numbers = counted.numbers(), expires = counted.ends()}
  keep_in(transacting, made)
  if made.expires <= now then return true, nil end
  return true, made
end

local entries, loaded, changed = {}, {}, {}
local results, refused = {}, false
for i = 1, (#ARGV - 1) / 11 do
  local at = (i - 1) * 11 + 1
  local k, kind, id = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local a = {}
  for n = 1, 6 do a[n] = tonumber(ARGV[at + 3 + n]) end
  local depends, outcome = tonumber(ARGV[at + 10]), tonumber(ARGV[at + 11])
  local result = {outcome = SKIPPED, repeated = 0, used = 0, limit = 0, wait = 0, since = 0}
  if depends == 0 or results[depends].outcome == outcome then
    if not loaded[k] then
      loaded[k] = true
      entries[k] = load(KEYS[k])
    end
    local entry, wanted = entries[k], a[1]
    if kind == GREYLIST then wanted = E_GREYLIST end
    if kind == TALLY then wanted = E_COUNTER end
    if kind == WEIGH then wanted = E_DECAY end
    if entry and (entry.expires <= now or entry.kind ~= wanted) then entry = nil end
    local has_changed, made
    if kind == GREYLIST then
      has_changed, made = greylist(entry, a, result)
    elseif kind == TALLY then
      has_changed, made = tally(entry, a, result, id)
    elseif kind == WEIGH then
      has_changed, made = weigh(entry, a, result, id)
    else
      has_changed, made = limit(entry, a, result, id, kind)
      if result.outcome == REFUSED and kind ~= LOOK then refused = true end
    end
    if has_changed then
      entries[k] = made
      changed[k] = true
    end
  end
  results[i] = result
end

if not refused then
  for k in pairs(changed) do save(KEYS[k], entries[k]) end
end

local answer = {damaged}
for i, result in ipairs(results) do
  answer[i + 1] = {result.outcome, result.repeated, result.used, result.limit, result.wait,
                   result.since, unpack(result.values or {})}
end
return answer
