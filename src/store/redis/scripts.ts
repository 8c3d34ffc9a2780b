/**
 * The scripts that change a store, each in one atomic step: run by `EVALSHA`, since functions would need the permission to load
 * them. A change is written to the entries of its kind and to the stream of changes. Versions count all changes, and are the
 * ids of the stream; each change has a random tag and that of the change before it, so that a reader notices a gap as well as
 * another past. Times are given by the caller. The first command that writes is one that a server without memory refuses, so that
 * a script is carried out wholly or not at all; only a deletion begins with one that it takes.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Changes that a reader may be behind: with more it reads all again. */
export const KEPT_CHANGES = 10_000;

// KEYS: head, changes, entries of the kind, their expiry.
const COMMON = `
local head, changes, entries, expiry = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function sweep(now, most)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, most)) do
    redis.call('HDEL', entries, id)
    redis.call('ZREM', expiry, id)
  end
end

local function versionOf(id, now)
  local packed = redis.call('HGET', entries, id)
  if not packed then return '0' end
  local version, expires = string.match(packed, '^(%d+):(%d*):')
  if not version then return '0' end
  if expires ~= '' and tonumber(expires) <= tonumber(now) then return '0' end
  return version
end

local function record(version, tag, key, packed)
  local before = redis.call('HGET', head, 'tag') or ''
  redis.call('HSET', head, 'tag', tag)
  redis.call('XADD', changes, 'MAXLEN', '~', ${KEPT_CHANGES}, version .. '-0', 'key', key, 'entry', packed, 'tag', tag, 'before', before)
end
`;

/**
 * ARGV: key, id, value, expiry or '', expected version or '', now, tag, the most entries. Returns the new version; '' when
 * another version is there; 'full'.
 */
export const PUT = script(`${COMMON}
local key, id, value, expires, expected, now, tag, most = unpack(ARGV)
local current = versionOf(id, now)
if expected ~= '' and expected ~= current then return '' end
if current == '0' then
  local others = redis.call('HLEN', entries) - redis.call('HEXISTS', entries, id)
  if others >= tonumber(most) then
    sweep(now, 1000)
    if redis.call('HLEN', entries) - redis.call('HEXISTS', entries, id) >= tonumber(most) then return 'full' end
  end
end
local version = string.format('%.0f', redis.call('HINCRBY', head, 'version', 1))
local packed = version .. ':' .. expires .. ':' .. value
redis.call('HSET', entries, id, packed)
if expires == '' then redis.call('ZREM', expiry, id) else redis.call('ZADD', expiry, expires, id) end
record(version, tag, key, packed)
sweep(now, 8)
return version`);

/** ARGV: key, id, expected version or '', now, tag. Returns the version of the change, or '' when nothing was deleted. */
export const DELETE = script(`${COMMON}
local key, id, expected, now, tag = unpack(ARGV)
local current = versionOf(id, now)
if current == '0' or (expected ~= '' and expected ~= current) then return '' end
redis.call('HDEL', entries, id)
redis.call('ZREM', expiry, id)
local version = string.format('%.0f', redis.call('HINCRBY', head, 'version', 1))
record(version, tag, key, '')
return version`);

/** ARGV: now, the most. Removes entries whose time has passed. */
export const SWEEP = script(`${COMMON}
sweep(ARGV[1], tonumber(ARGV[2]))
return redis.call('HLEN', entries)`);

/** KEYS: counter. ARGV: points, duration. Returns the sum and what is left of the time; nothing is taken from one that is not there. */
export const COUNT = script(`
if tonumber(ARGV[1]) < 0 and redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {sum, left}`);

/** KEYS: nodes. ARGV: this one, now, since when the others have to have been there. Returns how many there are. */
export const COUNT_NODES = script(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
return redis.call('ZCARD', KEYS[1])`);

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
