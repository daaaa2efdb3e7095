import { hash } from "node:crypto";
import { type Put, type StoredChange, type StoredRecord, type StoredScope, scopes } from "@usermeta/core";

/** The version of everything in this file. A namespace is marked with it; raise it when older versions could not cope. */
export const format = 1;

/** Change ids that are remembered per user. */
const remembered = 256;

const encode = (text: string): string => Buffer.from(text).toString("base64url");

/** The names of a namespace's keys. Those of one user share a hash tag, so that one script may touch them in a cluster. */
export interface Keys {
  /** The namespace's format. */
  readonly format: string;
  /** All user ids, a sorted set of equal scores: ordered by their bytes. */
  readonly users: string;
  /** In a cluster: the erasures under way, by user id. */
  readonly erasures: string;
  /** In a cluster: a counter that orders first writes and erasures. */
  readonly order: string;
  /** Where writes are told of. */
  readonly channel: string;
  /** Of one user: the record, its last change ids, its change log, and in a cluster when it was erased. */
  user(userId: string): readonly [record: string, ids: string, changes: string, erased: string];
}

/** The keys of a namespace. */
export function keysOf(namespace: string): Keys {
  const space = encode(namespace);
  // No user's tag ends in a dot: user ids are never empty.
  const shared = `usermeta:{${space}.}`;
  return {
    format: `${shared}:format`,
    users: `${shared}:users`,
    erasures: `${shared}:erasures`,
    order: `${shared}:order`,
    channel: `${shared}:written`,
    user: (userId) => {
      const own = `usermeta:{${space}.${encode(userId)}}`;
      return [own, `${own}:ids`, `${own}:changes`, `${own}:erased`];
    },
  };
}

/** What a record's text begins with. Compare-and-set compares this and nothing else. */
const head = ({ incarnation, version }: Pick<StoredRecord, "incarnation" | "version">): string =>
  `${incarnation}.${version} `;

/** A record as text: one line of numbers, then the three JSON texts. */
export function toText(record: StoredRecord): string {
  const numbers = scopes.map((scope) => record[scope]).map((s) => `${s.version} ${s.updatedAt} ${s.json.length}`);
  return `${head(record)}${record.createdAt} ${numbers.join(" ")}\n${scopes.map((scope) => record[scope].json).join("")}`;
}

/** The record that {@link toText} wrote. */
export function toRecord(userId: string, text: string): StoredRecord {
  let at = text.indexOf("\n") + 1;
  const [tag = "", createdAt, ...numbers] = text.slice(0, at - 1).split(" ");
  const [incarnation = "", version] = tag.split(".");
  const next = (index: number): StoredScope => {
    const [own, updatedAt, length] = numbers.slice(index * 3).map(Number) as [number, number, number];
    at += length;
    return { json: text.slice(at - length, at), version: own, updatedAt };
  };
  // In the order in which they were written.
  const [shown, hidden, unsafe] = [next(0), next(1), next(2)];
  return {
    userId,
    incarnation,
    version: Number(version),
    createdAt: Number(createdAt),
    public: shown,
    private: hidden,
    unsafe,
  };
}

/** An entry of the change log as text. It begins with the version, so that no two of a user are alike. */
function entryOf({ version, at, id, digest, json }: StoredChange): string {
  return json === null ? "" : `${version} ${at} ${id.length} ${digest.length} ${id}${digest}${json}`;
}

/** The change that {@link entryOf} wrote. */
export function toChange(entry: string): StoredChange {
  const [line = "", ...numbers] = /^(\d+) (\d+) (\d+) (\d+) /.exec(entry) ?? [];
  const [version, at, idLength, digestLength] = numbers.map(Number) as [number, number, number, number];
  const [afterId, afterDigest] = [line.length + idLength, line.length + idLength + digestLength];
  const id = entry.slice(line.length, afterId);
  return { id, version, at, digest: entry.slice(afterId, afterDigest), json: entry.slice(afterDigest) };
}

/** A Lua script and the SHA-1 that servers know it by. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}
const script = (text: string): Script => ({ text, sha: hash("sha1", text) });

/** The arguments that both put scripts take; {@link putAlone} and {@link putInCluster} take one more. */
export function putArguments({ next, expected, change, retention }: Put): string[] {
  return [
    change.id,
    expected ? head(expected) : "",
    toText(next),
    `${change.version} ${change.digest}`,
    String(change.version),
    entryOf(change),
    String(change.version - retention.entries),
    String(retention.since),
  ];
}

/**
 * One put. Gives 1 for written, 0 for a conflict, and "version digest" of a duplicate. Telling comes before writing: a user
 * who may not publish must not write either. The log is a sorted set by version, the ids a list of "#id", "version digest".
 */
const put = (first: string): Script =>
  script(`
local record, ids, changes = KEYS[1], KEYS[2], KEYS[3]
local id, expected, text, identity, version, entry, dropped, since, channel, message = unpack(ARGV)
local known = redis.call("LPOS", ids, "#" .. id)
if known then return redis.call("LINDEX", ids, known + 1) end
local found = redis.call("GETRANGE", record, 0, 63)
if expected == "" then
  if found ~= "" then return 0 end
  ${first}
elseif string.sub(found, 1, #expected) ~= expected then return 0 end
redis.call("PUBLISH", channel, message)
redis.call("SET", record, text)
redis.call("LPUSH", ids, identity, "#" .. id)
redis.call("LTRIM", ids, 0, ${2 * remembered - 1})
if entry ~= "" then redis.call("ZADD", changes, version, entry) end
redis.call("ZREMRANGEBYSCORE", changes, "-inf", dropped)
local oldest = redis.call("ZRANGE", changes, 0, 0)[1]
while oldest and tonumber(string.match(oldest, "^%d+ (%d+)")) < tonumber(since) do
  redis.call("ZREMRANGEBYRANK", changes, 0, 0)
  oldest = redis.call("ZRANGE", changes, 0, 0)[1]
end
return 1`);

/** On one server the user enters the list in the same step. Takes the user id, and the key of the list. */
export const putAlone: Script = put(`redis.call("ZADD", KEYS[4], 0, ARGV[11])`);

/** In a cluster a first write counts only if no erasure began since it was claimed. Takes the claim. */
export const putInCluster: Script = put(`local erased = redis.call("GET", KEYS[4])
  if erased and tonumber(erased) > tonumber(ARGV[11]) then return 0 end`);

/** Removes all there is of a user. */
export const eraseAlone: Script = script(`
redis.call("PUBLISH", ARGV[2], ARGV[3])
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
redis.call("ZREM", KEYS[4], ARGV[1])
return 1`);

/*
 * In a cluster the list of users lives on one node and a record on another. What holds at every moment, whatever dies: a
 * user who has a record is in the list. A first write claims its users in the list before it writes, and an erasure takes
 * the user out after it erased. Claims and erasures take their numbers from one counter:
 * - an erasure leaves its number beside the record; first writes with an older claim are refused there, as conflicts;
 * - a claim cancels the erasures under way; one that was cancelled leaves the list alone, and begins again.
 */

/** Puts users into the list and gives the number of the claim. */
export const claim: Script = script(`
for _, userId in ipairs(ARGV) do
  redis.call("ZADD", KEYS[1], 0, userId)
  redis.call("HDEL", KEYS[2], userId)
end
return tostring(redis.call("INCR", KEYS[3]))`);

/** Announces an erasure and gives its number. */
export const announceErasure: Script = script(`
local number = tostring(redis.call("INCR", KEYS[2]))
redis.call("HSET", KEYS[1], ARGV[1], number)
return number`);

/** Removes the record and refuses older claims for an hour; a claim is used within seconds or not at all. */
export const eraseInCluster: Script = script(`
redis.call("PUBLISH", ARGV[2], ARGV[3])
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
local last = redis.call("GET", KEYS[4])
if last and tonumber(last) > tonumber(ARGV[1]) then return 0 end
redis.call("SET", KEYS[4], ARGV[1], "PX", 3600000)
return 1`);

/** Takes the user out of the list, unless the erasure was cancelled. */
export const completeErasure: Script = script(`
if redis.call("HGET", KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call("HDEL", KEYS[2], ARGV[1])
redis.call("ZREM", KEYS[1], ARGV[1])
return 1`);
