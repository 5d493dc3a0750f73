-- Carries out one request (ledger/apply.h) in one step. It comes to the same as the C++ there, number
-- for number: whoever changes one changes the other; tests compare them.
--
-- KEYS: the keys of the request, each once. ARGV: the time in milliseconds (0: the server's own),
-- then for each operation its key's place in KEYS, kind, id, six arguments, and the operation and
-- outcome that it depends on (0: none). Returns how many entries could not be read, and a line for
-- each operation: outcome, repeated, used, limit, wait, since, values.
local floor, min, max = math.floor, math.min, math.max
local MOST_ITEMS, SLOTS, TICKS = 256, 24, 16
local MOST_COUNTED, MOST_WEIGHT = 1099511627776, 4294967296
local LONGEST_HOLD, USUAL_HOLD = 86400000, 600000
-- Redis forgets an entry so much later than it ends: its own time decides, and clocks may be set back.
local GRACE = 300000
local NO_ID = '0000000000000000'
local GREYLIST, RESERVE, COUNT, ADD, COMMIT, RELEASE, LOOK, TALLY, WEIGH = 1, 2, 3, 4, 5, 6, 7, 8, 9
local E_GREYLIST, E_BUCKET, E_WINDOW, E_LEASE, E_COUNTER, E_DECAY = 1, 2, 3, 4, 5, 6
local SKIPPED, WAIT, PASSED, KNOWN, EXPIRED = 0, 1, 2, 3, 4
local FITS, REFUSED, DONE, BELOW, REACHED = 5, 6, 7, 8, 9
local RESERVED, COUNTED = 0, 1
local FACTORS = {1048576, 1004120, 961548, 920782, 881744, 844361, 808563, 774282,
                 741455, 710020, 679917, 651091, 623487, 597053, 571740, 547500}

local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + floor(tonumber(time[2]) / 1000)
end
local damaged = 0

local function up(number, by) return floor((number + by - 1) / by) end
local function text(number) return string.format('%.0f', number) end

local function parse(line)
  local words = {}
  for word in string.gmatch(line, '%S+') do words[#words + 1] = word end
  local count = tonumber(words[4])
  if words[1] ~= '1' or not count or not words[5 + count] then return nil end
  local entry = {kind = tonumber(words[2]), expires = tonumber(words[3]), numbers = {}, items = {}}
  for i = 1, count do entry.numbers[i] = tonumber(words[4 + i]) end
  local items = tonumber(words[5 + count])
  if not items or #words ~= 5 + count + 4 * items then return nil end
  for i = 1, items do
    local at = 2 + count + 4 * i
    entry.items[i] = {id = words[at], amount = tonumber(words[at + 1]), ends = tonumber(words[at + 2]),
                      state = tonumber(words[at + 3])}
  end
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
  local words = {'1', text(entry.kind), text(entry.expires), text(#entry.numbers)}
  for _, number in ipairs(entry.numbers) do words[#words + 1] = text(number) end
  words[#words + 1] = text(#entry.items)
  for _, item in ipairs(entry.items) do
    words[#words + 1] = item.id
    words[#words + 1] = text(item.amount)
    words[#words + 1] = text(item.ends)
    words[#words + 1] = text(item.state)
  end
  redis.call('SET', key, table.concat(words, ' '), 'PX', text(max(entry.expires - now, 1) + GRACE))
end

local function live_items(entry)
  local live = {}
  for _, item in ipairs(entry.items) do
    if item.ends > now then
      live[#live + 1] = {id = item.id, amount = item.amount, ends = min(item.ends, now + LONGEST_HOLD),
                         state = item.state}
    end
  end
  return live
end

local function find_item(items, id)
  if id == NO_ID then return nil end
  for place, item in ipairs(items) do
    if item.id == id then return item, place end
  end
  return nil
end

-- Each of these gives: whether something has changed, and the entry then (nil: erase it).

local function greylist(entry, a, result)
  local delay, window, lifetime = a[1], a[2], a[3]
  local n, late = nil, false
  if entry then
    n = {min(entry.numbers[1], now), min(entry.numbers[2], now), entry.numbers[3], entry.numbers[4]}
    if n[3] > 0 then late = now - n[2] > lifetime else late = now - n[1] > window end
  end
  local made = {kind = E_GREYLIST, items = {}}
  if not entry or late then
    n = {now, now, 0, 1}
    made.expires = now + 2 * window
    result.outcome = late and EXPIRED or WAIT
    result.wait = delay
    result.used = 1
    if delay == 0 then
      result.outcome = PASSED
      n[3] = now
      made.expires = now + lifetime + window
    end
    made.numbers = n
    return true, made
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
  made.expires = now + lifetime + window
  return true, made
end

local function counted_before(items, id)
  if id == NO_ID then return false end
  if find_item(items, id) then return true end
  if #items >= MOST_ITEMS then table.remove(items, 1) end
  items[#items + 1] = {id = id, amount = 0, ends = now + USUAL_HOLD, state = COUNTED}
  return false
end

local function tally(entry, a, result, id)
  local add, lifetime, threshold = a[1], a[2], a[3]
  local made, changed = {kind = E_COUNTER, numbers = {now, now, 0}, items = {}}, false
  if entry then
    made.numbers = {min(entry.numbers[1], now), entry.numbers[2], entry.numbers[3]}
    made.items = live_items(entry)
    result.since = made.numbers[1]
  end
  if add > 0 then
    if counted_before(made.items, id) then
      result.repeated = 1
    else
      made.numbers[2] = now
      made.numbers[3] = min(made.numbers[3] + add, MOST_COUNTED)
      made.expires = now + lifetime
      changed = true
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
  local made, changed = {kind = E_DECAY, numbers = {now, tick}, items = {}}, false
  local n = made.numbers
  if entry then
    made.items = live_items(entry)
    local at = min(entry.numbers[1], now)
    local ticks = floor((now - at) / entry.numbers[2])
    for i = 3, #entry.numbers do n[i] = faded(entry.numbers[i], ticks) end
    n[1] = at + ticks * entry.numbers[2]
  end
  if add > 0 then
    if counted_before(made.items, id) then
      result.repeated = 1
    else
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
  local items, changed = entry and live_items(entry) or {}, false

  local function reserved()
    local sum = 0
    for _, item in ipairs(items) do
      if item.state == RESERVED then sum = sum + item.amount end
    end
    return sum
  end
  local function push(state)
    if #items >= MOST_ITEMS then
      local goes = 0
      for place, item in ipairs(items) do
        if item.state == COUNTED then
          goes = place
          break
        end
      end
      if goes == 0 then
        goes = 1
        counted.add(items[1].amount)
      end
      table.remove(items, goes)
    end
    items[#items + 1] = {id = id, amount = amount, ends = ends, state = state}
  end
  local function fits(more)
    local all = reserved() + more
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
      for _, item in ipairs(items) do
        if item.state == RESERVED then first = min(first, item.ends) end
      end
      result.wait = first - now
    end
    return false
  end

  local item, place = find_item(items, id)
  local more = item and max(amount - item.amount, 0) or amount
  local function is_repeated()
    if not item or more > 0 then return false end
    result.outcome = FITS
    result.repeated = 1
    return true
  end

  if kind == RESERVE then
    if is_repeated() then
      if method == E_LEASE and item.ends < ends then
        item.ends = ends
        changed = true
      end
    elseif fits(more) then
      changed = true
      if not item then
        push(RESERVED)
      else
        if item.state == COUNTED then counted.add(more) end
        item.amount = item.amount + more
        item.ends = max(item.ends, ends)
      end
    end
  elseif kind == COUNT or kind == ADD then
    local was_reserved = item and item.state == RESERVED
    if was_reserved or not is_repeated() then
      if fits(more) or kind == ADD then
        result.outcome = FITS
        result.wait = 0
        changed = true
        counted.add(was_reserved and item.amount + more or more)
        if item then
          item.amount = item.amount + more
          item.state = COUNTED
          item.ends = max(item.ends, ends)
        elseif id ~= NO_ID then
          push(COUNTED)
        end
      end
    end
  elseif kind == COMMIT then
    result.outcome = DONE
    local was_counted = item and item.state == COUNTED
    local all = amount
    if amount == 0 and item then all = item.amount end
    if was_counted or all == 0 then
      result.repeated = was_counted and 1 or 0
    else
      changed = true
      counted.add(all)
      if not item then
        push(COUNTED)
      else
        item.amount = all
        item.state = COUNTED
        item.ends = max(item.ends, ends)
      end
    end
  elseif kind == RELEASE then
    result.outcome = DONE
    if not item or item.state ~= RESERVED then
      result.repeated = 1
    else
      changed = true
      table.remove(items, place)
    end
  else
    fits(amount)
  end

  result.used = min(counted.used() + reserved(), MOST_COUNTED)
  result.limit = capacity
  if not changed then return false end
  local made = {kind = method, numbers = counted.numbers(), expires = counted.ends(), items = items}
  for _, each in ipairs(items) do made.expires = max(made.expires, each.ends) end
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

local lines = {damaged}
for i, result in ipairs(results) do
  local words = {text(result.outcome), text(result.repeated), text(result.used), text(result.limit),
                 text(result.wait), text(result.since)}
  for _, value in ipairs(result.values or {}) do words[#words + 1] = text(value) end
  lines[i + 1] = table.concat(words, ' ')
end
return lines
