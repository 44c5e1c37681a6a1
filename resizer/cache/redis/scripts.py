"""Lua scripts: what Redis must do in one step for leases and registered gateways.

A lease is a field beside the variant's own: `token:deadline`, in milliseconds of the server's
clock, and a `+` once somebody waits for its end. Each script touches one hash only, so that it
works in a cluster.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoScriptError

from resizer.cache.redis.connect import Client


@dataclass(frozen=True, slots=True)
class LuaScript:
    """Lua; Redis knows it by its SHA-1 once it has run there."""

    text: str

    async def run(self, client: Client, name: str, *arguments: str | bytes | int) -> Any:
        """On the key `name`. Raises what redis-py raises."""
        # A cluster's client that has not looked at its nodes yet sends a script to any of them.
        await client.initialize()
        sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        try:
            return await client.execute_command("EVALSHA", sha, 1, name, *arguments)
        except NoScriptError:
            return await client.execute_command("EVAL", self.text, 1, name, *arguments)


ACQUIRE = LuaScript("""
-- lease field, token, milliseconds it lasts, variant's field
-- -> {0, the variant's value or false} to the one who has it now; {milliseconds left} to others
-- Asked again by the same one, whose reply was lost, it says the same. A lease that lasts longer
-- than any can was given before the clock was set back.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and string.sub(held, 1, #ARGV[2]) ~= ARGV[2] then
  local left = (tonumber(string.match(held, ':(%d+)')) or 0) - now
  if left > 0 and left <= tonumber(ARGV[3]) then
    if string.sub(held, -1) ~= '+' then redis.call('HSET', KEYS[1], ARGV[1], held .. '+') end
    return {left}
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%d', now + ARGV[3]))
if redis.call('PTTL', KEYS[1]) < 60000 then redis.call('PEXPIRE', KEYS[1], 60000) end
return {0, redis.call('HGET', KEYS[1], ARGV[4])}
""")
"""A hash gets a minute at least; one that is never filled does not stay."""

RENEW = LuaScript("""
-- lease field, token, milliseconds it lasts from now -> whether it still stands
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held or string.sub(held, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
local waited = string.sub(held, -1) == '+' and '+' or ''
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%d', deadline) .. waited)
if redis.call('PTTL', KEYS[1]) < 60000 then redis.call('PEXPIRE', KEYS[1], 60000) end
return 1
""")

PUT = LuaScript("""
-- lease field, token, variant's field, value, seconds it is kept, channel, message
-- -> whether it was stored: only under a lease that still stands
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held or string.sub(held, 1, #ARGV[2]) ~= ARGV[2] then
  redis.call('PUBLISH', ARGV[6], ARGV[7])  -- somebody may have waited: that was gone with the lease
  return 0
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('EXPIRE', KEYS[1], ARGV[5]) end
if string.sub(held, -1) == '+' then redis.call('PUBLISH', ARGV[6], ARGV[7]) end
return 1
""")

RELEASE = LuaScript("""
-- lease field, token, channel, message
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held or string.sub(held, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
if string.sub(held, -1) == '+' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return 1
""")

NOTE = LuaScript("""
-- a field that notes something of an original that is there, and the most fields it may have
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
return redis.call('HSET', KEYS[1], ARGV[1], '')
""")

NOTE_OVERLAY = LuaScript("""
-- the key of an original that is shown over others, and the most there may be
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
return redis.call('SADD', KEYS[1], ARGV[1])
""")

REGISTER = LuaScript("""
-- a gateway that is alive now; of the others, those long gone are forgotten
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60)
redis.call('EXPIRE', KEYS[1], 60)
return 1
""")

LIVING = LuaScript("""
-- seconds -> the gateways that were alive within them
return redis.call('ZRANGEBYSCORE', KEYS[1], redis.call('TIME')[1] - ARGV[1], '+inf')
""")
