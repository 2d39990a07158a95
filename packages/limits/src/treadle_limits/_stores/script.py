"""The algorithm in Lua: one call of a Redis that reads the clock, decides, and keeps the state.

The state of a key is ``"time,debt,debt..."``: the microseconds of the server's clock at which it
was written, and the debt of each rate then. All numbers are integers below 2**53, which a Lua
number has exactly; ``_core.gcra`` says what they mean, and a test compares the two.

``KEYS[1]`` is the key. ``ARGV`` is the cost, 1 to take the hit or 0 to look only, and then the
unit, the drain and the capacity of each rate. It returns 1 for a hit that passes, or 0, and the
debts behind it. The key expires when it has rested: then it is the same as an absent one.
"""

from typing import Final

__all__ = ["SCRIPT"]

SCRIPT: Final = """\
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = tonumber(ARGV[1])
local take = ARGV[2] == '1'
local kept = {}
local value = redis.call('GET', KEYS[1])
if value then
  for number in string.gmatch(value, '%d+') do kept[#kept + 1] = tonumber(number) end
end
local count = (#ARGV - 2) / 3
local debts = {}
local passes = 1
for index = 1, count do
  local unit = tonumber(ARGV[3 * index])
  local drain = tonumber(ARGV[3 * index + 1])
  local capacity = tonumber(ARGV[3 * index + 2])
  local debt = 0
  if #kept == count + 1 then
    -- Behind this time the debt is gone: a product of the two would not be exact.
    local elapsed = math.min(math.max(0, now - kept[1]), math.ceil(capacity / drain))
    debt = math.min(math.max(0, kept[index + 1] - elapsed * drain), capacity)
  end
  debts[index] = debt
  if debt + cost * unit > capacity then passes = 0 end
end
if passes == 1 and take then
  local rest = 1
  local text = string.format('%.0f', now)
  for index = 1, count do
    local debt = debts[index] + cost * ARGV[3 * index]
    debts[index] = debt
    rest = math.max(rest, math.ceil(debt / ARGV[3 * index + 1] / 1000))
    text = text .. string.format(',%.0f', debt)
  end
  redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', rest))
end
local answer = {passes}
for index = 1, count do answer[index + 1] = string.format('%.0f', debts[index]) end
return answer
"""
